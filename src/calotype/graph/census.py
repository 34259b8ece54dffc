"""The port for a look at all edges and the counts that are kept of them."""

from collections.abc import AsyncIterator
from typing import Protocol

import msgspec

from calotype.connections.sql import Transaction


class Follows(msgspec.Struct, frozen=True):
    """An edge by both its ends. `edge_id` tells when it was made."""

    follower_id: int
    followee_id: int
    edge_id: int


class GraphCensus(Protocol):
    """Walks over everything, page by page; costs a read of every row."""

    def edges(self) -> AsyncIterator[list[Follows]]:
        """All edges."""
        ...

    def one_sided(self) -> AsyncIterator[list[Follows]]:
        """Edges that stand at one of their ends alone."""
        ...

    def mend(self, tx: Transaction, edge: Follows) -> None:
        """Make both ends agree: the follower's is the truth."""
        ...

    def miscounted(self) -> AsyncIterator[list[int]]:
        """People whose counts of followers and followed are not how many they have."""
        ...

    def recount(self, tx: Transaction, user_id: int) -> None:
        """Count a person's edges anew."""
        ...
