"""Request bodies as streams."""

from collections.abc import AsyncIterator
from typing import Any

from litestar import Request

from calotype.kernel.errors import Malformed

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
