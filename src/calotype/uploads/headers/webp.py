"""WebP: the chunks of one RIFF container."""

import struct
from collections.abc import Callable, Generator

from calotype.kernel.errors import BrokenImage
from calotype.uploads.headers.walker import Header, Request, Skip, Take, Walk

_ANIMATED = 0x02
_KEY_FRAME_START = b"\x9d\x01\x2a"
_LOSSLESS_SIGNATURE = 0x2F
_BROKEN = "this WebP's parts contradict each other; save it anew and send that"

Check = Callable[[Header], None]


def is_webp(head: bytes) -> bool:
    return head[:4] == b"RIFF" and head[8:12] == b"WEBP"


def walk(check: Check) -> Walk:
    """Calls `check` with each size the file gives, the canvas first, as soon as it is known.

    Raises:
        BrokenImage: the chunks break the format's rules.
    """
    start = yield Take(12)
    rest = int.from_bytes(start[4:8], "little") - 4
    canvas: Header | None = None
    pictures = animated = 0
    while rest >= 8:
        kind, size = struct.unpack("<4sI", (yield Take(8)))
        rest -= 8
        if size > rest:
            raise BrokenImage(_BROKEN)
        read = 0
        if kind == b"VP8X" and not canvas:
            read, animated, canvas = yield from _extended(size)
            check(canvas)
        elif kind in _PICTURES and not animated:
            read, picture = yield from _PICTURES[kind](size)
            check(picture)
            canvas = _agreed(canvas, picture)
            pictures = 1
        elif kind == b"ANMF" and animated:
            pictures += 1
        padded = min(size + size % 2, rest)
        yield Skip(padded - read)
        rest -= padded
    yield Skip(max(rest, 0))
    if not canvas or not pictures:
        raise BrokenImage("this WebP has no picture in it; save it anew and send that")
    return Header("webp", canvas.width, canvas.height, frames=pictures)


def _agreed(canvas: Header | None, picture: Header) -> Header:
    if canvas and (canvas.width, canvas.height) != (picture.width, picture.height):
        raise BrokenImage(_BROKEN)
    return picture


def _extended(size: int) -> Generator[Request, bytes, tuple[int, int, Header]]:
    """The bytes read, the animation flag, and the canvas."""
    if size < 10:
        raise BrokenImage(_BROKEN)
    body = yield Take(10)
    width = int.from_bytes(body[4:7], "little") + 1
    height = int.from_bytes(body[7:10], "little") + 1
    return 10, body[0] & _ANIMATED, Header("webp", width, height)


def _lossy(size: int) -> Generator[Request, bytes, tuple[int, Header]]:
    if size < 10:
        raise BrokenImage(_BROKEN)
    body = yield Take(10)
    width, height = struct.unpack("<HH", body[6:])
    if body[0] & 1 or body[3:6] != _KEY_FRAME_START:
        raise BrokenImage(_BROKEN)
    return 10, Header("webp", width & 0x3FFF, height & 0x3FFF)


def _lossless(size: int) -> Generator[Request, bytes, tuple[int, Header]]:
    if size < 5:
        raise BrokenImage(_BROKEN)
    body = yield Take(5)
    bits = int.from_bytes(body[1:], "little")
    version = bits >> 29
    if body[0] != _LOSSLESS_SIGNATURE or version:
        raise BrokenImage(_BROKEN)
    return 5, Header("webp", (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1)


_PICTURES = {b"VP8 ": _lossy, b"VP8L": _lossless}
