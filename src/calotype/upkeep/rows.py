"""Checks of rows against each other: edges, counts, names, and the databases' own."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial

from calotype.accounts.census import NameCensus
from calotype.connections.sql import Database
from calotype.graph.census import Follows, GraphCensus
from calotype.kernel.clock import Clock
from calotype.kernel.ids import shard_of
from calotype.posts.census import PostCensus
from calotype.upkeep.checks import Flaw

# A reservation that ran out a moment ago may still be confirmed by whoever holds it.
NAME_GRACE_MS = 3_600_000


@dataclass(frozen=True)
class DamagedDatabase:
    """What SQLite finds wrong with its own file."""

    database: Database
    name: str
    cure: str = ""

    @property
    def what(self) -> str:
        return f"flaws in the file of the {self.name} database"

    async def flaws(self) -> AsyncIterator[Flaw]:
        for words in await self.database.flaws():
            yield Flaw(words)


@dataclass(frozen=True)
class OneSidedEdges:
    """Follows that only one of the two people knows of."""

    database: Database
    census: GraphCensus
    what: str = "follows that stand at one end alone"
    cure: str = "makes both ends as the follower's is"

    async def flaws(self) -> AsyncIterator[Flaw]:
        async for edges in self.census.one_sided():
            for edge in edges:
                yield Flaw(
                    f"{edge.follower_id} follows {edge.followee_id}", partial(self._mend, edge)
                )

    async def _mend(self, edge: Follows) -> None:
        await self.database.write(shard_of(edge.follower_id), lambda tx: self.census.mend(tx, edge))


@dataclass(frozen=True)
class WrongCounts:
    """Counts that are not the number of what they count."""

    database: Database
    census: GraphCensus | PostCensus
    what: str
    cure: str = "counts again"

    async def flaws(self) -> AsyncIterator[Flaw]:
        async for people in self.census.miscounted():
            for person in people:
                yield Flaw(f"person {person}", partial(self._recount, person))

    async def _recount(self, person: int) -> None:
        await self.database.write(shard_of(person), lambda tx: self.census.recount(tx, person))


@dataclass(frozen=True)
class UnborneNames:
    """Names that are claimed by no account."""

    census: NameCensus
    clock: Clock
    what: str = "names that no account bears"
    cure: str = "frees them"

    async def flaws(self) -> AsyncIterator[Flaw]:
        async for claims in self.census.unborne(self.clock.now_ms() - NAME_GRACE_MS):
            for claim in claims:
                yield Flaw(claim.name, partial(self.census.free, claim))
