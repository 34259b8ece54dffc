"""Request bodies as streams."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from litestar import Request

from calotype.kernel.errors import CalotypeError, Malformed, TooLarge, TooSlow
from calotype.uploads.pace import drain

# How much of a refused body is still read, so that the client gets to see the refusal instead of
# a broken pipe: 64 MiB or 10 s.
DRAINED_BYTES = 64 * 1024 * 1024
DRAINED_S = 10.0


async def body_of(request: Request[Any, Any, Any]) -> AsyncIterator[bytes]:
    """The body's chunks as they arrive, with back pressure.

    Raises:
        Malformed: the connection ended before the body did.
    """
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise Malformed("the connection ended before the request did")
        assert message["type"] == "http.request"
        if message["body"]:
            yield message["body"]
        if not message["more_body"]:
            return


async def whole(body: AsyncIterator[bytes], limit: int) -> bytes:
    """A body that fits in memory. Raises TooLarge beyond `limit` bytes."""
    content = bytearray()
    async for chunk in body:
        content += chunk
        if len(content) > limit:
            raise TooLarge(f"the body may have {limit} bytes", limit=limit)
    return bytes(content)


@asynccontextmanager
async def answered_in_full(request: Request[Any, Any, Any]) -> AsyncIterator[AsyncIterator[bytes]]:
    """The body; of a refused request the rest is read, so that the client gets to see why."""
    body = body_of(request)
    try:
        yield body
    except CalotypeError as error:
        if not isinstance(error, TooSlow):
            await drain(body, DRAINED_BYTES, DRAINED_S)
        raise
