"""Connections that are bounded in number, and heads of requests that are bounded in time and size.

The server's own protocol begins to watch a connection once it has answered on it; a client that
connects and says nothing, sends its head byte by byte, or takes nothing of what it asked for,
could hold it for ever.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from calotype.web.settings import WebSettings

MAX_HEAD_BYTES = 64 * 1024
_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nretry-after: 5\r\n"
    b"connection: close\r\n\r\n"
)
_TOO_LONG = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\n"
    b"connection: close\r\n\r\n"
)


class BoundedProtocol(HttpToolsProtocol):
    """`header_s`, `stall_s` and `max_connections` are set by `bounded_protocol`."""

    header_s: float
    stall_s: float
    max_connections: int

    _patience: asyncio.TimerHandle | None = None
    _stall: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _in_head = True
    _in_message = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self.max_connections:
            self._end(_FULL)
        else:
            self._start_patience()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_patience()
        self._stop_stall()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The client takes too little: what was sent fills the buffers of both sides."""
        super().pause_writing()
        self._stall = self.loop.call_later(self.stall_s, self.transport.abort)

    def resume_writing(self) -> None:
        self._stop_stall()
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if not self._in_head:
            return
        if self._head_bytes > MAX_HEAD_BYTES:
            self._end(_TOO_LONG)
        elif self._head_bytes and self._patience is None:
            self._start_patience()  # a head that came whole, as nearly all do, needs no timer

    def on_message_begin(self) -> None:
        self._in_message = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        if self._patience is not None:
            self._stop_patience()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._in_message = False
        self._in_head = True
        self._head_bytes = 0
        if self._patience is not None:
            self._stop_patience()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._in_message and not self.transport.is_closing():
            self._start_patience()  # the rest of a body that was answered already

    def _start_patience(self) -> None:
        self._stop_patience()
        self._patience = self.loop.call_later(self.header_s, self._end, b"")

    def _stop_patience(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _stop_stall(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None

    def _end(self, words: bytes) -> None:
        if not self.transport.is_closing():
            if words:
                self.transport.write(words)
            self.transport.close()


def bounded_protocol(settings: WebSettings, max_connections: int) -> type[asyncio.Protocol]:
    """The protocol class for a server with these bounds."""
    bounds: dict[str, Any] = {
        "header_s": settings.header_s,
        "stall_s": settings.stall_s,
        "max_connections": max_connections,
    }
    return type("Bounded", (BoundedProtocol,), bounds)
