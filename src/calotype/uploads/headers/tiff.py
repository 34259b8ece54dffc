"""TIFF: the first directory, wherever in the file it lies.

Refuses raw photos, which are TIFF files whose first picture is a preview or a sensor's pattern.
"""

import struct
from collections.abc import Callable

from calotype.kernel.errors import BrokenImage, NotAnImage
from calotype.uploads.headers.walker import Header, Skip, Take, Walk

MAGICS = (b"II*\x00", b"MM\x00*")

_KIND, _WIDTH, _HEIGHT, _COMPRESSION, _MEANING = 254, 256, 257, 259, 262
_OFFSETS, _COUNTS, _DNG_VERSION = 273, 279, 50706
_SHORT = 3
_REDUCED = 1
_SENSOR_MEANINGS = {32803, 34892}
# Compressions of Sony, Nikon, Samsung, Pentax, Kodak: of their raw photos alone.
_RAW_COMPRESSIONS = {32767, 32769, 32770, 34713, 65000, 65535}
_MAX_ENTRIES = 4096

Check = Callable[[Header], None]
Tags = dict[int, tuple[int, int]]  # by tag: how many values, and the first one if it lies here


def walk(check: Check) -> Walk:
    """Calls `check` with the first picture's size.

    Raises:
        BrokenImage: the directory breaks the format's rules.
        NotAnImage: it is a raw photo.
    """
    start = yield Take(8)
    order = "<" if start[:2] == b"II" else ">"
    offset = struct.unpack(f"{order}I", start[4:])[0]
    if offset < 8:
        raise _broken()
    yield Skip(offset - 8)
    entries = struct.unpack(f"{order}H", (yield Take(2)))[0]
    if not 0 < entries <= _MAX_ENTRIES:
        raise _broken()
    tags = _tags((yield Take(12 * entries)), order)
    _refuse_raw(tags)
    if _WIDTH not in tags or _HEIGHT not in tags:
        raise _broken()
    header = Header("tiff", tags[_WIDTH][1], tags[_HEIGHT][1], held=True)
    check(header)
    position = offset + 2 + 12 * entries
    yield Skip(max(_end(tags) - position, 0))
    return header


def _broken() -> BrokenImage:
    return BrokenImage("the description of this TIFF is damaged; save it anew and send that")


def _tags(directory: bytes, order: str) -> Tags:
    tags = {}
    for at in range(0, len(directory), 12):
        tag, type_, count = struct.unpack_from(f"{order}HHI", directory, at)
        form = f"{order}H" if type_ == _SHORT else f"{order}I"
        tags[tag] = (count, struct.unpack_from(form, directory, at + 8)[0])
    return tags


def _refuse_raw(tags: Tags) -> None:
    def value(tag: int) -> int:
        return tags.get(tag, (1, 0))[1]

    if (
        _DNG_VERSION in tags
        or value(_KIND) & _REDUCED
        or value(_COMPRESSION) in _RAW_COMPRESSIONS
        or value(_MEANING) in _SENSOR_MEANINGS
    ):
        raise NotAnImage(
            "the file is a raw photo; develop it, and send the JPEG", seems="a raw photo"
        )


def _end(tags: Tags) -> int:
    """Where the pixels end, if they lie in one piece; those in several are the decoder's to miss."""
    offsets, counts = tags.get(_OFFSETS, (0, 0)), tags.get(_COUNTS, (0, 0))
    return offsets[1] + counts[1] if offsets[0] == counts[0] == 1 else 0
