"""The port for a look at all posts and the counts that are kept of them."""

from collections.abc import AsyncIterator
from typing import Protocol

from calotype.connections.sql import Transaction


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
