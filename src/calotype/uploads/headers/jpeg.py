"""JPEG: markers from the start of the image to its end.

The primary picture's end is the file's end here: what cameras append (previews, gain maps, the
second picture of a pair, junk) is not looked at.
"""

import struct
from collections.abc import Callable, Generator

from calotype.kernel.errors import BrokenImage, NotAnImage
from calotype.uploads.headers.walker import Header, NextMarker, Request, Skip, Take, Walk

MAGIC = b"\xff\xd8\xff"

_START = 0xD8
_END = 0xD9
_SCAN = 0xDA
_STANDALONE = {0x01, _START}
_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = {0xC2, 0xC6, 0xCA, 0xCE}
# Lossless and hierarchical: of scanners and hospitals, and no viewer shows them.
_RARE = {0xC3, 0xC5, 0xC6, 0xC7, 0xCB, 0xCD, 0xCE, 0xCF}
_PRECISION = 8
# Each scan is one more pass over all pixels at the price of a few bytes. Encoders write about 10.
_MAX_SCANS = 100

Check = Callable[[Header], None]


def walk(check: Check) -> Walk:
    """Calls `check` with the header as soon as the dimensions are known.

    Raises:
        BrokenImage: the markers contradict each other.
        NotAnImage: a kind of JPEG that hardly any viewer shows.
    """
    yield Skip(2)
    header: Header | None = None
    scans = 0
    while (marker := (yield NextMarker())[0]) != _END:
        if marker in _STANDALONE:
            continue
        length = yield from _length()
        if marker in _FRAMES:
            if header:
                raise BrokenImage(
                    "this JPEG gives its dimensions twice; save it anew and send that"
                )
            header = yield from _frame(marker, length)
            check(header)
            continue
        if marker == _SCAN:
            scans += 1
            if not header or scans > _MAX_SCANS:
                raise BrokenImage("this JPEG's scans are out of order; save it anew and send that")
        yield Skip(length)
    if not header or not scans:
        raise BrokenImage("this JPEG ends before any picture; save it anew and send that")
    return header


def _length() -> Generator[Request, bytes, int]:
    """The bytes that follow in a marker's segment."""
    length = int.from_bytes((yield Take(2)), "big")
    if length < 2:
        raise BrokenImage(
            "a part of this JPEG has an impossible length; save it anew and send that"
        )
    return length - 2


def _frame(marker: int, length: int) -> Generator[Request, bytes, Header]:
    if length < 6:
        raise BrokenImage("this JPEG's header is too short; save it anew and send that")
    precision, height, width, components = struct.unpack(">BHHB", (yield Take(6)))
    if length != 6 + 3 * components:
        raise BrokenImage("this JPEG's header contradicts itself; save it anew and send that")
    if marker in _RARE or precision != _PRECISION:
        raise NotAnImage(
            "the file is a JPEG of a rare kind (lossless, or with 12 bits a colour); "
            "save it as an ordinary JPEG and send that",
            seems="a JPEG of a rare kind",
        )
    yield Skip(length - 6)
    return Header(format="jpeg", width=width, height=height, held=marker in _PROGRESSIVE)
