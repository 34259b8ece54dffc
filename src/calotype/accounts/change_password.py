"""Change a password: by its person, who knows the old one, or by an operator, who need not."""

from calotype.accounts.account import Identity
from calotype.accounts.names import Names
from calotype.accounts.passwords import Passwords, check_password
from calotype.accounts.sessions import Sessions
from calotype.accounts.store import Stores
from calotype.connections.sql import Database, Transaction
from calotype.kernel.errors import InvalidCredentials, NotFound
from calotype.kernel.ids import shard_of

_REFUSED = "the old password is not right"


class ChangePassword:
    """The new hash and the end of the sessions are one transaction."""

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

    async def __call__(self, me: Identity, old: str, new: str) -> None:
        """Change one's own password; every other session of the person ends.

        Raises:
            Invalid: the new password breaks its rules.
            InvalidCredentials: the old one is wrong.
        """
        normal = check_password(new)
        stored = await self._database.read(
            shard_of(me.user_id), lambda tx: self._accounts.password_hash(tx, me.user_id)
        )
        if not await self._passwords.matches(stored, old):
            raise InvalidCredentials(_REFUSED)
        fresh = await self._passwords.hash(normal)

        def work(tx: Transaction) -> list[int]:
            if self._accounts.hold_password_hash(tx, me.user_id) != stored:
                raise InvalidCredentials(_REFUSED)
            self._accounts.set_password_hash(tx, me.user_id, fresh)
            return list(self._sessions.end_all(tx, me.user_id, keep=me.session_id))

        self._sessions.note_ended(await self._database.write(shard_of(me.user_id), work))

    async def reset(self, name: str, new: str) -> None:
        """Set the password of whoever bears this username or e-mail address; all sessions end.

        Raises:
            Invalid: the password breaks its rules.
            NotFound: nobody bears the name.
        """
        normal = check_password(new)
        account = await self._names.holder(name)
        if account is None:
            raise NotFound(f"no account is named {name}")
        fresh = await self._passwords.hash(normal)

        def work(tx: Transaction) -> list[int]:
            self._accounts.set_password_hash(tx, account.user_id, fresh)
            return list(self._sessions.end_all(tx, account.user_id))

        self._sessions.note_ended(await self._database.write(shard_of(account.user_id), work))
