"""Waiting that cancellation may not cut short."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def to_the_end(work: Awaitable[T]) -> T:
    """Wait for `work` until it is done, even if this task is cancelled meanwhile.

    A thread cannot be stopped: whoever returns before it does may close a file that it still
    writes to. The cancellation is raised once the work is done. Only for work of bounded time.
    """
    future = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        while not future.done():
            try:
                await asyncio.wait([future])
            except asyncio.CancelledError:
                continue
        if not future.cancelled():
            future.exception()  # the cancellation is what the caller hears of
        raise
