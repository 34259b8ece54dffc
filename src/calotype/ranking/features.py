"""What a ranker knows of each candidate, gathered for one reader."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from calotype.engagement.affinity import AffinityStore
from calotype.engagement.minutes import EARLY_MINUTES, MINUTE_MS
from calotype.engagement.store import TallyStore
from calotype.kernel.ids import time_of
from calotype.ranking.ranker import Candidate, Features


class FeatureSource(Protocol):
    """Gathers features. Staleness: what the worker has not come to yet, and no more."""

    async def gather(
        self, reader_id: int, candidates: Sequence[Candidate], now_ms: int
    ) -> list[Features]:
        """Of each of the candidates, in their order: two statements, whatever the number."""
        ...


@dataclass(frozen=True)
class StoredFeatures:
    """FeatureSource over the stores of engagement."""

    affinities: AffinityStore
    tallies: TallyStore

    async def gather(
        self, reader_id: int, candidates: Sequence[Candidate], now_ms: int
    ) -> list[Features]:
        authors = {each.author_id for each in candidates}
        affinity = await self.affinities.affinity(reader_id, authors, now_ms)
        early = await self.tallies.early(each.post_id for each in candidates)
        gathered = []
        for each in candidates:
            age_ms = max(0, now_ms - time_of(each.published_id))
            minutes = min(EARLY_MINUTES, max(1, age_ms / MINUTE_MS))
            gathered.append(
                Features(
                    age_ms=age_ms,
                    affinity=affinity.get(each.author_id, 0.0),
                    velocity=early.get(each.post_id, 0) / minutes,
                )
            )
        return gathered
