"""Read accounts, and what their texts may be."""

from collections.abc import Iterable, Sequence

from calotype.accounts.account import Account
from calotype.accounts.names import Names
from calotype.accounts.store import Stores
from calotype.connections.sql import Database, Transaction
from calotype.kernel.errors import Invalid, NotFound

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

    async def anyone(self) -> bool:
        """Whether anybody has an account here."""
        for shard in self._database.nodes:
            if await self._database.read(shard, self._store.anyone_exists):
                return True
        return False

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
