"""Affinity: how much a person cares for an author, from what they have done about them.

The score is the sum over a person's acts of `weight * 2^(-age / 30 days)`: after 30 days an act
weighs half, after a year a five-thousandth. Since all acts decay alike, one number and its time
are enough: `score(t) = score(t0) * 2^(-(t - t0) / 30 days)`, plus the weight of a new act.
"""

import math
from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Protocol

import msgspec

HALF_LIFE_MS = 30 * 86_400_000


class Act(Enum):
    """What people do, and how much it says; a plain choice until a model learns better."""

    LIKE = 1.0
    SAVE = 2.0
    COMMENT = 3.0
    VISIT = 0.5


class Touch(msgspec.Struct, frozen=True):
    """A person did something about an author. `cause` is the id of the event that tells of it."""

    viewer_id: int
    author_id: int
    act: Act
    at_ms: int
    cause: int


def decayed(score: float, from_ms: int, to_ms: int) -> float:
    """What is left of a score after a while; a clock set back takes nothing away."""
    return score * math.exp2(-max(0, to_ms - from_ms) / HALF_LIFE_MS)


class AffinityStore(Protocol):
    """Scores on the viewer's shard, one row for each pair that ever met."""

    async def add(self, touches: Sequence[Touch]) -> None:
        """Add what people did: one write for each 500.

        No cause counts twice. One that comes after a later one of the same pair is left out: it
        takes a failure to reorder them, and a score bears that.
        """
        ...

    async def affinity(
        self, viewer_id: int, authors: Iterable[int], now_ms: int
    ) -> dict[int, float]:
        """The scores for those authors that have one, as of now; one statement."""
        ...

    async def forget(self, user_id: int) -> None:
        """Forget a person who left, as viewer and as author. Idempotent."""
        ...
