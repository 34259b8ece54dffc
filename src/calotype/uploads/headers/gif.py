"""GIF: blocks from the screen's description to the trailer.

A trailer that is missing behind a whole picture is forgiven, as every viewer does.
"""

import struct
from collections.abc import Callable, Generator

from calotype.kernel.errors import BrokenImage
from calotype.uploads.headers.walker import Header, Request, Skip, Take, TakeOrEnd, Walk

MAGICS = (b"GIF87a", b"GIF89a")

_EXTENSION, _PICTURE, _TRAILER = b"\x21", b"\x2c", b"\x3b"

Check = Callable[[Header], None]


def walk(check: Check) -> Walk:
    """Calls `check` with the header as soon as the screen's size is known.

    Raises:
        BrokenImage: the blocks break the format's rules.
    """
    width, height, flags = struct.unpack("<6xHHBxx", (yield Take(13)))
    check(Header("gif", width, height))
    yield Skip(_palette_bytes(flags))
    frames = 0
    while block := (yield TakeOrEnd(1)):
        if block == _EXTENSION:
            yield Skip(1)
        elif block == _PICTURE:
            described = yield Take(9)
            yield Skip(_palette_bytes(described[8]) + 1)
        else:
            break
        yield from _data()
        frames += block == _PICTURE
    if not frames or block not in {b"", _TRAILER}:
        raise BrokenImage("a part of this GIF is damaged; save it anew and send that")
    return Header("gif", width, height, frames=frames)


def _palette_bytes(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _data() -> Generator[Request, bytes, None]:
    while (size := (yield Take(1))[0]) > 0:
        yield Skip(size)
