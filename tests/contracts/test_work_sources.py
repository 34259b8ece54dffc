"""What every WorkSource promises, and the dead letters behind it: jobs and events alike."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

import pytest

from calotype.bootstrap import Embedded
from calotype.connections.leases import LEASE_MS
from calotype.events.log import Event, OutboxRow
from calotype.jobs.queue import NewJob
from calotype.kernel.deadletters import DeadLetters
from calotype.kernel.ids import MAX_ID
from calotype.kernel.leases import (
    BACKOFF_MS,
    MAX_TRIES,
    PATIENCE_MS,
    POSTPONED_MS,
    Leased,
    WorkSource,
)
from calotype.posts.events import PUBLISHED
from calotype.workers.handlers import FEED_GROUP
from tests.clocks import ManualClock
from tests.stores import House, lettered

pytestmark = pytest.mark.anyio

SHARD = 9


class DeadLetterSource(WorkSource, DeadLetters, Protocol):
    async def recall(self) -> int: ...


class Desk:
    """One source of one process: something to put work into, whatever the engine calls it."""

    source: DeadLetterSource
    lane: str

    async def put(self, *keys: str) -> None:
        raise NotImplementedError

    async def take(self, limit: int = 10, owner: str = "ada") -> Sequence[Leased]:
        return await self.source.lease(self.lane, limit, owner)

    async def wear_out(self, clock: ManualClock, error: str = "broken") -> None:
        """Fail the only piece of work until it is buried."""
        for attempt in range(1, MAX_TRIES + 1):
            (work,) = await self.take()
            assert work.attempt == attempt
            assert await self.source.retry(work, error) == (attempt == MAX_TRIES)
            clock.advance(ms=BACKOFF_MS[-1])


class Jobs(Desk):
    lane = "photos"

    def __init__(self, shape: Embedded) -> None:
        self.source = shape.jobs
        self._shape = shape

    async def put(self, *keys: str) -> None:
        for key in keys:
            job = NewJob(SHARD, self.lane, "media.process", key, b"\xa3pay")
            await self._shape.core.write(SHARD, lambda tx, job=job: self.source.enqueue(tx, [job]))  # type: ignore[misc,attr-defined]


class Events(Desk):
    lane = FEED_GROUP

    def __init__(self, shape: Embedded) -> None:
        self.source = shape.events
        self._shape = shape

    async def put(self, *keys: str) -> None:
        await self._shape.events.publish(
            [
                OutboxRow(self._shape.ids.new(SHARD), Event(SHARD, PUBLISHED, key, b"\xa3pay"))
                for key in keys
            ]
        )


@pytest.fixture(params=[Jobs, Events])
def kind(request: pytest.FixtureRequest) -> type[Jobs] | type[Events]:
    kind: type[Jobs] | type[Events] = request.param
    return kind


@pytest.fixture
def desk(house: House, kind: type[Jobs] | type[Events]) -> Desk:
    return kind(house.open())


async def test_work_comes_whole_and_is_gone_when_finished(desk: Desk) -> None:
    await desk.put("a")
    (work,) = await desk.take()
    assert (work.lane, work.key, work.payload, work.attempt) == (desk.lane, "a", b"\xa3pay", 1)
    assert not work.last_try
    assert await desk.source.finish(work)
    assert not await desk.source.finish(work)
    assert await desk.source.next_due(desk.lane) is None
    assert await desk.take() == []


async def test_much_work_is_finished_together_but_for_what_was_lost(
    desk: Desk, clock: ManualClock
) -> None:
    await desk.put("a", "b", "c")
    first = await desk.take()
    clock.advance(ms=LEASE_MS)
    (lost,) = await desk.take(limit=1, owner="bob")
    await desk.source.finish_all(first)
    await desk.source.finish_all([])
    clock.advance(ms=LEASE_MS)
    assert [lettered(work) for work in await desk.take()] == [(lost.key, 3)]


async def test_another_lane_is_left_alone(desk: Desk) -> None:
    await desk.put("a")
    assert await desk.source.lease("elsewhere", 10, "ada") == []
    assert await desk.source.next_due("elsewhere") is None
    assert desk.source.topic("elsewhere") != desk.source.topic(desk.lane)


async def test_a_limit_is_kept_and_the_longest_due_goes_first(
    desk: Desk, clock: ManualClock
) -> None:
    for key in "cab":
        await desk.put(key)
        clock.advance(ms=1)
    assert [work.key for work in await desk.take(2)] == ["c", "a"]
    assert [work.key for work in await desk.take(2)] == ["b"]


async def test_what_is_leased_is_nobody_elses_until_the_lease_runs_out(
    house: House, kind: type[Jobs] | type[Events], clock: ManualClock
) -> None:
    ours, theirs = kind(house.open("one")), kind(house.open("two"))
    await ours.put("a")
    (first,) = await ours.take()
    assert await ours.source.next_due(ours.lane) == clock.now_ms() + LEASE_MS
    clock.advance(ms=LEASE_MS - 1)
    assert await theirs.take(owner="bob") == []
    clock.advance(ms=1)
    (second,) = await theirs.take(owner="bob")
    assert (second.id, second.attempt) == (first.id, 2)
    assert second.token != first.token
    # The first holder has lost it, whatever it tries.
    assert not await ours.source.heartbeat(first)
    assert not await ours.source.finish(first)
    await ours.source.retry(first, "late")
    await ours.source.bury(first, "late")
    assert await ours.source.dead_letters(MAX_ID, 10) == []
    assert await theirs.source.finish(second)


async def test_what_is_postponed_has_lost_no_try(desk: Desk, clock: ManualClock) -> None:
    await desk.put("a")
    for _ in range(MAX_TRIES + 2):
        (work,) = await desk.take()
        assert work.attempt == 1
        assert await desk.source.postpone(work, "the disk is full")
        clock.advance(ms=POSTPONED_MS - 1)
        assert await desk.take() == []
        clock.advance(ms=1)
    (work,) = await desk.take()
    await desk.source.retry(work, "broken")
    clock.advance(ms=BACKOFF_MS[0])
    (work,) = await desk.take()
    assert work.attempt == 2, "a try that was its own fault counts"


async def test_what_was_postponed_for_days_uses_up_its_tries(
    desk: Desk, clock: ManualClock
) -> None:
    await desk.put("a")
    clock.advance(ms=PATIENCE_MS + 1)
    (work,) = await desk.take()
    assert not await desk.source.postpone(work, "the disk is full")
    assert await desk.source.finish(work), "it is still in the same hands"


async def test_what_a_clock_that_was_ahead_put_off_is_recalled(
    desk: Desk, clock: ManualClock
) -> None:
    await desk.put("a")
    clock.advance(ms=1)
    await desk.put("b")
    (held,) = await desk.take(1)
    clock.advance(seconds=-86_400)
    assert await desk.take() == []
    assert await desk.source.recall() > 0
    (waiting,) = await desk.take()
    assert (held.key, waiting.key) == ("a", "b")
    clock.advance(ms=LEASE_MS - 1)
    assert await desk.source.heartbeat(waiting)
    assert await desk.take() == [], "whoever holds it had the time to say so"
    clock.advance(ms=1)
    assert [work.key for work in await desk.take()] == ["a"]
    assert await desk.source.recall() == 0, "nothing is put off for longer than it may be"


async def test_a_heartbeat_prolongs_the_lease(desk: Desk, clock: ManualClock) -> None:
    await desk.put("a")
    (work,) = await desk.take()
    for _ in range(5):
        clock.advance(ms=LEASE_MS - 1)
        assert await desk.source.heartbeat(work)
    clock.advance(ms=LEASE_MS - 1)
    assert await desk.take() == []
    assert await desk.source.finish(work)


async def test_work_survives_a_cold_start_and_its_dead_owner_is_replaced(
    house: House, kind: type[Jobs] | type[Events]
) -> None:
    before = kind(house.open())
    await before.put("a", "b", "c")
    await before.take(1, "ada")
    await before.take(1, "bob")
    await house.close()
    after = kind(house.open())
    assert [lettered(work) for work in await after.take(10, "ada")] == [("c", 1)]
    assert await after.source.reclaim("ada") == 2
    assert [lettered(work) for work in await after.take()] == [("a", 2), ("c", 2)]
    assert await after.source.reclaim("nobody") == 0


async def test_three_tries_with_backoff_then_the_dead_letters(
    desk: Desk, clock: ManualClock
) -> None:
    await desk.put("a")
    for attempt, backoff in enumerate(BACKOFF_MS, 1):
        (work,) = await desk.take()
        assert (work.attempt, work.last_try) == (attempt, False)
        assert not await desk.source.retry(work, f"error {attempt}")
        assert await desk.source.next_due(desk.lane) == clock.now_ms() + backoff
        clock.advance(ms=backoff - 1)
        assert await desk.take() == []
        clock.advance(ms=1)
    (work,) = await desk.take()
    assert (work.attempt, work.last_try) == (MAX_TRIES, True)
    assert await desk.source.retry(work, "the last error")
    clock.advance(ms=10 * LEASE_MS)
    assert await desk.take() == []
    assert await desk.source.next_due(desk.lane) is None
    (letter,) = await desk.source.dead_letters(MAX_ID, 10)
    assert letter == await desk.source.dead_letter(work.id)
    assert (letter.lane, letter.key, letter.payload) == (desk.lane, "a", "pay")
    assert (letter.attempts, letter.error) == (MAX_TRIES, "the last error")
    assert letter.died_ms == clock.now_ms() - 10 * LEASE_MS


async def test_work_that_kills_its_workers_comes_back_worn_out(
    desk: Desk, clock: ManualClock
) -> None:
    await desk.put("a")
    for _ in range(MAX_TRIES):
        (work,) = await desk.take()
        assert not work.worn_out
        clock.advance(ms=LEASE_MS)
    (work,) = await desk.take()
    assert work.worn_out


async def test_replay_gives_all_tries_again_and_only_to_the_dead(
    house: House, kind: type[Jobs] | type[Events], clock: ManualClock
) -> None:
    desk, operator = kind(house.open()), kind(house.open("cli"))
    await desk.put("a")
    await desk.wear_out(clock)
    (letter,) = await operator.source.dead_letters(MAX_ID, 10)
    assert not await operator.source.replay(letter.id + 1)
    assert await operator.source.replay(letter.id)
    assert not await operator.source.replay(letter.id)
    assert await operator.source.dead_letter(letter.id) is None
    await desk.wear_out(clock, "again")
    (letter,) = await operator.source.dead_letters(MAX_ID, 10)
    assert letter.error == "again"


async def test_burying_at_once_spares_the_other_tries(desk: Desk) -> None:
    await desk.put("a")
    (work,) = await desk.take()
    await desk.source.bury(work, "nobody handles it")
    (letter,) = await desk.source.dead_letters(MAX_ID, 10)
    assert (letter.attempts, letter.error) == (1, "nobody handles it")


async def test_dead_letters_are_paged_newest_first(desk: Desk) -> None:
    await desk.put(*"abcde")
    for work in await desk.take():
        await desk.source.bury(work, "x")
    pages, before = [], MAX_ID
    while page := await desk.source.dead_letters(before, 2):
        pages.append("".join(letter.key for letter in page))
        before = page[-1].id
    assert pages == ["ed", "cb", "a"]


async def test_no_piece_is_leased_twice_by_racing_workers(
    house: House, kind: type[Jobs] | type[Events]
) -> None:
    desks = [kind(house.open("one")), kind(house.open("two"))]
    await desks[0].put(*(f"key{number}" for number in range(60)))

    async def work_off(desk: Desk, owner: str) -> list[str]:
        keys = []
        while taken := await desk.take(3, owner):
            for work in taken:
                keys.append(work.key)
                assert await desk.source.finish(work)
        return keys

    done = await asyncio.gather(*(work_off(desks[i % 2], f"worker{i}") for i in range(6)))
    keys = [key for keys in done for key in keys]
    assert sorted(keys) == sorted(f"key{number}" for number in range(60))


async def test_an_empty_lane_does_not_wait_for_a_writer(
    house: House, kind: type[Jobs] | type[Events]
) -> None:
    busy, idle = house.open("one"), kind(house.open("two"))
    held = asyncio.Event()
    release = asyncio.Event()
    loop = asyncio.get_running_loop()

    def hold(_tx: object) -> None:
        loop.call_soon_threadsafe(held.set)
        asyncio.run_coroutine_threadsafe(release.wait(), loop).result()

    writing = asyncio.create_task(busy.core.write(SHARD, hold))
    await held.wait()
    try:
        assert await idle.take() == []
    finally:
        release.set()
        await writing
