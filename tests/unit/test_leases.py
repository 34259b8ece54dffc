"""How a lane works off leased jobs, over a real queue."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from calotype.bootstrap import Embedded
from calotype.connections.doorbell import Listener
from calotype.connections.leases import LEASE_MS
from calotype.jobs.queue import NewJob
from calotype.kernel.errors import StorageFull, Unavailable
from calotype.kernel.ids import MAX_ID
from calotype.kernel.leases import BACKOFF_MS, MAX_TRIES, POSTPONED_MS, Leased
from calotype.workers import lane as lanes
from calotype.workers import rest, run
from calotype.workers.lane import Handler, Lane, Run, work_off
from calotype.workers.run import Worker
from tests.clocks import TickingClock
from tests.stores import House, lettered

pytestmark = pytest.mark.anyio

LANE, KIND, SHARD = "photos", "media.process", 1


class Bench:
    """One worker's lane over a queue, its clock turned by hand."""

    def __init__(self, house: House, owner: str = "ada") -> None:
        self.clock = house.clock
        self.shape = house.open(owner)
        self.owner = owner
        self.stopping = asyncio.Event()
        self.loop: asyncio.Task[None] | None = None
        self.shape.doorbell.open()
        self.listener: Listener = self.shape.doorbell.listen(self.shape.jobs.topic(LANE))

    def start(self, run: Run, worn_out: Run | None = None, width: int = 1) -> None:
        handler = Handler(run, worn_out) if worn_out else Handler(run)
        self.loop = asyncio.create_task(
            work_off(self.lane(handler, width), self.listener, self.stopping)
        )

    def lane(self, handler: Handler, width: int) -> Lane:
        jobs = self.shape.jobs
        return Lane(jobs, LANE, width, {KIND: handler}, self.owner, self.clock)

    async def put(self, *keys: str, kind: str = KIND) -> None:
        jobs = [NewJob(SHARD, LANE, kind, key) for key in keys]
        await self.shape.core.write(SHARD, lambda tx: self.shape.jobs.enqueue(tx, jobs))

    def tell_to_stop(self) -> None:
        self.stopping.set()
        self.listener.rung.set()

    async def stop(self) -> None:
        self.tell_to_stop()
        assert self.loop is not None
        await self.loop

    def pass_time(self, ms: int) -> None:
        """Turn the clock, and wake the lane as its own timer would."""
        assert isinstance(self.clock, TickingClock)
        self.clock.advance(ms=ms)
        self.listener.rung.set()

    async def due_in(self, ms: int) -> None:
        """Wait until the lane's next job is due in so many milliseconds."""
        while await self.shape.jobs.next_due(LANE) != self.clock.now_ms() + ms:
            pass


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    house = House("embedded", tmp_path, TickingClock())
    yield house
    await house.close()


@pytest.fixture
async def bench(house: House) -> Bench:
    return Bench(house)


def on(call: Callable[[Leased], object]) -> Run:
    async def run(work: Leased) -> None:
        answer = call(work)
        if isinstance(answer, Awaitable):
            await answer

    return run


async def left(shape: Embedded) -> set[str]:
    return await shape.core.read(
        SHARD, lambda tx: shape.jobs.holds(tx, SHARD, KIND, ["a", "b", "c", "d", "e"])
    )


async def test_what_succeeds_is_finished_and_what_comes_later_is_done_when_it_rings(
    bench: Bench,
) -> None:
    done: asyncio.Queue[str] = asyncio.Queue()
    await bench.put("a")
    bench.start(on(lambda work: done.put(work.key)))
    assert await done.get() == "a"
    await bench.put("b", "c")
    assert {await done.get(), await done.get()} == {"b", "c"}
    await bench.stop()
    assert await left(bench.shape) == set()


class Broken(Exception):
    pass


async def test_what_fails_is_tried_three_times_then_buried_with_its_last_words(
    bench: Bench,
) -> None:
    tries: asyncio.Queue[int] = asyncio.Queue()
    given_up: asyncio.Queue[Leased] = asyncio.Queue()

    async def fail(work: Leased) -> None:
        await tries.put(work.attempt)
        raise Broken(f"try {work.attempt}")

    await bench.put("a")
    bench.start(fail, on(given_up.put))
    for attempt in range(1, MAX_TRIES + 1):
        assert await tries.get() == attempt
        if attempt < MAX_TRIES:
            await bench.due_in(BACKOFF_MS[attempt - 1])
            assert given_up.empty()
            bench.pass_time(BACKOFF_MS[attempt - 1])
    assert lettered(await given_up.get()) == ("a", MAX_TRIES)
    await bench.stop()
    (letter,) = await bench.shape.jobs.dead_letters(MAX_ID, 10)
    assert letter.error == f"Broken: try {MAX_TRIES}"


async def test_work_that_meets_a_full_disk_waits_and_loses_no_try(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rest, "PAUSE_S", 0.001)
    tries: asyncio.Queue[int] = asyncio.Queue()
    full = True

    async def run(work: Leased) -> None:
        await tries.put(work.attempt)
        if full:
            raise StorageFull("the disk is full")

    await bench.put("a")
    bench.start(run)
    for _ in range(MAX_TRIES + 2):
        assert await tries.get() == 1
        async with asyncio.timeout(20):  # it would be due sooner if it had cost a try
            await bench.due_in(POSTPONED_MS)
        bench.pass_time(POSTPONED_MS)
    full = False
    assert await tries.get() == 1
    assert await bench.shape.jobs.dead_letters(MAX_ID, 10) == []


async def test_when_giving_up_fails_the_work_is_not_buried(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever waits for the outcome must hear of it: the lease runs out and it is tried again."""
    tries: asyncio.Queue[int] = asyncio.Queue()
    refusing = True

    async def worn_out(work: Leased) -> None:
        await tries.put(work.attempt)
        if refusing:
            raise Unavailable("the database is away")

    await bench.put("a")
    for _ in range(MAX_TRIES):
        await bench.shape.jobs.lease(LANE, 1, "killed")
        await bench.shape.jobs.reclaim("killed")
    bench.start(on(lambda _: pytest.fail("it kills its workers")), worn_out)
    assert await tries.get() == MAX_TRIES + 1
    assert await bench.shape.jobs.dead_letters(MAX_ID, 10) == []
    refusing = False
    bench.pass_time(LEASE_MS)
    assert await tries.get() == MAX_TRIES + 2
    await bench.stop()
    (letter,) = await bench.shape.jobs.dead_letters(MAX_ID, 10)
    assert "died at every try" in letter.error
    assert "could not be settled" in caplog.text


async def test_a_kind_that_nobody_handles_is_buried(bench: Bench) -> None:
    done: asyncio.Queue[str] = asyncio.Queue()
    await bench.put("a", kind="media.unheard-of")
    await bench.put("b")
    bench.start(on(lambda work: done.put(work.key)))
    assert await done.get() == "b"
    await bench.stop()
    (letter,) = await bench.shape.jobs.dead_letters(MAX_ID, 10)
    assert (letter.key, letter.attempts) == ("a", 1)
    assert "media.unheard-of" in letter.error


async def test_the_width_is_filled_and_not_exceeded(bench: Bench) -> None:
    begun: asyncio.Queue[str] = asyncio.Queue()
    release = asyncio.Semaphore(0)
    running = most = 0

    async def work(job: Leased) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await begun.put(job.key)
        await release.acquire()
        running -= 1

    await bench.put("a", "b", "c", "d", "e")
    bench.start(work, width=2)
    seen = {await begun.get(), await begun.get()}
    assert await left(bench.shape) == {"a", "b", "c", "d", "e"}
    for _ in range(3):
        release.release()
        seen.add(await begun.get())
    assert seen == {"a", "b", "c", "d", "e"}
    release.release()
    release.release()
    await bench.stop()
    assert most == 2
    assert await left(bench.shape) == set()


async def test_stopping_waits_for_what_is_under_way_and_takes_no_more(bench: Bench) -> None:
    begun, release = asyncio.Event(), asyncio.Event()

    async def work(_job: Leased) -> None:
        begun.set()
        await release.wait()

    await bench.put("a", "b")
    bench.start(work)
    await begun.wait()
    bench.tell_to_stop()
    assert bench.loop is not None
    assert not bench.loop.done()
    release.set()
    await bench.loop
    assert await left(bench.shape) == {"b"}
    assert [lettered(job) for job in await bench.shape.jobs.lease(LANE, 9, "x")] == [("b", 1)]


async def endless(begun: asyncio.Event, ended: asyncio.Event) -> None:
    begun.set()
    try:
        await asyncio.Event().wait()
    finally:
        ended.set()


async def test_a_cancelled_lane_takes_its_work_along(bench: Bench) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()
    await bench.put("a")
    bench.start(on(lambda _: endless(begun, ended)))
    await begun.wait()
    assert bench.loop is not None
    bench.loop.cancel()
    with pytest.raises(asyncio.CancelledError):
        await bench.loop
    assert ended.is_set()
    assert await bench.shape.jobs.reclaim("ada") == 1, "nobody finished it"


async def test_heartbeats_keep_long_work(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "HEARTBEAT_S", 0.001)
    begun, release = asyncio.Event(), asyncio.Event()

    async def work(_job: Leased) -> None:
        begun.set()
        await release.wait()

    await bench.put("a")
    bench.start(work)
    await begun.wait()
    for _ in range(3):
        bench.pass_time(LEASE_MS - 1)
        await bench.due_in(LEASE_MS)
        assert await bench.shape.jobs.lease(LANE, 1, "bob") == []
    release.set()
    await bench.stop()
    assert await left(bench.shape) == set()


async def test_a_lost_lease_stops_the_work_and_another_worker_does_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    heart = asyncio.Event()

    async def beat(_seconds: float) -> None:
        await heart.wait()

    monkeypatch.setattr(asyncio, "sleep", beat)
    frozen, other = Bench(house, "frozen"), Bench(house, "other")
    begun, ended = asyncio.Event(), asyncio.Event()
    done: asyncio.Queue[tuple[str, int]] = asyncio.Queue()
    await frozen.put("a")
    frozen.start(on(lambda _: endless(begun, ended)))
    await begun.wait()
    frozen.pass_time(LEASE_MS)
    other.start(on(lambda job: done.put(lettered(job))))
    assert await done.get() == ("a", 2)
    await other.stop()
    heart.set()
    await ended.wait()
    await frozen.stop()
    assert await left(frozen.shape) == set()
    assert await frozen.shape.jobs.dead_letters(MAX_ID, 10) == []


async def test_work_whose_worker_died_is_taken_again_by_its_successor(house: House) -> None:
    before = house.open("before")
    jobs = [NewJob(SHARD, LANE, KIND, key) for key in ("a", "b")]
    await before.core.write(SHARD, lambda tx: before.jobs.enqueue(tx, jobs))
    await before.jobs.lease(LANE, 1, "ada")
    bench = Bench(house)
    done: asyncio.Queue[tuple[str, int]] = asyncio.Queue()
    lane = bench.lane(Handler(on(lambda job: done.put(lettered(job)))), 1)
    worker = Worker(bench.shape.doorbell, bench.shape.events, "outbox", [lane], [], [])
    running = asyncio.create_task(worker.run(bench.stopping))
    assert {await done.get(), await done.get()} == {("a", 2), ("b", 1)}
    bench.stopping.set()
    await running
    assert await left(bench.shape) == set()


async def test_what_does_not_end_in_time_is_cut_off(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "DRAIN_S", 0)
    begun, ended = asyncio.Event(), asyncio.Event()
    await bench.put("a")
    lane = bench.lane(Handler(on(lambda _: endless(begun, ended))), 1)
    worker = Worker(bench.shape.doorbell, bench.shape.events, "outbox", [lane], [], [])
    running = asyncio.create_task(worker.run(bench.stopping))
    await begun.wait()
    bench.stopping.set()
    await running
    assert ended.is_set()


async def test_a_queue_that_is_away_is_asked_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: asyncio.Queue[str] = asyncio.Queue()
    asked = asyncio.Event()
    lease = bench.shape.jobs.lease

    async def away(lane: str, limit: int, owner: str) -> list[Leased]:
        monkeypatch.setattr(bench.shape.jobs, "lease", lease)
        asked.set()
        raise Unavailable("the database is locked")

    monkeypatch.setattr(bench.shape.jobs, "lease", away)
    await bench.put("a")
    bench.start(on(lambda work: done.put(work.key)))
    await asked.wait()
    bench.listener.rung.set()
    assert await done.get() == "a"
    await bench.stop()
