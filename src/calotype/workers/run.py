"""Run a worker: all its loops, until it is told to stop."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from calotype.connections.doorbell import Listener, UnixDoorbell
from calotype.events.log import Relay
from calotype.workers.batches import BatchLane, work_off_batches
from calotype.workers.lane import Lane, work_off
from calotype.workers.routine import Routine, relay, repeat

# What is under way when a worker is told to stop may take so long to end, in seconds.
DRAIN_S = 20.0


@dataclass(frozen=True)
class Worker:
    """What one worker process does."""

    doorbell: UnixDoorbell
    relay: Relay
    relay_topic: str
    lanes: Sequence[Lane]
    batches: Sequence[BatchLane]
    routines: Sequence[Routine]

    async def run(self, stopping: asyncio.Event) -> None:
        """Reclaim what a predecessor of this name left, then work until `stopping`.

        What has not ended 20 s after that is cut off; its leases come due by themselves.
        """
        everything: list[Lane | BatchLane] = [*self.lanes, *self.batches]
        for lane in {id(lane.source): lane for lane in everything}.values():
            await lane.source.reclaim(lane.owner)
        listeners: list[Listener] = []

        def listen(topic: str) -> Listener:
            listener = self.doorbell.listen(topic)
            listeners.append(listener)
            return listener

        loops = [relay(self.relay, listen(self.relay_topic), stopping)]
        loops += [
            work_off(lane, listen(lane.source.topic(lane.name)), stopping) for lane in self.lanes
        ]
        loops += [
            work_off_batches(lane, listen(lane.source.topic(lane.name)), stopping)
            for lane in self.batches
        ]
        loops += [repeat(routine, stopping) for routine in self.routines]
        tasks = [asyncio.create_task(loop) for loop in loops]
        watch = asyncio.create_task(stopping.wait())
        # A loop that ends before it is told to is broken: end with it, and be started again.
        await asyncio.wait([watch, *tasks], return_when=asyncio.FIRST_COMPLETED)
        stopping.set()
        watch.cancel()
        for listener in listeners:
            listener.rung.set()
        _, late = await asyncio.wait(tasks, timeout=DRAIN_S)
        for task in late:
            task.cancel()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome
