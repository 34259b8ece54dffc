"""The plain score: younger first, and whom one cares for and what many like before others."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calotype.engagement.impressions import Entry, Served
from calotype.ranking.ranker import HALF_LIFE_MS, Candidate, Features, PlainRanker
from calotype.ranking.served import LOGGED, Ranking, SampledServedLog

HOUR = 3_600_000
_features = st.builds(
    Features,
    age_ms=st.integers(0, 10 * HALF_LIFE_MS),
    affinity=st.floats(0, 1e6),
    velocity=st.floats(0, 1e6),
)


def scores(*features: Features, authors: list[int] | None = None) -> list[float]:
    authors = authors or list(range(len(features)))
    candidates = [Candidate(9, at, author) for at, author in enumerate(authors)]
    return list(PlainRanker().scores(1, candidates, features))


def test_the_score_halves_in_twelve_hours() -> None:
    now, then = scores(Features(0), Features(HALF_LIFE_MS))
    assert then == pytest.approx(now / 2)


@given(_features)
def test_more_of_anything_is_never_less(features: Features) -> None:
    age, affinity, velocity = features.age_ms, features.affinity, features.velocity
    base, older, dearer, faster = scores(
        features,
        Features(age + HOUR, affinity, velocity),
        Features(age, affinity + 1, velocity),
        Features(age, affinity, velocity + 1),
    )
    assert older < base
    assert base <= dearer
    assert base <= faster


@given(_features)
def test_affinity_and_velocity_never_bring_back_a_day(features: Features) -> None:
    (best,) = scores(Features(features.age_ms + 2 * HALF_LIFE_MS + 1, 1e9, 1e9))
    (plain,) = scores(Features(features.age_ms))
    assert best < plain


def test_an_author_gives_way_with_every_further_post() -> None:
    same = Features(HOUR)
    first, second, third, other = scores(same, same, same, same, authors=[1, 1, 1, 2])
    assert first == other
    assert first > second > third


class Log:
    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def append(self, entries: list[Entry]) -> None:
        self.entries += entries


def test_a_share_of_rankings_is_logged_as_served() -> None:
    rankings = [Ranking(Candidate(9, at, 5), Features(HOUR, 1.5, 2.5), 0.25) for at in range(60)]
    log = Log()
    sampled = SampledServedLog(log, 0.1, Random(7))  # type: ignore[arg-type]
    for _ in range(1_000):
        sampled.served(11, rankings, 1_234)
    assert 60 * LOGGED <= len(log.entries) <= 140 * LOGGED
    features = {"age_ms": HOUR, "affinity": 1.5, "velocity": 2.5}
    assert log.entries[1] == Served(
        reader=11, post=1, at_ms=1_234, position=1, score=0.25, features=features
    )
    silent = Log()
    SampledServedLog(silent, 0).served(11, rankings, 1_234)  # type: ignore[arg-type]
    assert silent.entries == []
