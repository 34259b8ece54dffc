"""The loop that works off a group of events in batches: many small ones, one write for all.

Guarantees: what a `lane` does, batch by batch: nothing is finished before its effect; where a
batch fails, its pieces are done one by one, so that one bad piece holds up none of the others.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from calotype.connections.doorbell import Listener
from calotype.kernel.clock import Clock
from calotype.kernel.errors import CalotypeError, loggable
from calotype.kernel.leases import Leased, WorkSource
from calotype.workers.lane import DONE, Handler, Lane, Tally, do_one, idle_s
from calotype.workers.rest import PAUSE_S, Rest

log = logging.getLogger("calotype.workers")

BATCH = 500
# After a ring, so that what comes at once is done at once: a batch costs much the same whether it
# holds one event or a hundred.
GATHER_S = 0.05


@dataclass(frozen=True)
class BatchLane:
    """Where work comes from, and who does any number of it at once, of whatever kind.

    `handle` is idempotent, and done with 500 pieces well within a lease: no heartbeat is sent.
    """

    source: WorkSource
    name: str
    handle: Callable[[Sequence[Leased]], Awaitable[None]]
    kinds: frozenset[str]
    owner: str
    clock: Clock
    tally: Tally

    @property
    def one_by_one(self) -> Lane:
        async def handle(work: Leased) -> None:
            await self.handle([work])

        handlers = {kind: Handler(handle) for kind in self.kinds}
        return Lane(self.source, self.name, 1, handlers, self.owner, self.clock, self.tally)


async def work_off_batches(lane: BatchLane, listener: Listener, stopping: asyncio.Event) -> None:
    """Lease and do work until `stopping`, a batch at a time."""
    rest = Rest(lane.name)
    while not stopping.is_set():
        if pause_s := rest.seconds:
            await listener.wait(pause_s)
            continue
        try:
            leased = await lane.source.lease(lane.name, BATCH, lane.owner)
            if leased:
                await _do(lane, rest, leased)
            elif await listener.wait(await idle_s(lane.source, lane.name, lane.clock)):
                await asyncio.sleep(GATHER_S)
        except CalotypeError as error:
            rest.met(error)
            await listener.wait(PAUSE_S)


async def _do(lane: BatchLane, rest: Rest, works: Sequence[Leased]) -> None:
    began = time.perf_counter()
    # What killed a worker before must not take the others along.
    suspects = [work for work in works if work.attempt > 1]
    others = [work for work in works if work.attempt == 1]
    try:
        if others:
            await lane.handle(others)
    except Exception as error:
        words = loggable(error)
        log.warning("%d of %s together: %s; one by one", len(others), lane.name, words)
        suspects += others
    else:
        await rest.insist(lambda: lane.source.finish_all(others))
        seconds = time.perf_counter() - began
        lane.tally(DONE, len(others), seconds)
        facts = {"lane": lane.name, "works": len(others), "ms": round(seconds * 1000, 1)}
        log.info("done together", extra={"facts": facts})
    for work in suspects:
        await do_one(lane.one_by_one, rest, work)
