"""Access lines by the batch: the log's busiest lines, at a fraction of `logging`'s price.

Guarantees: the same line as the formatters of cli/logs.py make of it, in order among its kind, within
a tenth of a second; the event loop waits for no reader of the log; lines that a slow reader cost
are counted and told. Another logger's line may come before one that is older (decision 012).
"""

import asyncio
import logging
import os
import select
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import lru_cache
from time import gmtime, strftime
from typing import Literal

import msgspec

from calotype.web.access import Answered

log = logging.getLogger("calotype.access")

FLUSH_S = 0.1
# So many are written at once (40 KB), and so many wait for a slow reader before some are lost (1.6 MB).
BATCH = 200
WAITING = 8_000

_JSON = msgspec.json.Encoder()


class Line(msgspec.Struct, frozen=True, gc=False):
    """As `JsonFormatter` shows it."""

    time: str
    level: Literal["info"]
    logger: Literal["calotype.access"]
    message: Literal["answered"]
    request: str
    method: str
    route: str
    status: int
    ms: float
    bytes: int


class AccessWriter:
    """AccessLog onto a file descriptor. For one event loop's thread; a thread of its own writes."""

    def __init__(self, fd: int, as_text: bool) -> None:
        self._fd = fd
        self._encode = _as_text if as_text else _as_json
        self._waiting: list[Answered] = []
        self._lost = 0
        self._timer: asyncio.TimerHandle | None = None
        self._writer = ThreadPoolExecutor(1, "access")
        self._writing: Future[None] | None = None

    def tell(self, answered: Answered) -> None:
        if not log.isEnabledFor(logging.INFO):
            return
        waiting = self._waiting
        if len(waiting) >= WAITING:
            self._lost += 1
            return
        waiting.append(answered)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(FLUSH_S, self._tick)
        elif len(waiting) % BATCH == 0:
            self._hand_over()

    def close(self) -> None:
        """Write what is left, and return when it is written. Nothing may be told afterwards."""
        if self._timer is not None:
            self._timer.cancel()
        self._writer.submit(self._write, self._waiting, self._lost)
        self._writer.shutdown()

    def _tick(self) -> None:
        self._timer = None
        self._hand_over()
        if self._waiting:
            self._timer = asyncio.get_running_loop().call_later(FLUSH_S, self._tick)

    def _hand_over(self) -> None:
        """One batch is written at a time: behind a slow reader lines wait here, where they count."""
        if self._waiting and (self._writing is None or self._writing.done()):
            self._writing = self._writer.submit(self._write, self._waiting, self._lost)
            self._waiting, self._lost = [], 0

    def _write(self, answered: list[Answered], lost: int) -> None:
        with suppress(OSError):  # the log itself is gone: there is nobody to tell
            for piece in _pieces(self._encode(each) for each in answered):
                _write_all(self._fd, piece)
        if lost:
            log.warning("%d access lines were lost: nobody took the log in time", lost)


def _pieces(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Whole lines, as many as a pipe takes at once: another process's line comes between, not into them."""
    piece = b""
    for line in lines:
        if len(piece) + len(line) > select.PIPE_BUF:
            yield piece
            piece = b""
        piece += line
    if piece:
        yield piece


def _write_all(fd: int, piece: bytes) -> None:
    """A terminal, a socket or a full disk may take a part."""
    while piece:
        piece = piece[os.write(fd, piece) :]


def _as_json(answered: Answered) -> bytes:
    line = Line(
        _time(answered.at_s),
        "info",
        "calotype.access",
        "answered",
        answered.request,
        answered.method,
        answered.route,
        answered.status,
        answered.ms,
        answered.bytes,
    )
    return _JSON.encode(line) + b"\n"


def _as_text(answered: Answered) -> bytes:
    line = (
        f"{_time(answered.at_s)} INFO calotype.access: answered method={answered.method} "
        f"route={answered.route} status={answered.status} ms={answered.ms} "
        f"bytes={answered.bytes} request={answered.request}\n"
    )
    return line.encode(errors="backslashreplace")


def _time(at_s: float) -> str:
    ms = int(at_s * 1000)
    return f"{_second(ms // 1000)}.{ms % 1000:03d}Z"


@lru_cache(maxsize=2)
def _second(at_s: int) -> str:
    return strftime("%Y-%m-%dT%H:%M:%S", gmtime(at_s))
