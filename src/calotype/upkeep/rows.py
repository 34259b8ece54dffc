"""Checks of rows against each other: edges, counts, names, and the databases' own."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from calotype.accounts.census import NameCensus
from calotype.connections.sql import Database, Transaction
from calotype.graph.census import Follows, GraphCensus
from calotype.kernel.clock import Clock
from calotype.kernel.ids import shard_of
from calotype.upkeep.checks import Flaw, Skipped

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


class Miscounts(Protocol):
    """What a census knows of counts: whose are wrong, and how to count anew."""

    def miscounted(self) -> AsyncIterator[list[int]]: ...

    def recount(self, tx: Transaction, id_: int, /) -> None: ...


@dataclass(frozen=True)
class WrongCounts:
    """Counts that are not the number of what they count."""

    database: Database
    census: Miscounts
    what: str
    whose: str = "person"
    is_busy: Callable[[], Awaitable[bool]] | None = None
    """Whether counts are behind just now, where they follow what they count at a distance."""
    cure: str = "counts again"

    async def flaws(self) -> AsyncIterator[Flaw]:
        if self.is_busy is not None and await self.is_busy():
            raise Skipped("some of it is still being counted just now")
        async for ids in self.census.miscounted():
            for id_ in ids:
                yield Flaw(f"{self.whose} {id_}", partial(self._recount, id_))

    async def _recount(self, id_: int) -> None:
        await self.database.write(shard_of(id_), lambda tx: self.census.recount(tx, id_))


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
