"""The port to rankers, and the plain one."""

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

import msgspec

from calotype.kernel.ids import time_of

HALF_LIFE_MS = 12 * 3_600_000


class Candidate(msgspec.Struct, frozen=True):
    """A published post that a reader might be shown."""

    published_id: int
    post_id: int
    author_id: int


class Ranker(Protocol):
    """Scores candidates for one reader; the higher, the earlier. Pure and deterministic."""

    def scores(
        self, reader_id: int, candidates: Sequence[Candidate], now_ms: int
    ) -> Sequence[float]:
        """One score for each of the candidates, which come newest first."""
        ...


class RecencyRanker:
    """Newest first, but a prolific author's older posts give way to other people's newest.

    The score halves every 12 hours and is damped by 0.75 * 0.5^k + 0.25 for an author's k-th post
    among the candidates (Twitter's author diversity, as published in the-algorithm, 2023).
    """

    def scores(
        self,
        reader_id: int,  # noqa: ARG002  (the port's: a trained ranker knows its reader)
        candidates: Sequence[Candidate],
        now_ms: int,
    ) -> Sequence[float]:
        seen: Counter[int] = Counter()
        scores = []
        for candidate in candidates:
            age_ms = max(0, now_ms - time_of(candidate.published_id))
            damping = 0.75 * 0.5 ** seen[candidate.author_id] + 0.25
            seen[candidate.author_id] += 1
            scores.append(0.5 ** (age_ms / HALF_LIFE_MS) * damping)
        return scores
