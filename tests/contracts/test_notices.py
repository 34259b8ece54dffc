"""What every NoticeStore promises, and the live stream over it."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from calotype.bootstrap import Embedded
from calotype.notify.notices import KEPT_MS, Notice, topic
from calotype.notify.stream import BATCH, LiveStream
from calotype.posts.store import Advance
from tests.clocks import TickingClock
from tests.stores import House

pytestmark = pytest.mark.anyio

ADA, BOB = 4_096_000, 8_192_000


async def bodies(
    shape: Embedded, user_id: int = ADA, after: int = 0, limit: int = 10
) -> list[bytes]:
    return [notice.body for notice in await shape.notices.after(user_id, after, limit)]


async def test_a_notice_is_kept_once_for_each_cause(house: House) -> None:
    shape = house.open()
    await shape.notices.add(ADA, 1, "post.published", b"{}")
    await shape.notices.add(ADA, 1, "post.failed", b"twice")
    await shape.notices.add(ADA, 2, "post.failed", b"other")
    await shape.notices.add(BOB, 1, "post.published", b"bob")
    await house.close()
    again = house.open()
    first, second = await again.notices.after(ADA, 0, 10)
    assert first == Notice(first.notice_id, ADA, "post.published", b"{}")
    assert (second.kind, second.body) == ("post.failed", b"other")
    assert await bodies(again, BOB) == [b"bob"]


async def test_notices_go_on_oldest_first_after_the_last_one_seen(shape: Embedded) -> None:
    assert await shape.notices.newest(ADA) == 0
    for cause in (5, 3, 9, 1):
        await shape.notices.add(ADA, cause, "k", b"%d" % cause)
    assert await bodies(shape) == [b"5", b"3", b"9", b"1"]
    page = await shape.notices.after(ADA, 0, 3)
    assert await bodies(shape, after=page[-1].notice_id) == [b"1"]
    newest = await shape.notices.newest(ADA)
    assert await bodies(shape, after=newest) == []
    assert newest > page[-1].notice_id
    assert await shape.notices.newest(BOB) == 0


async def test_racing_additions_for_one_cause_keep_one(house: House) -> None:
    shapes = [house.open("one"), house.open("two")]
    await asyncio.gather(*(shapes[at % 2].notices.add(ADA, at // 4, "k", b"") for at in range(20)))
    assert len(await bodies(shapes[0])) == 5


async def test_old_notices_are_swept_after_thirty_days(
    shape: Embedded, clock: TickingClock
) -> None:
    await shape.notices.add(ADA, 1, "k", b"old")
    clock.advance(ms=1_000)
    await shape.notices.add(ADA, 2, "k", b"new")
    clock.advance(ms=KEPT_MS - 1_000)
    await shape.notices.sweep()
    assert await bodies(shape) == [b"old", b"new"]
    clock.advance(ms=1)
    await shape.notices.sweep()
    assert await bodies(shape) == [b"new"]


async def test_only_a_new_notice_wakes_its_person(house: House) -> None:
    shape = house.open()
    await shape.notices.add(ADA, 1, "k", b"")
    shape.doorbell.open()
    ada, bob = (shape.doorbell.listen(topic(user_id)) for user_id in (ADA, BOB))
    await shape.notices.add(ADA, 1, "k", b"")
    await shape.notices.add(BOB, 1, "k", b"")
    assert await bob.wait(60)
    assert not ada.rung.is_set()
    await shape.notices.add(ADA, 2, "k", b"")
    assert await ada.wait(60)
    shape.doorbell.close()


async def coming(stream: AsyncIterator[Notice | Advance | None]) -> Notice | None:
    told = await anext(stream)
    assert not isinstance(told, Advance)
    return told


async def test_a_stream_that_reconnects_misses_nothing_and_a_new_one_starts_now(
    house: House,
) -> None:
    teller, hearer = house.open("worker"), house.open("web")
    hearer.doorbell.open()
    live = LiveStream(hearer.notices, hearer.posts, hearer.doorbell.listen)
    for cause in range(BATCH + 5):
        await teller.notices.add(ADA, cause, "k", b"%d" % cause)
    seen = await hearer.notices.after(ADA, 0, 3)
    reconnected = live.follow(ADA, seen[-1].notice_id, 60)
    missed = [await coming(reconnected) for _ in range(BATCH + 2)]
    assert [notice.body for notice in missed if notice] == [b"%d" % n for n in range(3, BATCH + 5)]
    fresh = live.follow(ADA, None, 60)
    first = asyncio.create_task(coming(fresh))
    waiting = asyncio.create_task(coming(reconnected))
    while len(hearer.doorbell._listeners[topic(ADA)]) < 2:
        await hearer.notices.newest(ADA)
    for _ in range(3):  # let both come to their waits
        await hearer.notices.newest(ADA)
    await teller.notices.add(BOB, 1, "k", b"for another")
    await teller.notices.add(ADA, 1_000, "k", b"live")
    heard = await waiting
    assert heard is not None
    assert heard.body == b"live"
    assert (await first) == heard
    await reconnected.aclose()  # type: ignore[attr-defined]
    await fresh.aclose()  # type: ignore[attr-defined]
    assert topic(ADA) not in hearer.doorbell._listeners
    hearer.doorbell.close()


async def test_a_quiet_stream_beats(house: House) -> None:
    shape = house.open()
    shape.doorbell.open()
    stream = LiveStream(shape.notices, shape.posts, shape.doorbell.listen).follow(ADA, None, 0)
    assert [await anext(stream), await anext(stream)] == [None, None]
    await stream.aclose()  # type: ignore[attr-defined]
    shape.doorbell.close()
