"""Read and edit accounts."""

from collections.abc import Iterable, Sequence

from calotype.accounts.account import Account
from calotype.accounts.names import Names
from calotype.accounts.store import Stores
from calotype.connections.sql import Database, Transaction
from calotype.kernel.errors import Invalid, NotFound
from calotype.kernel.ids import shard_of

MAX_NAME = 64
MAX_BIO = 500


def check_name(name: str) -> str:
    """The display name. Raises Invalid beyond 64 characters."""
    return _check_text(name, "name", MAX_NAME)


def check_bio(bio: str) -> str:
    """The text about oneself. Raises Invalid beyond 500 characters."""
    return _check_text(bio, "bio", MAX_BIO)


def _check_text(text: str, field: str, limit: int) -> str:
    if len(text) > limit:
        raise Invalid(f"a {field} has at most {limit} characters", field=field)
    if "\0" in text:  # Postgres keeps no text with it
        raise Invalid(f"a {field} has no NUL character", field=field)
    return text


class Accounts:
    """What other rooms ask about people."""

    def __init__(self, database: Database, stores: Stores, names: Names) -> None:
        self._database = database
        self._store = stores.accounts
        self._names = names

    async def by_ids(self, ids: Iterable[int]) -> dict[int, Account]:
        """Those that exist, in one statement per node."""

        def work(tx: Transaction, wanted: Sequence[int]) -> Sequence[Account]:
            return list(self._store.by_ids(tx, wanted).values())

        return {a.user_id: a for a in await self._database.batch(ids, work)}

    async def by_id(self, user_id: int) -> Account:
        """Raises NotFound."""
        found = (await self.by_ids([user_id])).get(user_id)
        if found is None:
            raise NotFound("there is no such person")
        return found

    async def by_username(self, username: str) -> Account:
        """Whatever its case. Raises NotFound, also for an e-mail address."""
        found = await self._names.holder(username) if "@" not in username else None
        if found is None:
            raise NotFound(f"nobody here is named {username}")
        return found

    async def edit(
        self, user_id: int, *, name: str | None = None, bio: str | None = None
    ) -> Account:
        """Change what is given; returns the account as it is then.

        Raises:
            Invalid: the name is longer than 64 characters, or the bio than 500.
            NotFound: there is no such account.
        """
        changes: dict[str, str] = {}
        if name is not None:
            changes["name"] = check_name(name)
        if bio is not None:
            changes["bio"] = check_bio(bio)
        if changes and not await self._database.write(
            shard_of(user_id), lambda tx: self._store.edit(tx, user_id, changes)
        ):
            raise NotFound("there is no such person")
        return await self.by_id(user_id)
