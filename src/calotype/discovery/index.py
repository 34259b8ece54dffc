"""Keep the index of people as their names and followers are."""

from collections.abc import Collection
from dataclasses import dataclass

from calotype.accounts.people import Accounts
from calotype.accounts.store import AccountStore
from calotype.connections.sql import Database, Transaction
from calotype.discovery.people import Indexed, PeopleIndex, rank_of
from calotype.discovery.words import prefixes_of
from calotype.graph.store import GraphStore
from calotype.kernel.ids import shard_of

# People a transaction: each has some 20 rows.
WRITTEN = 25


@dataclass(frozen=True)
class IndexPeople:
    """The use case, with what it works on."""

    database: Database
    accounts: Accounts
    account_store: AccountStore
    graph: GraphStore
    people: PeopleIndex

    async def index(self, user_ids: Collection[int]) -> None:
        """Let these people be found as they are now. Idempotent; writes only what differs."""
        accounts = await self.accounts.by_ids(user_ids)
        counts = await self.graph.counts_of(accounts)
        known = await self.people.indexed(accounts)
        wanted = {
            user_id: Indexed(prefixes_of(account), rank_of(counts[user_id].followers))
            for user_id, account in accounts.items()
        }
        changed = [user_id for user_id in wanted if known.get(user_id) != wanted[user_id]]
        changed.sort(key=shard_of)
        for start in range(0, len(changed), WRITTEN):
            await self._write({id_: wanted[id_] for id_ in changed[start : start + WRITTEN]})

    async def _write(self, wanted: dict[int, Indexed]) -> None:
        def write(tx: Transaction) -> None:
            # Who left meanwhile has been forgotten, or is about to be.
            gone = self.account_store.buried(tx, list(wanted))
            for user_id, indexed in wanted.items():
                if user_id not in gone:
                    self.people.put(tx, user_id, indexed)

        await self.database.write(shard_of(next(iter(wanted))), write)
