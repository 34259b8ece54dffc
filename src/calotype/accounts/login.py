"""Log in: a username or e-mail address and a password for a session."""

from calotype.accounts.account import Account, Grant
from calotype.accounts.names import Names
from calotype.accounts.passwords import Passwords
from calotype.accounts.sessions import OpenSession, Sessions
from calotype.accounts.store import Stores
from calotype.connections.sql import Database, Transaction
from calotype.kernel.errors import InvalidCredentials
from calotype.kernel.ids import shard_of

_REFUSED = "no account has this name and password"


class LogIn:
    """An unknown name and a wrong password are answered alike, and take as long."""

    def __init__(
        self,
        database: Database,
        stores: Stores,
        names: Names,
        passwords: Passwords,
        sessions: Sessions,
    ) -> None:
        self._database = database
        self._accounts = stores.accounts
        self._names = names
        self._passwords = passwords
        self._sessions = sessions

    async def __call__(self, name: str, password: str, *, label: str = "") -> Grant:
        """A new session. A hash made by older parameters is renewed on the way.

        Raises:
            InvalidCredentials: name and password do not belong together.
        """
        account = await self._names.holder(name)
        stored = await self._stored_hash(account) if account else None
        if not await self._passwords.matches(stored, password) or not account or not stored:
            raise InvalidCredentials(_REFUSED)
        renewed = await self._passwords.renewed(stored, password)

        def work(tx: Transaction) -> OpenSession:
            # The password may have been reset while we hashed: that ended every session, and
            # must not be followed by one more.
            if self._accounts.hold_password_hash(tx, account.user_id) != stored:
                raise InvalidCredentials(_REFUSED)
            if renewed:
                self._accounts.set_password_hash(tx, account.user_id, renewed)
            return self._sessions.open(tx, account, label)

        opened = await self._database.write(shard_of(account.user_id), work)
        return await self._sessions.grant(opened)

    async def _stored_hash(self, account: Account) -> str | None:
        return await self._database.read(
            shard_of(account.user_id),
            lambda tx: self._accounts.password_hash(tx, account.user_id),
        )
