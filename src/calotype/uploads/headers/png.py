"""PNG: chunks from IHDR to IEND."""

import struct
import zlib
from collections.abc import Callable, Generator

from calotype.kernel.errors import BrokenImage
from calotype.uploads.headers.walker import Header, Request, Skip, Take, Walk

MAGIC = b"\x89PNG\r\n\x1a\n"

_MAX_LENGTH = (1 << 31) - 1
# Bit depths by colour type: grey, RGB, palette, grey with alpha, RGB with alpha.
_DEPTHS = {0: {1, 2, 4, 8, 16}, 2: {8, 16}, 3: {1, 2, 4, 8}, 4: {8, 16}, 6: {8, 16}}

Check = Callable[[Header], None]


def walk(check: Check) -> Walk:
    """Calls `check` with the header as soon as the dimensions are known.

    Raises:
        BrokenImage: the chunks break the format's rules.
    """
    yield Skip(len(MAGIC))
    header = yield from _first_chunk()
    check(header)
    pixels = False
    frames = 1
    while True:
        length, kind = yield from _chunk()
        if kind == b"IEND":
            break
        if kind == b"IDAT":
            pixels = True
        if kind == b"acTL" and length == 8 and not pixels:
            frames = int.from_bytes((yield Take(4)), "big")
            length -= 4
        yield Skip(length + 4)
    yield Skip(length + 4)
    if not pixels or not frames:
        raise BrokenImage("this PNG has no picture in it; save it anew and send that")
    return Header("png", header.width, header.height, header.held, frames)


def _first_chunk() -> Generator[Request, bytes, Header]:
    chunk = yield Take(4 + 4 + 13 + 4)
    length, kind, width, height, depth, colour, _, _, interlace, checksum = struct.unpack(
        ">I4sIIBBBBBI", chunk
    )
    sound = (
        kind == b"IHDR"
        and length == 13
        and depth in _DEPTHS.get(colour, ())
        and checksum == zlib.crc32(chunk[4:21])
    )
    if not sound:
        raise BrokenImage("this PNG's header is damaged; save it anew and send that")
    return Header("png", width, height, held=interlace != 0)


def _chunk() -> Generator[Request, bytes, tuple[int, bytes]]:
    length, kind = struct.unpack(">I4s", (yield Take(8)))
    if length > _MAX_LENGTH or not kind.isalpha():
        raise BrokenImage("a part of this PNG is damaged; save it anew and send that")
    return length, kind
