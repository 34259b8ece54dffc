"""Loops that are not lanes: the relay, and what is done every so often."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from calotype.connections.doorbell import Listener
from calotype.events.log import Relay
from calotype.kernel.errors import CalotypeError
from calotype.workers.lane import BACKSTOP_S, PAUSE_S

log = logging.getLogger("calotype.workers")

RELAYED = 200


@dataclass(frozen=True)
class Routine:
    """Something done at start and then every `every_s` seconds."""

    name: str
    every_s: float
    run: Callable[[], Awaitable[object]]


async def relay(relay: Relay, listener: Listener, stopping: asyncio.Event) -> None:
    """Pass events on from the outbox to the log until `stopping`."""
    while not stopping.is_set():
        try:
            if await relay.pass_on(RELAYED) < RELAYED:
                await listener.wait(BACKSTOP_S)
        except CalotypeError as error:
            log.warning("the relay rests: %s", error)
            await listener.wait(PAUSE_S)


async def repeat(routine: Routine, stopping: asyncio.Event) -> None:
    """Run a routine again and again until `stopping`; a failure is logged and tried again."""
    while not stopping.is_set():
        try:
            await routine.run()
        except Exception:
            log.exception("the routine %s failed; it will be tried again", routine.name)
        try:
            async with asyncio.timeout(routine.every_s):
                await stopping.wait()
        except TimeoutError:
            continue
