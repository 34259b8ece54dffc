"""Loops that are not lanes: the relay, and what is done every so often."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from calotype.connections.doorbell import Listener
from calotype.events.log import Relay
from calotype.kernel.errors import CalotypeError, Unavailable
from calotype.kernel.trouble import Trouble
from calotype.workers.lane import BACKSTOP_S
from calotype.workers.rest import PAUSE_S

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
    trouble = Trouble(log, "the relay rests")
    while not stopping.is_set():
        try:
            if await relay.pass_on(RELAYED) < RELAYED:
                trouble.over()
                await listener.wait(BACKSTOP_S)
        except CalotypeError as error:
            trouble.met(error)
            await listener.wait(PAUSE_S)


async def repeat(routine: Routine, stopping: asyncio.Event) -> None:
    """Run a routine again and again until `stopping`; a failure is logged and tried again."""
    trouble = Trouble(log, f"the routine {routine.name} waits")
    while not stopping.is_set():
        try:
            await routine.run()
            trouble.over()
        except Unavailable as error:
            trouble.met(error)
        except Exception:
            log.exception("the routine %s failed; it will be tried again", routine.name)
        try:
            async with asyncio.timeout(routine.every_s):
                await stopping.wait()
        except TimeoutError:
            continue
