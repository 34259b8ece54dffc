"""The port for a look at all likes and comments and the counts that are kept of them."""

from collections.abc import AsyncIterator
from typing import Protocol

from calotype.connections.sql import Transaction


class EngagementCensus(Protocol):
    """Walks over everything, page by page; costs a read of every row."""

    def miscounted(self) -> AsyncIterator[list[int]]:
        """Posts and comments whose counts are not how many likes and comments stand for them."""
        ...

    def recount(self, tx: Transaction, subject_id: int) -> None:
        """Count a subject's likes and comments anew."""
        ...
