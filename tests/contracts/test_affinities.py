"""What every AffinityStore promises."""

import functools
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calotype.bootstrap import Embedded
from calotype.engagement.affinity import HALF_LIFE_MS, Act, Score, Touch, decayed
from tests.stores import AUTHOR_SHARD, READER_SHARD, House

pytestmark = pytest.mark.anyio

NOW = 1_800_000_000_000


@pytest.fixture
def ada(shape: Embedded) -> int:
    return shape.ids.new(READER_SHARD)


@pytest.fixture
def bob(shape: Embedded) -> int:
    return shape.ids.new(AUTHOR_SHARD)


async def test_acts_add_up_and_decay_by_half_in_thirty_days(
    house: House, shape: Embedded, ada: int, bob: int
) -> None:
    await shape.affinities.add([Touch(ada, bob, Act.LIKE, NOW, 1)])
    later = NOW + HALF_LIFE_MS
    assert await shape.affinities.affinity(ada, [bob, 5], NOW) == {bob: 1.0}
    await shape.affinities.add(
        [Touch(ada, bob, Act.COMMENT, later, 2), Touch(ada, 7, Act.SAVE, later, 3)]
    )
    again = house.open("again").affinities
    assert await again.affinity(ada, [bob, 7], later) == {bob: 3.5, 7: 2.0}
    assert await again.affinity(ada, [bob], later + HALF_LIFE_MS) == {bob: 1.75}
    assert await again.affinity(ada, [], NOW) == {}
    assert await again.affinity(bob, [ada], NOW) == {}


async def test_no_cause_counts_twice(shape: Embedded, ada: int, bob: int) -> None:
    touches = [Touch(ada, bob, Act.LIKE, NOW, cause) for cause in (1, 2, 3)]
    await shape.affinities.add([*touches, touches[0]])
    for _ in range(2):
        await shape.affinities.add(touches[1:])
    assert await shape.affinities.affinity(ada, [bob], NOW) == {bob: 3.0}


async def test_a_cause_that_comes_late_counts_and_none_of_long_ago_counts_twice(
    shape: Embedded, ada: int, bob: int
) -> None:
    late = Touch(ada, bob, Act.COMMENT, NOW, 1)
    others = [Touch(ada, bob, Act.LIKE, NOW, cause) for cause in range(2, 9)]
    await shape.affinities.add(others)
    await shape.affinities.add([late])
    assert await shape.affinities.affinity(ada, [bob], NOW) == {bob: 10.0}
    await shape.affinities.add([Touch(ada, bob, Act.LIKE, NOW, cause) for cause in range(9, 30)])
    await shape.affinities.add([late, *others])
    assert await shape.affinities.affinity(ada, [bob], NOW) == {bob: 31.0}


async def test_what_no_event_tells_of_counts_each_time(shape: Embedded, ada: int, bob: int) -> None:
    for cause in (0, 7, 0):
        await shape.affinities.add([Touch(ada, bob, Act.VISIT, NOW, cause)])
    assert await shape.affinities.affinity(ada, [bob], NOW) == {bob: 1.5}


@given(
    st.lists(st.tuples(st.sampled_from(Act), st.integers(0, 90)), min_size=1, max_size=8),
    st.randoms(use_true_random=False),
)
def test_the_order_does_not_matter(acts: list[tuple[Act, int]], chance: Random) -> None:
    touches = [
        Touch(1, 2, act, NOW - days * 86_400_000, cause)
        for cause, (act, days) in enumerate(acts, start=1)
    ]
    expected = sum(act.value * 2.0 ** (-days / 30) for act, days in acts)
    delivered = touches * 2
    chance.shuffle(delivered)
    score = functools.reduce(Score.after, delivered, Score())
    assert decayed(score.value, score.at_ms, NOW) == pytest.approx(expected)


async def test_a_clock_set_back_takes_nothing_away(shape: Embedded, ada: int, bob: int) -> None:
    await shape.affinities.add([Touch(ada, bob, Act.LIKE, NOW, 1)])
    await shape.affinities.add([Touch(ada, bob, Act.LIKE, NOW - HALF_LIFE_MS, 2)])
    assert await shape.affinities.affinity(ada, [bob], NOW) == {bob: 1.5}
    assert await shape.affinities.affinity(ada, [bob], NOW - 1) == {bob: 1.5}


async def test_many_pairs_at_once_keep_to_themselves(shape: Embedded, ada: int, bob: int) -> None:
    touches = [Touch(viewer, bob, Act.LIKE, NOW, viewer) for viewer in range(1, 1_201)]
    touches += [Touch(ada, author, Act.VISIT, NOW, author) for author in range(1, 101)]
    await shape.affinities.add(touches)
    assert await shape.affinities.affinity(1_200, [bob], NOW) == {bob: 1.0}
    assert len(await shape.affinities.affinity(ada, range(1, 200), NOW)) == 100


async def test_one_who_leaves_is_forgotten_as_viewer_and_as_author(
    shape: Embedded, ada: int, bob: int
) -> None:
    others = range(1, 701)
    await shape.affinities.add(
        [Touch(ada, other, Act.LIKE, NOW, other) for other in others]
        + [Touch(other, ada, Act.LIKE, NOW, other) for other in others]
        + [Touch(bob, 1, Act.LIKE, NOW, 1)]
    )
    for _ in range(2):
        await shape.affinities.forget(ada)
    assert await shape.affinities.affinity(ada, others, NOW) == {}
    for other in (1, 700):
        assert await shape.affinities.affinity(other, [ada], NOW) == {}
    assert await shape.affinities.affinity(bob, [1], NOW) == {1: 1.0}
