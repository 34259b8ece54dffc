"""The port to rankers, and the plain one."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Protocol

import msgspec

HALF_LIFE_MS = 12 * 3_600_000
# The affinity of five fresh likes lifts a score half as far as any affinity can.
HALF_AFFINITY = 5.0
# A hundred likes a minute lift a score as far as any velocity can.
FULL_VELOCITY = 100.0


class Candidate(msgspec.Struct, frozen=True):
    """A published post that a reader might be shown."""

    published_id: int
    post_id: int
    author_id: int


class Features(msgspec.Struct, frozen=True):
    """What is known of one candidate, for one reader at one moment.

    Attributes:
        age_ms: since it was published.
        affinity: the reader's for its author (engagement/affinity.py); 1 is a fresh like.
        velocity: likes and comments a minute, over the first hour or what of it has passed.
    """

    age_ms: int
    affinity: float = 0.0
    velocity: float = 0.0


class Ranker(Protocol):
    """Scores candidates for one reader; the higher, the earlier. Pure and deterministic."""

    def scores(
        self, reader_id: int, candidates: Sequence[Candidate], features: Sequence[Features]
    ) -> Sequence[float]:
        """One score for each of the candidates, which come newest first, by their features."""
        ...


class PlainRanker:
    """Newest first, but whom the reader cares for and what many like come earlier.

    The score halves every 12 hours. Affinity and velocity each at most double it, so that neither
    brings back what is a day older. It is damped by 0.75 * 0.5^k + 0.25 for an author's k-th post
    among the candidates (Twitter's author diversity, as published in the-algorithm, 2023), so that
    a prolific author's older posts give way to other people's newest.
    """

    def scores(
        self,
        reader_id: int,  # noqa: ARG002  (the port's: a trained ranker knows its reader)
        candidates: Sequence[Candidate],
        features: Sequence[Features],
    ) -> Sequence[float]:
        seen: Counter[int] = Counter()
        scores = []
        for candidate, known in zip(candidates, features, strict=True):
            damping = 0.75 * 0.5 ** seen[candidate.author_id] + 0.25
            seen[candidate.author_id] += 1
            recency = 0.5 ** (known.age_ms / HALF_LIFE_MS)
            scores.append(recency * damping * _by_affinity(known) * _by_velocity(known))
        return scores


def _by_affinity(known: Features) -> float:
    """From 1 to 2, half way at the affinity of five fresh likes."""
    return 1 + known.affinity / (known.affinity + HALF_AFFINITY)


def _by_velocity(known: Features) -> float:
    """From 1 to 2 by orders of magnitude: 1.5 at 9 a minute, 2 from 100 on."""
    return 1 + min(1.0, math.log1p(known.velocity) / math.log1p(FULL_VELOCITY))
