"""Who is served first by a fan-out, who is skipped, and what comes back with them."""

import msgspec
import pytest

from calotype.bootstrap import Embedded, build_services, fan_out
from calotype.feed.adapters import sql
from calotype.feed.fanout import FANOUT_LANE, Chunk
from calotype.feed.presence import DAY_MS, REBUILD
from calotype.feed.timelines import Push
from calotype.kernel.ids import MAX_ID, shard_of
from calotype.ranking.ranker import Candidate
from tests.clocks import ManualClock
from tests.stores import AUTHOR_SHARD, READER_SHARD, House, graph_of, published

pytestmark = pytest.mark.anyio


async def seen(shape: Embedded, reader: int, days_ago: int) -> None:
    day = shape.clock.now_ms() // DAY_MS - days_ago
    await shape.core.write(shard_of(reader), lambda tx: shape.visits.note(tx, reader, day))


async def posts_of(shape: Embedded, reader: int) -> list[int]:
    return [each.post_id for each in await shape.timelines.page(reader, MAX_ID, 1_000)]


async def test_a_visit_is_kept_by_the_day_until_it_is_forgotten(house: House) -> None:
    shape = house.open()
    one, other = shape.ids.new(READER_SHARD), shape.ids.new(AUTHOR_SHARD)
    await seen(shape, one, 3)
    await seen(shape, one, 1)
    today = shape.clock.now_ms() // DAY_MS
    assert await house.open("again").visits.last([one, other]) == {one: today - 1}
    assert await shape.visits.last([]) == {}
    for _ in range(2):
        await shape.visits.forget(one)
    assert await shape.visits.last([one, other]) == {}


async def test_present_readers_come_first_then_the_others_and_never_who_is_away(
    shape: Embedded,
) -> None:
    author = shape.ids.new(AUTHOR_SHARD)
    new, here, lately, away = (shape.ids.new(READER_SHARD) for _ in range(4))
    for reader in (new, here, lately, away):
        await graph_of(shape).follow(reader, author)
    for reader, days_ago in ((here, 2), (lately, 30), (away, 31)):
        await seen(shape, reader, days_ago)
    fanout, post = fan_out(shape), await published(shape, author)
    await fanout.plan(post.post_id)
    reached = []
    for _ in range(2):
        (job,) = await shape.jobs.lease(FANOUT_LANE, 10, "ada")
        # Twice: a worker may die before it has finished the job.
        for _ in range(2):
            await fanout.push(msgspec.msgpack.decode(job.payload, type=Chunk))
        await shape.jobs.finish(job)
        reached.append([bool(await posts_of(shape, each)) for each in (new, here, lately, away)])
    assert reached == [[True, True, False, False], [True, True, True, False]]
    assert await shape.jobs.lease(FANOUT_LANE, 10, "ada") == []


async def test_who_comes_back_has_a_timeline_at_once_and_a_job_that_promises_it(
    shape: Embedded,
) -> None:
    author, reader = shape.ids.new(AUTHOR_SHARD), shape.ids.new(READER_SHARD)
    await graph_of(shape).follow(reader, author)
    posts = [(await published(shape, author)).post_id for _ in range(3)]
    await seen(shape, reader, 31)
    welcome = build_services(shape).welcome
    await welcome.welcome(reader)
    assert await posts_of(shape, reader) == posts[::-1]
    (job,) = await shape.jobs.lease(FANOUT_LANE, 10, "ada")
    assert (job.kind, job.key) == (REBUILD, str(reader))
    await shape.jobs.finish(job)
    await published(shape, author)
    await welcome.welcome(reader)
    assert await posts_of(shape, reader) == posts[::-1], "not twice: fan-out serves them again"


async def test_a_reader_is_noted_once_a_day(house: House) -> None:
    shape = house.open()
    reader = shape.ids.new(READER_SHARD)
    welcome = build_services(shape).welcome
    today = shape.clock.now_ms() // DAY_MS
    await welcome.welcome(reader)
    await shape.visits.forget(reader)
    await welcome.welcome(reader)
    assert await shape.visits.last([reader]) == {}, "no second write"
    assert isinstance(house.clock, ManualClock)
    house.clock.advance(ms=DAY_MS)
    await welcome.welcome(reader)
    assert await shape.visits.last([reader]) == {reader: today + 1}
    assert await shape.jobs.lease(FANOUT_LANE, 10, "ada") == []


async def test_a_timeline_that_outgrew_its_bound_keeps_its_newest(
    shape: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql, "KEPT", 10)
    monkeypatch.setattr(sql, "TRIMMED", 2)
    monkeypatch.setattr(sql, "CHUNK", 3)
    long = [shape.ids.new(shard) for shard in (1, 1, 2, 3, 3)]
    short = shape.ids.new(4)
    for reader in (*long, short):
        entries = 25 if reader in long else 11
        await shape.timelines.push(
            [Push(reader, Candidate(at, at, 7)) for at in range(1, entries + 1)]
        )
    assert await shape.timelines.trim() == 15 * len(long)
    for reader in long:
        assert await posts_of(shape, reader) == list(range(25, 15, -1))
    assert len(await posts_of(shape, short)) == 11
    assert await shape.timelines.trim() == 0
