"""GIF: blocks from the logical screen to the trailer."""

import struct
from collections.abc import Callable, Generator

from calotype.kernel.errors import BrokenImage
from calotype.uploads.headers.walker import Header, Request, Skip, Take, TakeOrEnd, Walk

MAGICS = (b"GIF87a", b"GIF89a")

_IMAGE = 0x2C
_EXTENSION = 0x21
_TRAILER = 0x3B
_HAS_COLOURS = 0x80

Check = Callable[[Header], None]


def walk(check: Check) -> Walk:
    """Calls `check` with the screen, and again for a frame that reaches beyond it.

    A missing trailer is passed over, as every viewer does, where a whole frame came before.

    Raises:
        BrokenImage: the blocks break the format's rules.
    """
    start = yield Take(13)
    width, height, flags = struct.unpack("<HHB", start[6:11])
    check(Header("gif", width, height, held=True))
    yield Skip(_colours(flags))
    frames = 0
    while (block := (yield TakeOrEnd(1))) and (kind := block[0]) != _TRAILER:
        if kind == _IMAGE:
            reach = yield from _frame()
            check(Header("gif", max(width, reach[0]), max(height, reach[1]), held=True))
            frames += 1
        elif kind == _EXTENSION:
            yield Skip(1)
            yield from _blocks()
        elif kind:  # a zero is a block's end written twice
            raise BrokenImage("a part of this GIF is damaged; save it anew and send that")
    if not frames:
        raise BrokenImage("this GIF has no picture in it; save it anew and send that")
    return Header("gif", width, height, held=True, frames=frames)


def _frame() -> Generator[Request, bytes, tuple[int, int]]:
    """How far to the right and down a frame reaches."""
    left, top, width, height, flags = struct.unpack("<HHHHB", (yield Take(9)))
    yield Skip(_colours(flags) + 1)
    yield from _blocks()
    return left + width, top + height


def _blocks() -> Generator[Request, bytes, None]:
    while size := (yield Take(1))[0]:
        yield Skip(size)


def _colours(flags: int) -> int:
    """Bytes of the colour table that the flags announce."""
    return 3 << (flags & 7) + 1 if flags & _HAS_COLOURS else 0
