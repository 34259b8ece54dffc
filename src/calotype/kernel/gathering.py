"""Gather small things into batches: one write a moment instead of one for each.

Guarantees: what is added is handed on within a delay, or as soon as there is enough of it, in the
order of adding, a batch at a time. Refuses: to make whoever adds wait, and to be safe against a
kill: what was not handed on yet is lost with its process. Where it cannot be handed on, it is
counted and given up, so that memory stays bounded.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from typing import Generic, TypeVar

from calotype.kernel.errors import CalotypeError
from calotype.kernel.trouble import Trouble

T = TypeVar("T")
log = logging.getLogger("calotype.gathering")


class Gatherer(Generic[T]):
    """Hands what is added to `write`, at most `most` at once, `delay_s` after the first of them.

    Belongs to one event loop.
    """

    def __init__(
        self, write: Callable[[Sequence[T]], Awaitable[object]], *, delay_s: float, most: int
    ) -> None:
        self._write = write
        self._delay_s = delay_s
        self._most = most
        self._waiting: list[T] = []
        self._enough = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._trouble = Trouble(log, "what was gathered is given up")

    def add(self, items: Iterable[T]) -> None:
        """Never waits; beyond twice `most` the newest are dropped."""
        room = 2 * self._most - len(self._waiting)
        self._waiting += list(items)[: max(0, room)]
        if len(self._waiting) >= self._most:
            self._enough.set()
        if self._waiting and (self._task is None or self._task.done()):
            self._task = asyncio.get_running_loop().create_task(self._hand_on())

    async def flush(self) -> None:
        """Hand on at once what was added, and wait until that is done."""
        self._enough.set()
        if self._task is not None:
            await self._task

    async def _hand_on(self) -> None:
        while self._waiting:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._delay_s):
                    await self._enough.wait()
            batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            if len(self._waiting) < self._most:
                self._enough.clear()
            try:
                await self._write(batch)
                self._trouble.over()
            except CalotypeError as error:
                self._trouble.met(error)
