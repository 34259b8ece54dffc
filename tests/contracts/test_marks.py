"""What every MarkStore promises."""

import pytest

from calotype.bootstrap import Embedded
from calotype.engagement.adapters.marks import FRESH_MS
from calotype.engagement.mark import Facts, Kind, Mark
from calotype.kernel.ids import MAX_ID, shard_of
from tests.clocks import TickingClock
from tests.stores import READER_SHARD, House

pytestmark = pytest.mark.anyio

POSTS = range(101, 106)


async def put(
    shape: Embedded, user: int, subject: int, kind: Kind = Kind.LIKE, *, standing: bool = True
) -> Mark | None:
    return await shape.core.write(
        shard_of(user), lambda tx: shape.marks.put(tx, user, subject, kind, standing=standing)
    )


@pytest.fixture
def ada(shape: Embedded) -> int:
    return shape.ids.new(READER_SHARD)


async def test_a_change_is_told_once_and_its_versions_rise(
    house: House, shape: Embedded, ada: int
) -> None:
    assert await put(shape, ada, 101, standing=False) is None
    liked = await put(shape, ada, 101)
    assert liked is not None
    assert liked == Mark(ada, 101, Kind.LIKE, liked.mark_id, 1, standing=True)
    assert await put(shape, ada, 101) is None
    again = house.open("again")
    taken_back = await put(again, ada, 101, standing=False)
    assert taken_back is not None
    assert (taken_back.version, taken_back.standing) == (2, False)
    assert await put(again, ada, 101, standing=False) is None
    anew = await put(again, ada, 101)
    assert anew is not None
    assert anew.version == 3
    assert anew.mark_id > taken_back.mark_id > liked.mark_id


async def test_facts_are_of_one_person_and_the_posts_asked_for(
    shape: Embedded, clock: TickingClock, ada: int
) -> None:
    await put(shape, ada, 101)
    await put(shape, ada, 102, Kind.SAVE)
    await put(shape, ada, 103)
    await put(shape, ada, 103, Kind.SAVE)
    await put(shape, ada, 104, Kind.COMMENT_LIKE)
    await put(shape, shape.ids.new(READER_SHARD), 105)
    liked, saved = Facts(liked=True, fresh=True), Facts(saved=True)
    both = Facts(liked=True, saved=True, fresh=True)
    assert await shape.marks.facts(ada, POSTS) == {101: liked, 102: saved, 103: both, 104: liked}
    assert await shape.marks.facts(ada, [102]) == {102: saved}
    assert await shape.marks.facts(ada, []) == {}
    clock.advance(ms=FRESH_MS + 1)
    await put(shape, ada, 103, standing=False)
    assert await shape.marks.facts(ada, [101, 103]) == {
        101: Facts(liked=True),
        103: Facts(saved=True, fresh=True),
    }


async def test_marks_are_paged_newest_first_by_their_last_change(
    shape: Embedded, clock: TickingClock, ada: int
) -> None:
    for post in POSTS:
        clock.advance(ms=1)
        await put(shape, ada, post, Kind.SAVE)
    await put(shape, ada, 104, Kind.SAVE, standing=False)
    await put(shape, ada, 101, Kind.SAVE, standing=False)
    await put(shape, ada, 101, Kind.SAVE)
    seen: list[int] = []
    before = MAX_ID
    while page := await shape.marks.newest(ada, Kind.SAVE, before, 2):
        seen += [mark.subject_id for mark in page]
        before = page[-1].mark_id
    assert seen == [101, 105, 103, 102]
    assert await shape.marks.newest(ada, Kind.LIKE, MAX_ID, 2) == []


async def test_removed_marks_leave_no_trace(house: House, shape: Embedded, ada: int) -> None:
    bob = shape.ids.new(READER_SHARD)
    for person in (ada, bob):
        await put(shape, person, 101)
        await put(shape, person, 102, Kind.SAVE)
        await put(shape, person, 103, standing=True)
        await put(shape, person, 103, standing=False)
    assert len(await shape.marks.of_person(ada, 2)) == 2
    marks = await shape.marks.of_person(ada, 10)
    assert {mark.subject_id for mark in marks} == {101, 102, 103}
    for _ in range(2):
        await shape.core.write(shard_of(ada), lambda tx: shape.marks.remove(tx, ada, marks))
    again = house.open("again").marks
    assert await again.of_person(ada, 10) == []
    assert len(await again.of_person(bob, 10)) == 3
