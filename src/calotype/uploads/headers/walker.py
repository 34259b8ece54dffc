"""Pushes chunks into a parser that pulls.

A format is a generator that asks for bytes by yielding a Request, and returns its Header when the
picture or video is complete. The walker feeds it from chunks of any size; what it
keeps between chunks is shorter than the largest `Take`, so a file costs constant memory.
"""

import re
from collections.abc import Generator
from typing import Literal, TypeAlias

import msgspec


class Header(msgspec.Struct, frozen=True):
    """What a complete picture or video file says of itself.

    `held`: no decoder can stream it (all but baseline JPEG, plain PNG and WebP). `frames` is above 1 for
    an animation only; the further pictures of a camera's multi-picture JPEG do not count.
    Width and height are as stored, before any orientation is applied; of a video they may be 0,
    and so may be `seconds`, where it does not say.
    """

    format: Literal[
        "jpeg", "png", "webp", "gif", "heic", "avif", "tiff", "mp4", "mov", "webm", "matroska"
    ]
    width: int
    height: int
    held: bool = False
    frames: int = 1
    seconds: float = 0.0

    @property
    def content_type(self) -> str:
        return _VIDEO_TYPES.get(self.format, f"image/{self.format}")

    @property
    def is_video(self) -> bool:
        return self.format in _VIDEO_TYPES

    @property
    def animated(self) -> bool:
        return self.frames > 1

    @property
    def moves(self) -> bool:
        """Whether it is shown as a video: it is one, or an animation."""
        return self.is_video or self.animated


_VIDEO_TYPES = {
    "mp4": "video/mp4",
    "mov": "video/quicktime",
    "webm": "video/webm",
    "matroska": "video/x-matroska",
}


class Take(msgspec.Struct, frozen=True):
    """The next `count` bytes: small, because they are kept until complete."""

    count: int


class TakeOrEnd(msgspec.Struct, frozen=True):
    """The next `count` bytes, or b"" where the file ends before they are complete."""

    count: int


class ToEnd(msgspec.Struct, frozen=True):
    """Pass over all there is; answered with b"" at the end of the file."""


class Skip(msgspec.Struct, frozen=True):
    """Pass over `count` bytes; answered with b""."""

    count: int


class NextMarker(msgspec.Struct, frozen=True):
    """Pass over everything up to a JPEG marker; answered with the byte that names it.

    Stuffed zeros, restart markers and fill bytes are passed over, as is junk before a marker.
    """


Request: TypeAlias = Take | TakeOrEnd | ToEnd | Skip | NextMarker
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

    def end(self) -> None:
        """Say that the file is over: a walk that can end here does; raises what it raises."""
        if self.header is None and isinstance(self._request, TakeOrEnd | ToEnd):
            try:
                self._walk.send(b"")
            except StopIteration as done:
                self.header = done.value

    def _answer(self, position: int) -> tuple[bytes | None, int]:
        """What the request is answered with (None: more bytes are needed), and where that ends."""
        match self._request:
            case Take(count) | TakeOrEnd(count):
                end = position + count
                return (
                    (self._buffer[position:end], end)
                    if end <= len(self._buffer)
                    else (None, position)
                )
            case ToEnd():
                return None, len(self._buffer)
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
