"""Create an account: reserve its names, create it, confirm its names."""

from collections.abc import Callable
from typing import TypeVar

import msgspec

from calotype.accounts.account import Account, Role
from calotype.accounts.events import account_event
from calotype.accounts.names import Names, check_email, check_username
from calotype.accounts.passwords import Passwords, check_password
from calotype.accounts.people import check_name
from calotype.accounts.store import Stores
from calotype.connections.sql import Database, Transaction
from calotype.events.log import Outbox
from calotype.kernel.clock import Clock
from calotype.kernel.errors import AlreadyExists, InvitationRefused, NameTaken, Unavailable
from calotype.kernel.ids import IdFactory, shard_of

T = TypeVar("T")

_TRIES = 3


class NewPerson(msgspec.Struct, frozen=True):
    """What a person gives to get an account."""

    username: str
    password: str
    email: str | None = None
    name: str = ""


class CreateAccount:
    """The part that registration and the operator's command share."""

    def __init__(
        self,
        database: Database,
        stores: Stores,
        names: Names,
        passwords: Passwords,
        ids: IdFactory,
        clock: Clock,
        outbox: Outbox,
    ) -> None:
        self._database = database
        self._stores = stores
        self._outbox = outbox
        self._names = names
        self._passwords = passwords
        self._ids = ids
        self._clock = clock

    async def __call__(
        self,
        person: NewPerson,
        shard: int,
        admit: Callable[[Transaction], Role],
        also: Callable[[Transaction, Account], T],
    ) -> T:
        """Create an account on `shard`; returns what `also` returned.

        Both callables run in the transaction that creates the account: `admit` first, to say in
        which role or raise; `also` last. They may run again with another id.

        Raises:
            Invalid: a name or the password breaks its rules.
            NameTaken: the username or e-mail address belongs to someone else.
        """
        check_username(person.username)
        check_name(person.name)
        email = check_email(person.email) if person.email else None
        # Hashed before the names are reserved: the line for hashing may be long.
        password_hash = await self._passwords.hash(check_password(person.password))
        for _ in range(_TRIES):
            account = Account(self._ids.new(shard), person.username, name=person.name, email=email)
            try:
                return await self._create(account, password_hash, admit, also)
            except AlreadyExists:
                continue  # another process minted the same id
        raise Unavailable("no free user id could be found; try again", retry_after=1)

    async def _create(
        self,
        account: Account,
        password_hash: str,
        admit: Callable[[Transaction], Role],
        also: Callable[[Transaction, Account], T],
    ) -> T:
        deadline_ms = await self._reserve(account)

        def work(tx: Transaction) -> T:
            if self._clock.now_ms() > deadline_ms:
                raise Unavailable("creating the account took too long; try again", retry_after=1)
            admitted = msgspec.structs.replace(account, role=admit(tx))
            self._stores.accounts.create(tx, admitted, password_hash)
            self._outbox.append(tx, account_event(account.user_id))
            return also(tx, admitted)

        try:
            answer = await self._database.write(shard_of(account.user_id), work)
        except (AlreadyExists, InvitationRefused):
            # Only where it is certain that nothing was created: after any other failure the
            # reservations are left to expire, and whoever meets them looks.
            await self._release(account)
            raise
        await self._confirm(account)
        return answer

    async def _reserve(self, account: Account) -> int:
        deadline_ms = await self._names.reserve(account.username, account.user_id, "username")
        if account.email is None:
            return deadline_ms
        try:
            return min(
                deadline_ms,
                await self._names.reserve(account.email, account.user_id, "email"),
            )
        except NameTaken:
            await self._names.release(account.username, account.user_id)
            raise

    async def _confirm(self, account: Account) -> None:
        """A name is lost only if the commit took longer than the margin: then undo it all."""
        for name in _names_of(account):
            if not await self._names.confirm(name, account.user_id):
                await self._undo(account)
                raise NameTaken(f"{name} was taken meanwhile; choose another", field="username")

    async def _undo(self, account: Account) -> None:
        def work(tx: Transaction) -> None:
            sessions = self._stores.sessions.of_person(tx, account.user_id)
            now = self._clock.now_ms()
            self._stores.sessions.revoke(tx, [s.session_id for s in sessions], now)
            self._stores.accounts.remove(tx, account.user_id)
            self._outbox.append(tx, account_event(account.user_id))

        await self._database.write(shard_of(account.user_id), work)
        await self._release(account)

    async def _release(self, account: Account) -> None:
        for name in _names_of(account):
            await self._names.release(name, account.user_id)


def _names_of(account: Account) -> list[str]:
    return [account.username, account.email] if account.email else [account.username]
