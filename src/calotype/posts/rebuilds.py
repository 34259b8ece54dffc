"""The port to how far a rebuild of old renditions has come."""

from typing import Protocol

import msgspec

from calotype.connections.sql import Transaction
from calotype.posts.post import Medium


class Scope(msgspec.Struct, frozen=True):
    """Which media are rebuilt: those made by a recipe below `below`, of one author (0: of all)."""

    below: int
    author_id: int = 0


class Rebuild(msgspec.Struct, frozen=True):
    """One rebuild on one node.

    Attributes:
        rebuild_id: its id.
        scope: which media it is for.
        reached: the last medium that was handed out, in the order of shards and ids.
        total: how many media it was for when it began.
        handed_out: how many have been given jobs.
        failed: how many could not be made again.
        exhausted: whether none is left to be handed out.
    """

    rebuild_id: int
    scope: Scope
    reached: int = 0
    total: int = 0
    handed_out: int = 0
    failed: int = 0
    exhausted: bool = False


class Rebuilds(Protocol):
    """At most one rebuild on each node. Verbs join a transaction on a shard of that node."""

    def begin(self, tx: Transaction, rebuild_id: int, scope: Scope) -> None:
        """Put a new one in the place of the last; costs a look at every medium."""
        ...

    def current(self, tx: Transaction) -> Rebuild | None:
        """The last that was begun, finished or not."""
        ...

    def take(self, tx: Transaction, rebuild: Rebuild, limit: int) -> list[Medium]:
        """The next media to be handed out, which then counts as done; few only at the end."""
        ...

    def note_failure(self, tx: Transaction) -> None:
        """One more could not be made again."""
        ...

    def end(self, tx: Transaction) -> None:
        """Hand out no more, and forget how far it was."""
        ...

    async def forget(self, account_id: int) -> None:
        """End the rebuild of an author who left. Idempotent."""
        ...
