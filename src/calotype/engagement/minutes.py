"""Minute buckets: how engagement comes in during the first hours of a post."""

import msgspec

from calotype.kernel.ids import time_of

MINUTE_MS = 60_000
# Beyond three hours a post's fate is decided, and the rows would be many.
KEPT_MINUTES = 180
EARLY_MINUTES = 60


class Minute(msgspec.Struct, frozen=True):
    """A minute of a post's life, counted from 0 at its publishing."""

    post_id: int
    minute: int

    @property
    def is_early(self) -> bool:
        """Whether it lies in the first hour, over which velocity is taken."""
        return self.minute < EARLY_MINUTES


def minute_of(post_id: int, published_id: int, at_ms: int) -> Minute | None:
    """The bucket of what happened at `at_ms`; None if that was after the first three hours."""
    minute = max(0, at_ms - time_of(published_id)) // MINUTE_MS
    return Minute(post_id, minute) if minute < KEPT_MINUTES else None
