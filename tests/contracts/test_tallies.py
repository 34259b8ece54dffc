"""What every TallyStore promises: right counts, whatever comes how often in which order."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

import anyio
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from calotype.bootstrap import Embedded
from calotype.engagement.events import LIKES_COUNTED, MarkChanged, Subject
from calotype.engagement.mark import Counts
from calotype.engagement.store import Counted
from calotype.events.adapters.sql import outbox_table
from calotype.kernel.ids import MAX_ID, first_id_at, time_of
from tests.stores import AUTHOR_SHARD, House

pytestmark = pytest.mark.anyio

AUTHOR = 99
PEOPLE = range(1, 5)


def subject_of(post: int) -> Subject:
    return Subject(post, post, AUTHOR, post)


def change(
    post: int, user: int, version: int, *, standing: bool | None = None, mark_id: int = 0
) -> MarkChanged:
    stands = version % 2 == 1 if standing is None else standing
    return MarkChanged(subject_of(post), user, mark_id or post + version, version, stands)


@pytest.fixture
def post(shape: Embedded) -> int:
    return shape.ids.new(AUTHOR_SHARD)


async def likes(shape: Embedded, post: int) -> int:
    return (await shape.tallies.counts([post])).get(post, Counts()).likes


async def test_likes_are_counted_once_however_often_they_come(
    house: House, shape: Embedded, post: int
) -> None:
    other = shape.ids.new(AUTHOR_SHARD)
    batch = [change(post, user, 1) for user in PEOPLE] + [change(other, 1, 1)]
    made = await shape.tallies.project([*batch, *batch])
    assert sorted(made, key=batch.index) == batch
    assert await house.open("again").tallies.project(batch) == []
    counted = await shape.tallies.counts([post, other, 12345])
    assert counted == {post: Counts(likes=4), other: Counts(likes=1)}


async def test_the_latest_version_stands_in_whichever_order_they_come(
    shape: Embedded, post: int
) -> None:
    await shape.tallies.project([change(post, 1, 3), change(post, 2, 2)])
    await shape.tallies.project([change(post, 1, 2), change(post, 2, 1)])
    await shape.tallies.project([change(post, 1, 1)])
    assert await likes(shape, post) == 1
    assert [liker.user_id for liker in await shape.tallies.likers(post, MAX_ID, 10)] == [1]


async def test_likers_are_paged_newest_first(shape: Embedded, post: int) -> None:
    await shape.tallies.project(
        [change(post, user, 1, mark_id=1_000 + user % 3 * 10 + user) for user in range(1, 8)]
    )
    seen: list[int] = []
    before = MAX_ID
    while page := await shape.tallies.likers(post, before, 3):
        seen += [liker.user_id for liker in page]
        before = page[-1].mark_id
    assert seen == [5, 2, 7, 4, 1, 6, 3]


async def test_counts_tell_whether_ones_own_like_is_among_them(shape: Embedded, post: int) -> None:
    other = shape.ids.new(AUTHOR_SHARD)
    await shape.tallies.project(
        [change(post, 1, 1), change(post, 2, 1), change(other, 2, 1), change(other, 1, 2)]
    )
    assert await shape.tallies.counts_beside(1, [post, other, 12345]) == {
        post: Counted(Counts(likes=2), own=True),
        other: Counted(Counts(likes=1), own=False),
    }
    assert await shape.tallies.counts_beside(1, []) == {}


async def test_each_batch_tells_once_of_each_subject_that_changed(
    shape: Embedded, post: int
) -> None:
    await shape.tallies.project([change(post, user, 1) for user in range(1, 1_201)])
    await shape.tallies.project([change(post, 1, 1)])
    other = shape.ids.new(AUTHOR_SHARD)
    await shape.tallies.project([change(post, 7, 2), change(other, 7, 1), change(other, 8, 1)])
    keys = sa.select(outbox_table.c.key).where(outbox_table.c.kind == LIKES_COUNTED)
    told = [row.key for row in await shape.core.read(AUTHOR_SHARD, lambda tx: tx.all(keys))]
    # 1,200 changes are three batches; nobody is told that a like was taken back.
    assert sorted(told) == sorted([f"likes/{post}"] * 3 + [f"likes/{other}"])
    assert await likes(shape, post) == 1_199


async def test_racing_workers_count_each_like_once(house: House, post: int) -> None:
    shapes = [house.open("one"), house.open("two")]
    batches = [[change(post, user, 1) for user in range(at, at + 40)] for at in range(0, 200, 20)]
    await asyncio.gather(
        *(shapes[at % 2].tallies.project(batch) for at, batch in enumerate(batches * 2))
    )
    assert await likes(shapes[0], post) == 220


async def test_a_subject_that_goes_takes_everything_along(
    house: House, shape: Embedded, post: int
) -> None:
    kept = shape.ids.new(AUTHOR_SHARD)
    await shape.tallies.project([change(id_, user, 1) for id_ in (post, kept) for user in PEOPLE])
    for _ in range(2):
        await shape.tallies.remove([post])
    again = house.open("again").tallies
    assert await again.counts([post, kept]) == {kept: Counts(likes=4)}
    assert await again.likers(post, MAX_ID, 10) == []


async def test_a_person_who_goes_is_counted_off_and_leaves_no_trace(
    shape: Embedded, post: int
) -> None:
    other = shape.ids.new(AUTHOR_SHARD)
    await shape.tallies.project(
        [change(post, 1, 1), change(post, 2, 1), change(other, 1, 2), change(other, 2, 1)]
    )
    for _ in range(2):
        await shape.tallies.remove_liker(1, [post, other])
    assert await shape.tallies.counts([post, other]) == {
        post: Counts(likes=1),
        other: Counts(likes=1),
    }
    # Without a row there is no version either: as if they had never been here.
    assert await shape.tallies.project([change(post, 1, 1)]) != []


_history = st.lists(
    st.tuples(st.sampled_from((1, 2)), st.sampled_from(PEOPLE)), max_size=24
)  # toggles of a person's like of a post, in the order in which they happened


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house for all examples, each of which has posts of its own."""
    house = House("embedded", tmp_path_factory.mktemp("lasting") / "house")
    house.open()
    yield house
    anyio.run(house.close)


@settings(max_examples=40, deadline=None)
@given(history=_history, data=st.data())
def test_counts_end_as_the_model_says_after_any_delivery(
    lasting: House, history: list[tuple[int, int]], data: st.DataObject
) -> None:
    """Each change comes at least once, some twice, in any order, cut into any batches."""
    shape = lasting.opened[0]
    versions: defaultdict[tuple[int, int], int] = defaultdict(int)
    changes = []
    for post, user in history:
        versions[post, user] += 1
        changes.append((post, user, versions[post, user]))
    again = data.draw(st.lists(st.sampled_from(changes), max_size=8)) if changes else []
    delivered = data.draw(st.permutations(changes + again))
    cuts = data.draw(st.lists(st.integers(0, len(delivered)), max_size=4).map(sorted))
    bounds = [0, *cuts, len(delivered)]

    async def deliver() -> None:
        posts = {1: shape.ids.new(AUTHOR_SHARD), 2: shape.ids.new(AUTHOR_SHARD)}
        for start, end in pairwise(bounds):
            batch = [change(posts[p], u, v) for p, u, v in delivered[start:end]]
            await shape.tallies.project(batch)
        for name, post in posts.items():
            model = {u for (p, u), v in versions.items() if p == name and v % 2 == 1}
            assert await likes(shape, post) == len(model)
            likers = await shape.tallies.likers(post, MAX_ID, 10)
            assert {liker.user_id for liker in likers} == model

    anyio.run(deliver)


async def test_early_engagement_is_kept_by_the_minute(shape: Embedded, post: int) -> None:
    at = time_of(post)
    moments = {1: 0, 2: 59_999, 3: 60_000, 4: 59 * 60_000, 5: 60 * 60_000, 6: 180 * 60_000}
    await shape.tallies.project(
        [
            change(post, user, 1, mark_id=first_id_at(at + after) + user)
            for user, after in moments.items()
        ]
    )
    assert await shape.tallies.minutes(post) == {0: 2, 1: 1, 59: 1, 60: 1}
    assert await shape.tallies.early([post, 12345]) == {post: 4}
    # Taken back or repeated, they are no engagement of that minute anew.
    await shape.tallies.project([change(post, 1, 2), change(post, 2, 1)])
    assert await shape.tallies.early([post]) == {post: 4}
