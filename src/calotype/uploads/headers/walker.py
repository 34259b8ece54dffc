"""Pushes chunks into a parser that pulls.

A format is a generator that asks for bytes by yielding `Take`, `Skip` or `NextMarker`, and returns
its Header when the picture is complete. The walker feeds it from chunks of any size; what it
keeps between chunks is shorter than the largest `Take`, so a file costs constant memory.
"""

import re
from collections.abc import Generator
from typing import Literal, TypeAlias

import msgspec


class Header(msgspec.Struct, frozen=True):
    """What a complete picture file says of itself.

    `held`: no decoder can stream it (all but baseline JPEG, plain PNG and WebP). `frames` is above 1 for
    an animation only; the further pictures of a camera's multi-picture JPEG do not count.
    Width and height are as stored, before any orientation is applied.
    """

    format: Literal["jpeg", "png", "webp", "gif", "heic", "avif", "tiff"]
    width: int
    height: int
    held: bool = False
    frames: int = 1

    @property
    def content_type(self) -> str:
        return f"image/{self.format}"

    @property
    def animated(self) -> bool:
        return self.frames > 1


class EndOfFile(Exception):
    """Thrown into a walk where the file ends; a walk that can live with it returns its Header."""


class Take(msgspec.Struct, frozen=True):
    """The next `count` bytes: small, because they are kept until complete."""

    count: int


class Skip(msgspec.Struct, frozen=True):
    """Pass over `count` bytes; answered with b""."""

    count: int


class NextMarker(msgspec.Struct, frozen=True):
    """Pass over everything up to a JPEG marker; answered with the byte that names it.

    Stuffed zeros, restart markers and fill bytes are passed over, as is junk before a marker.
    """


Request: TypeAlias = Take | Skip | NextMarker
Walk: TypeAlias = Generator[Request, bytes, Header]

_MARKER = re.compile(rb"\xff([^\x00\xd0-\xd7\xff])", re.DOTALL)


class Walker:
    """Drives one walk; after `header` is set, further bytes are the file's own affair."""

    def __init__(self, walk: Walk) -> None:
        self.header: Header | None = None
        self._walk = walk
        self._buffer = b""
        self._request = next(walk)
        self._skipped = 0

    def feed(self, chunk: bytes) -> None:
        """Advance as far as the bytes reach; raises what the walk raises."""
        if self.header:
            return
        self._buffer += chunk
        position = 0
        while self.header is None:
            answer, position = self._answer(position)
            if answer is None:
                break
            try:
                self._request = self._walk.send(answer)
            except StopIteration as done:
                self.header = done.value
        self._buffer = b"" if self.header else self._buffer[position:]

    def finish(self) -> None:
        """Say that there are no more bytes; `header` may be set by that."""
        if self.header:
            return
        try:
            self._walk.throw(EndOfFile())
        except StopIteration as done:
            self.header = done.value
        except EndOfFile:
            return

    def _answer(self, position: int) -> tuple[bytes | None, int]:
        """What the request is answered with (None: more bytes are needed), and where that ends."""
        match self._request:
            case Take(count):
                end = position + count
                return (
                    (self._buffer[position:end], end)
                    if end <= len(self._buffer)
                    else (None, position)
                )
            case Skip(count):
                return self._skip(count, position)
            case NextMarker():
                return self._seek_marker(position)

    def _skip(self, count: int, position: int) -> tuple[bytes | None, int]:
        step = min(count - self._skipped, len(self._buffer) - position)
        self._skipped += step
        if self._skipped < count:
            return None, position + step
        self._skipped = 0
        return b"", position + step

    def _seek_marker(self, position: int) -> tuple[bytes | None, int]:
        if found := _MARKER.search(self._buffer, position):
            return found[1], found.end()
        # A marker may be cut in two between this chunk and the next one.
        kept = 1 if self._buffer.endswith(b"\xff", position) else 0
        return None, len(self._buffer) - kept
