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
# Causes of a pair that are remembered: redelivery comes within seconds, and hardly anyone does
# more than this about one author meanwhile.
REMEMBERED = 8


class Act(Enum):
    """What people do, and how much it says; a plain choice until a model learns better."""

    LIKE = 1.0
    SAVE = 2.0
    COMMENT = 3.0
    VISIT = 0.5


class Touch(msgspec.Struct, frozen=True):
    """A person did something about an author.

    `cause` is the id of the event that tells of it, 0 for what is told once and no more.
    """

    viewer_id: int
    author_id: int
    act: Act
    at_ms: int
    cause: int


class Score(msgspec.Struct, frozen=True):
    """A pair's score as of `at_ms`, and the ids of the last events that are in it, rising."""

    value: float = 0.0
    at_ms: int = 0
    causes: tuple[int, ...] = ()

    def after(self, touch: Touch) -> "Score":
        """The score with one more act in it, whichever comes first; itself if that is in it."""
        if touch.cause in self.causes:
            return self
        if touch.cause and len(self.causes) == REMEMBERED and touch.cause < self.causes[0]:
            return self
        now_ms = max(self.at_ms, touch.at_ms)
        value = decayed(self.value, self.at_ms, now_ms)
        value += decayed(touch.act.value, touch.at_ms, now_ms)
        causes = sorted({*self.causes, touch.cause} - {0})
        return Score(value, now_ms, tuple(causes[-REMEMBERED:]))


def decayed(score: float, from_ms: int, to_ms: int) -> float:
    """What is left of a score after a while; a clock set back takes nothing away."""
    return score * math.exp2(-max(0, to_ms - from_ms) / HALF_LIFE_MS)


class AffinityStore(Protocol):
    """Scores on the viewer's shard, one row for each pair that ever met."""

    async def add(self, touches: Sequence[Touch]) -> None:
        """Add what people did: one write for each 500.

        No cause counts twice, and the order does not matter. Of a pair the last eight causes are
        known; one that comes behind eight later ones is left out, in doubt.
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
