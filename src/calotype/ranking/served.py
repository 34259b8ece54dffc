"""Features as served: a sample of what rankings knew, for training."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

import msgspec

from calotype.engagement.impressions import ImpressionLog, Served
from calotype.ranking.ranker import Candidate, Features

# A reader sees the first pages; what lies deeper is never looked at.
LOGGED = 50


class Ranking(msgspec.Struct, frozen=True):
    """One candidate of a ranking, with what it was ranked by."""

    candidate: Candidate
    features: Features
    score: float


class ServedLog(Protocol):
    """Hears of every ranking that is served; never waits and never fails."""

    def served(self, reader_id: int, rankings: Sequence[Ranking], now_ms: int) -> None:
        """A reader was served these, best first."""
        ...


@dataclass(frozen=True)
class SampledServedLog:
    """Logs a share of the rankings (0 to 1), the first 50 candidates of each."""

    log: ImpressionLog
    share: float
    chance: Random = field(default_factory=Random)

    def served(self, reader_id: int, rankings: Sequence[Ranking], now_ms: int) -> None:
        if self.chance.random() >= self.share:
            return
        self.log.append(
            [
                Served(
                    reader=reader_id,
                    post=ranking.candidate.post_id,
                    at_ms=now_ms,
                    position=position,
                    score=ranking.score,
                    features=msgspec.structs.asdict(ranking.features),
                )
                for position, ranking in enumerate(rankings[:LOGGED])
            ]
        )
