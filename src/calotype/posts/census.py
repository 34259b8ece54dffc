"""The port for a look at all posts and the counts that are kept of them."""

from collections.abc import AsyncIterator
from typing import Protocol

import msgspec

from calotype.connections.sql import Transaction
from calotype.posts.lifecycle import Status


class Throughput(msgspec.Struct, frozen=True):
    """What became of the posts that were sent after some moment.

    Attributes:
        published: how many are PUBLISHED.
        failed: how many are FAILED, by the reason that their authors were given.
    """

    published: int
    failed: dict[str, int]


class Originals(msgspec.Struct, frozen=True):
    """What was sent of the posts that are not purged."""

    files: int = 0
    bytes: int = 0


class PostCensus(Protocol):
    """Walks over everything, page by page; costs a read of every row."""

    def posts(self) -> AsyncIterator[list[int]]:
        """The ids of all posts."""
        ...

    def miscounted(self) -> AsyncIterator[list[int]]:
        """Authors whose count of published posts is not how many they have."""
        ...

    def recount(self, tx: Transaction, author_id: int) -> None:
        """Count an author's published posts anew."""
        ...

    async def by_status(self) -> dict[Status, int]:
        """How many posts there are in each state that has any. Costs a look at each."""
        ...

    async def originals(self) -> Originals:
        """How many originals there are, and their size. Costs a look at each medium and post."""
        ...

    async def throughput(self, since_ms: int) -> Throughput:
        """Of posts sent after `since_ms` (since the Unix epoch). Costs a look at each."""
        ...
