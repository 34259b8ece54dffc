"""Checks of upkeep that need a clock to turn, or a file to break; the others are in flows."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from calotype.bootstrap import Embedded, build_checks
from calotype.connections.pages import PAGE
from calotype.feed.backfill import BACKFILLED
from calotype.kernel.errors import Unavailable
from calotype.kernel.ids import MAX_ID
from calotype.upkeep.checks import Finding, Flaw, examine
from calotype.upkeep.timelines import GRACE_MS
from tests.clocks import DAY_MS, ManualClock, TickingClock
from tests.stores import AUTHOR_SHARD, READER_SHARD, House, graph_of, publish_many, published

pytestmark = pytest.mark.anyio


@pytest.fixture
def clock() -> TickingClock:
    return TickingClock()


@pytest.fixture
async def house(tmp_path: Path, clock: TickingClock) -> AsyncIterator[House]:
    house = House("embedded", tmp_path / "house", clock)
    yield house
    await house.close()


async def _examined(shape: Embedded, what: str, *, repair: bool = False) -> Finding:
    checks = [check for check in build_checks(shape, deep=False) if what in check.what]
    (finding,) = [finding async for finding in examine(checks, repair=repair)]
    return finding


async def _relayed(shape: Embedded) -> None:
    """No events are left: they were handled."""
    while await shape.events.pass_on(100):
        for work in await shape.events.lease("feed", 100, "worker"):
            await shape.events.finish(work)


async def test_timelines_that_lack_recent_posts_are_filled(
    house: House, clock: ManualClock
) -> None:
    shape = house.open()
    author, reader = shape.ids.new(AUTHOR_SHARD), shape.ids.new(READER_SHARD)
    await graph_of(shape).follow(reader, author)
    posts = [await published(shape, author) for _ in range(BACKFILLED + 2)]
    finding = await _examined(shape, "in the timeline")
    assert "on their way" in finding.skipped, "the follow's backfill is still to come"
    await _relayed(shape)
    assert (await _examined(shape, "in the timeline")).count == 0, "too fresh to be missed"
    clock.advance(ms=GRACE_MS + 1)
    finding = await _examined(shape, "in the timeline")
    assert (finding.count, finding.clean) == (1, False)
    assert finding.examples == (f"{reader} follows {author}",)
    assert (await _examined(shape, "in the timeline", repair=True)).clean
    entries = await shape.timelines.page(reader, MAX_ID, 100)
    assert [each.post_id for each in entries] == [p.post_id for p in posts[:1:-1]]
    assert (await _examined(shape, "in the timeline")).count == 0


async def test_what_no_fan_out_brings_is_not_missed(house: House, clock: ManualClock) -> None:
    shape = house.open()
    author, famous = shape.ids.new(AUTHOR_SHARD), shape.ids.new(AUTHOR_SHARD)
    away, here = shape.ids.new(READER_SHARD), shape.ids.new(READER_SHARD)
    await graph_of(shape).follow(away, author)
    await graph_of(shape).follow(here, famous)
    await _relayed(shape)
    day = clock.now_ms() // DAY_MS - 31
    await shape.core.write(0, lambda tx: shape.visits.note(tx, away, day))
    await shape.core.write(0, lambda tx: shape.celebrities.rise(tx, famous, clock.now_ms()))
    for each in (author, famous):
        await published(shape, each)
    clock.advance(ms=GRACE_MS + 1)
    assert (await _examined(shape, "in the timeline")).count == 0


async def test_more_rows_than_a_page_are_walked_once_each(house: House, clock: ManualClock) -> None:
    shape = house.open()
    authors = [shape.ids.new(n % 3) for n in range(PAGE + 5)]
    await publish_many(shape, clock, authors, [])
    finding = await _examined(shape, "counts of posts", repair=True)
    assert (finding.count, finding.mended) == (PAGE + 5, PAGE + 5)
    assert {await shape.posts.published_count(author) for author in authors} == {1}
    assert (await _examined(shape, "counts of posts")).count == 0


async def test_a_damaged_file_is_found(house: House, tmp_path: Path) -> None:
    shape = house.open("before")
    assert (await _examined(shape, "file of the core")).clean
    await shape.close()
    file = tmp_path / "house" / "core.db"
    damaged = bytearray(file.read_bytes())
    damaged[4096 * 3 : 4096 * 6] = bytes(4096 * 3)
    file.write_bytes(damaged)
    shape = house.open("after")
    finding = await _examined(shape, "file of the core")
    assert not finding.clean
    assert finding.examples


async def test_a_check_that_cannot_be_done_does_not_hide_the_others() -> None:
    class Broken:
        what, cure = "broken things", ""

        async def flaws(self) -> AsyncIterator[Flaw]:
            for words in ("the database is away",):
                raise Unavailable(words)
            yield Flaw("none")

    class Sound:
        what, cure = "sound things", ""

        async def flaws(self) -> AsyncIterator[Flaw]:
            yield Flaw("one")

    broken, sound = [each async for each in examine([Broken(), Sound()], repair=True)]
    assert (broken.failed, broken.clean) == ("the database is away", False)
    assert (sound.count, sound.clean) == (1, False), "it has no cure"
