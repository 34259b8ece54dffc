"""The port to the graph."""

from collections.abc import Collection, Iterable, Mapping
from typing import Protocol

import msgspec

from calotype.connections.sql import Transaction


class Edge(msgspec.Struct, frozen=True):
    """One end of a follow: the other person, and the edge's id, which tells when it was made."""

    user_id: int
    edge_id: int


class FollowCounts(msgspec.Struct, frozen=True):
    followers: int = 0
    following: int = 0


class GraphStore(Protocol):
    """Edges in both directions and their counts. Staleness: none within one node."""

    def add(self, tx: Transaction, follower_id: int, followee_id: int) -> int | None:
        """Make the edge; its id, or None if it stands already."""
        ...

    def remove(self, tx: Transaction, follower_id: int, followee_id: int) -> bool:
        """Remove the edge; False if there was none."""
        ...

    async def edge(self, follower_id: int, followee_id: int) -> Edge | None: ...

    async def following_among(self, follower_id: int, others: Iterable[int]) -> set[int]:
        """Those of `others` whom `follower_id` follows; one round trip, at most 1,000 others."""
        ...

    async def followers(self, user_id: int, before: int, limit: int) -> list[Edge]:
        """Followers by edge id below `before`, newest first."""
        ...

    async def following(self, user_id: int, before: int, limit: int) -> list[Edge]:
        """Followees by edge id below `before`, newest first."""
        ...

    async def newest_followees(
        self, follower_ids: Collection[int], each: int
    ) -> Mapping[int, list[int]]:
        """Of each follower the `each` they followed last, newest first.

        A round trip for each 100 followers; reads no more edges than it returns.
        """
        ...

    async def follower_ids(self, user_id: int, after: int, limit: int) -> list[int]:
        """Followers by their own id above `after`, rising: the fan-out's chunks."""
        ...

    async def last_of_chunk(self, user_id: int, after: int, size: int) -> int | None:
        """The last of the first `size` follower ids above `after`; None if there are none.

        Moves one id, whatever the size: a plan of all chunks need not read the followers.
        """
        ...

    async def counts(self, user_id: int) -> FollowCounts: ...

    async def counts_of(self, user_ids: Iterable[int]) -> Mapping[int, FollowCounts]:
        """Of each of these people, in one statement a node."""
        ...

    async def forget(self, user_id: int) -> None:
        """Remove all edges of a person who left, and their counts; the others' counts follow.

        Idempotent; a few hundred edges a transaction.
        """
        ...
