"""The pace of a client: how long a request may keep a connection and a half-written file.

Only time spent waiting for the client counts, so that nobody is blamed for a slow disk of ours.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import suppress

from calotype.kernel.errors import TooSlow
from calotype.uploads.settings import UploadSettings


async def paced(
    body: AsyncIterator[bytes],
    limits: UploadSettings,
    monotonic: Callable[[], float] = time.monotonic,
) -> AsyncGenerator[bytes, None]:
    """The chunks of `body`, as long as they come quickly enough.

    Raises:
        TooSlow: nothing came for `idle_s`, all waiting together took `total_s`, or the average
            fell below `min_rate` after `min_rate_after_s`.
    """
    waited = 0.0
    received = 0
    while True:
        started = monotonic()
        patience = min(limits.idle_s, limits.total_s - waited)
        try:
            async with asyncio.timeout(patience):
                chunk = await anext(body)
        except StopAsyncIteration:
            return
        except TimeoutError as error:
            raise TooSlow(
                f"no data came for {patience:g} seconds; send again on a better connection"
            ) from error
        waited += monotonic() - started
        received += len(chunk)
        _check_average(received, waited, limits)
        yield chunk


async def drain(body: AsyncIterator[bytes], max_bytes: int, seconds: float) -> None:
    """Read and drop the rest of a refused request, so that the client gets to read the answer.

    Stops, without an error, after `max_bytes` or `seconds`, or when the client is gone.
    """
    with suppress(Exception):  # there is nobody left to tell: the answer is decided already
        async with asyncio.timeout(seconds):
            async for chunk in body:
                max_bytes -= len(chunk)
                if max_bytes <= 0:
                    return


def _check_average(received: int, waited: float, limits: UploadSettings) -> None:
    if waited >= limits.total_s:
        raise TooSlow(f"the request took longer than {limits.total_s:g} seconds; send less at once")
    if waited > limits.min_rate_after_s and received < limits.min_rate * waited:
        raise TooSlow(
            f"the request came at less than {limits.min_rate} bytes a second; "
            "send again on a better connection"
        )
