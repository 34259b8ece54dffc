"""The loop that works off one lane of jobs or one group of events."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from calotype.connections.doorbell import Listener
from calotype.kernel.clock import Clock
from calotype.kernel.errors import CalotypeError, loggable
from calotype.kernel.leases import Leased, WorkSource
from calotype.kernel.trace import tracing
from calotype.workers.rest import PAUSE_S, Rest, is_blameless

log = logging.getLogger("calotype.workers")

BACKSTOP_S = 20.0
HEARTBEAT_S = 10.0

Run = Callable[[Leased], Awaitable[None]]


Tally = Callable[[str, int, float], None]
"""Hears of an outcome (DONE, RETRIED, GIVEN_UP), of how many pieces, and of the seconds it took."""

DONE, RETRIED, GIVEN_UP = "done", "retried", "given_up"


def _untold(_outcome: str, _pieces: int, _seconds: float) -> None:
    """Where nobody counts."""


async def _nothing(_work: Leased) -> None:
    """What most kinds do when their last try failed: the dead letter says it all."""


@dataclass(frozen=True)
class Handler:
    """What to do with a kind of work, and what when its last try has failed."""

    run: Run
    worn_out: Run = _nothing


@dataclass(frozen=True)
class Lane:
    """Where work comes from, how much of it at once, and who does it. `owner` names this worker."""

    source: WorkSource
    name: str
    width: int
    handlers: Mapping[str, Handler]
    owner: str
    clock: Clock
    tally: Tally = _untold


async def work_off(lane: Lane, listener: Listener, stopping: asyncio.Event) -> None:
    """Lease and do work until `stopping`, then wait for what is under way.

    Cancelled, or broken, it takes what is under way along: no work outlives its loop.
    """
    running: set[asyncio.Task[None]] = set()
    try:
        await _lease_and_do(lane, listener, stopping, running)
        if running:
            await asyncio.wait(running)
    finally:
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)


async def _lease_and_do(
    lane: Lane, listener: Listener, stopping: asyncio.Event, running: set[asyncio.Task[None]]
) -> None:
    rest = Rest(lane.name)
    while not stopping.is_set():
        if pause_s := rest.seconds:
            await listener.wait(pause_s)
            continue
        try:
            leased = await lane.source.lease(lane.name, lane.width - len(running), lane.owner)
            for work in leased:
                task = asyncio.create_task(do_one(lane, rest, work))
                running.add(task)
                task.add_done_callback(running.discard)
                task.add_done_callback(lambda _: listener.rung.set())
            if len(running) < lane.width and not leased:
                await listener.wait(await idle_s(lane.source, lane.name, lane.clock))
            elif len(running) == lane.width:
                await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        except CalotypeError as error:
            rest.met(error)
            await listener.wait(PAUSE_S)


async def idle_s(source: WorkSource, lane: str, clock: Clock) -> float:
    """How long there is nothing to do in a lane, unless it rings: at most 20 s."""
    due = await source.next_due(lane)
    if due is None:
        return BACKSTOP_S
    return min(BACKSTOP_S, max(0, due - clock.now_ms()) / 1000)


async def do_one(lane: Lane, rest: Rest, work: Leased) -> None:
    """Do one leased piece and settle it, whatever comes of it; its lease is prolonged meanwhile."""
    with tracing(work.trace):
        await _do_traced(lane, rest, work)


async def _do_traced(lane: Lane, rest: Rest, work: Leased) -> None:
    doing = asyncio.current_task()
    assert doing is not None
    beating = asyncio.create_task(_beat(lane.source, rest, work, doing))
    handler = lane.handlers.get(work.kind)
    try:
        if handler is None:
            await lane.source.bury(work, f"nobody here handles {work.kind}")
        elif work.worn_out:
            await _give_up(lane, rest, handler, work, "its worker died at every try")
        else:
            await _try(lane, rest, handler, work)
    except Exception:
        # The queue itself is broken: the lease runs out by itself, and the work comes again.
        log.exception("%s %s could not be settled", work.kind, work.key)
    finally:
        beating.cancel()


async def _try(lane: Lane, rest: Rest, handler: Handler, work: Leased) -> None:
    began = time.perf_counter()
    try:
        await handler.run(work)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        if is_blameless(error):
            rest.met(error)
            if await rest.insist(lambda: lane.source.postpone(work, reason)):
                return
        words = loggable(error)
        log.warning("%s %s, try %d: %s", work.kind, work.key, work.attempt, words, exc_info=error)
        if work.last_try:
            await _give_up(lane, rest, handler, work, reason)
        else:
            await rest.insist(lambda: lane.source.retry(work, reason))
            lane.tally(RETRIED, 1, time.perf_counter() - began)
    else:
        await rest.insist(lambda: lane.source.finish(work))
        rest.over()
        seconds = time.perf_counter() - began
        lane.tally(DONE, 1, seconds)
        ms = round(seconds * 1000, 1)
        facts = {"kind": work.kind, "key": work.key, "attempt": work.attempt, "ms": ms}
        log.info("done", extra={"facts": facts})


async def _give_up(lane: Lane, rest: Rest, handler: Handler, work: Leased, reason: str) -> None:
    # Not the reason: the letter keeps it, and it may hold people's words.
    log.error("%s %s goes to the dead letters", work.kind, work.key)
    await handler.worn_out(work)
    await rest.insist(lambda: lane.source.bury(work, reason))
    lane.tally(GIVEN_UP, 1, 0.0)


async def _beat(source: WorkSource, rest: Rest, work: Leased, doing: asyncio.Task[None]) -> None:
    """Prolong the lease for as long as the work is done; once it is lost, stop the work."""
    while True:
        await asyncio.sleep(HEARTBEAT_S)
        try:
            if not await source.heartbeat(work):
                break
        except CalotypeError as error:
            rest.met(error)
    log.warning("%s %s is another worker's by now", work.kind, work.key)
    doing.cancel()
