"""Edit an account: its username and e-mail address, which are claimed, its name and its bio.

New names are reserved and old ones held before the account changes, in one transaction; then the
new ones are confirmed. A crash in between leaves claims that settle themselves, as in names.py.
"""

from collections.abc import Mapping, Sequence

import msgspec

from calotype.accounts.account import Account
from calotype.accounts.events import account_event
from calotype.accounts.names import RESERVATION_MS, Names, check_email, check_username, fold
from calotype.accounts.people import check_bio, check_name
from calotype.accounts.settings import AccountSettings
from calotype.accounts.store import Claim, Stores
from calotype.connections.sql import Database, Transaction
from calotype.events.log import Outbox
from calotype.kernel.clock import Clock
from calotype.kernel.errors import Conflict, NameTaken, NotFound, Unavailable
from calotype.kernel.ids import MAX_ID, shard_of

# Names that are held for one person at once: who changes on and on would take them from all others.
MAX_HELD = 5

Values = Mapping[str, str | None]


class AccountChanges(msgspec.Struct, frozen=True):
    """What to change; what is None stays. An empty e-mail address removes it."""

    username: str | None = None
    email: str | None = None
    name: str | None = None
    bio: str | None = None


class Renaming(msgspec.Struct, frozen=True):
    """A claim that goes to another name; `old` or `new` is absent where there is none."""

    field: str
    old: str | None
    new: str | None


class EditAccount:
    """`held_name_s` of the settings says how long an old username is kept from others."""

    def __init__(
        self,
        database: Database,
        stores: Stores,
        names: Names,
        clock: Clock,
        settings: AccountSettings,
        outbox: Outbox,
    ) -> None:
        self._database = database
        self._outbox = outbox
        self._accounts = stores.accounts
        self._names = names
        self._clock = clock
        # Nobody else is known by an old address: it is free once the change is made.
        self._held_s = {"username": settings.held_name_s, "email": RESERVATION_MS // 1000}

    async def __call__(self, user_id: int, changes: AccountChanges) -> Account:
        """Change what is given, all or nothing; the account as it is then.

        Raises:
            Invalid: a name, address or text breaks its rules.
            NameTaken: the username or address belongs to someone else, or is held back.
            Conflict: the names were changed by another request meanwhile, or too often lately.
            NotFound: there is no such account.
        """
        values = _checked(changes)
        before = await self._database.read(
            shard_of(user_id), lambda tx: _present(self._accounts.by_ids(tx, [user_id]), user_id)
        )
        renamings = _renamings(before, values)
        if renamings and await self._names.held_by(user_id) >= MAX_HELD:
            raise Conflict("your names were changed too often lately; keep them for a while")
        # What is reserved in vain runs out by itself: another request of the same person may be
        # about to bear it.
        deadline_ms = min(
            [
                await self._names.reserve(each.new, user_id, each.field)
                for each in renamings
                if each.new is not None
            ],
            default=MAX_ID,
        )
        held = [
            await self._names.hold(each.old, user_id, self._held_s[each.field])
            for each in renamings
            if each.old is not None
        ]
        changed = await self._change(before, values, deadline_ms) if values else before
        await self._confirm(before, renamings)
        await self._let_addresses_go(held)
        return changed

    async def _change(self, before: Account, values: Values, deadline_ms: int) -> Account:
        user_id = before.user_id

        def change(tx: Transaction) -> Account:
            # Held against change until this write ends.
            self._accounts.hold_password_hash(tx, user_id)
            now = _present(self._accounts.by_ids(tx, [user_id]), user_id)
            if (now.username, now.email) != (before.username, before.email):
                raise Conflict("your account was changed meanwhile; look again")
            if self._clock.now_ms() > deadline_ms:
                raise Unavailable("changing the name took too long; try again", retry_after=1)
            self._edit(tx, user_id, values)
            return self._accounts.by_ids(tx, [user_id])[user_id]

        return await self._database.write(shard_of(user_id), change)

    async def _confirm(self, before: Account, renamings: Sequence[Renaming]) -> None:
        """A name is lost only if the commit took longer than the margin: then undo it all."""
        for each in renamings:
            if each.new is not None and not await self._names.confirm(each.new, before.user_id):
                await self._undo(before)
                raise NameTaken(f"{each.new} was taken meanwhile; choose another", field=each.field)

    async def _undo(self, before: Account) -> None:
        names: Values = {"username": before.username, "email": before.email}
        await self._database.write(
            shard_of(before.user_id), lambda tx: self._edit(tx, before.user_id, names)
        )
        for name in names.values():
            if name is not None:
                await self._names.confirm(name, before.user_id)

    def _edit(self, tx: Transaction, user_id: int, values: Values) -> None:
        self._accounts.edit(tx, user_id, values)
        if values.keys() & {"username", "name"}:
            self._outbox.append(tx, account_event(user_id))

    async def _let_addresses_go(self, held: Sequence[Claim]) -> None:
        for claim in held:
            if "@" in claim.name:
                await self._names.let_go(claim)


def _present(found: Mapping[int, Account], user_id: int) -> Account:
    if user_id not in found:
        raise NotFound("there is no such person")
    return found[user_id]


def _checked(changes: AccountChanges) -> Values:
    values: dict[str, str | None] = {}
    if changes.username is not None:
        values["username"] = check_username(changes.username)
    if changes.email is not None:
        values["email"] = check_email(changes.email) if changes.email else None
    if changes.name is not None:
        values["name"] = check_name(changes.name)
    if changes.bio is not None:
        values["bio"] = check_bio(changes.bio)
    return values


def _renamings(before: Account, values: Values) -> list[Renaming]:
    """The claims that must move: a name that changes only its case keeps its claim."""
    borne = {"username": before.username, "email": before.email}
    return [
        Renaming(field, old, values[field])
        for field, old in borne.items()
        if field in values and fold(old or "") != fold(values[field] or "")
    ]
