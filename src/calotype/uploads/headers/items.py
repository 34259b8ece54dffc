"""The items of a HEIC or AVIF file: the `meta` box, which says what lies where.

Read from ISO/IEC 14496-12 (8.11, the meta box) and 23008-12 (6.5, item properties). Only what the
checks need: the codec, the sizes, and how far into the file the items reach.
"""

import struct
from collections.abc import Iterator
from typing import Literal

import msgspec

from calotype.kernel.errors import BrokenImage

_CODECS: dict[bytes, Literal["heic", "avif"]] = {b"hvc1": "heic", b"av01": "avif"}
_UNSPECIFIED = (2, 2)
# Of at most 256 x 256 tiles; Apple's are 512 pixels wide.
_MAX_EXTENTS = 1 << 17


class Items(msgspec.Struct, frozen=True):
    """What a file's items are.

    Attributes:
        codec: of the pictures; None where there is none that is known here.
        size: width and height of the primary picture as stored, before it is turned or cropped.
        largest: the largest width and the largest height of any picture.
        colour: of the primary picture, by the numbers of ITU-T H.273: primaries and transfer;
            2 where the file does not say.
        end: the bytes of file that the items reach.
    """

    codec: Literal["heic", "avif"] | None
    size: tuple[int, int]
    largest: tuple[int, int]
    colour: tuple[int, int]
    end: int


def read_items(meta: bytes) -> Items:
    """Read the content of a `meta` box, after its version and flags.

    Raises:
        BrokenImage: it contradicts itself.
    """
    try:
        boxes = dict(_boxes(meta))
        primary = _primary(boxes[b"pitm"])
        kinds = _kinds(boxes[b"iinf"])
        properties = dict(_boxes(boxes[b"iprp"]))
        sizes, colours = _sizes(properties[b"ipco"]), _colours(properties[b"ipco"])
        associated = _associated(properties[b"ipma"], primary)
        end = max((reach for _, reach in _reaches(boxes[b"iloc"])), default=0)
    except (KeyError, IndexError, struct.error) as error:
        raise _broken() from error
    mine = [sizes[number] for number in associated if number in sizes]
    if primary not in kinds or not mine:
        raise _broken()
    codecs = [_CODECS[kind] for kind in kinds.values() if kind in _CODECS]
    codec = _CODECS.get(kinds[primary]) or (codecs[0] if codecs else None)
    width = max(width for width, _ in sizes.values())
    height = max(height for _, height in sizes.values())
    colour = next((colours[number] for number in associated if number in colours), _UNSPECIFIED)
    return Items(codec, mine[-1], (width, height), colour, end)


def _broken() -> BrokenImage:
    return BrokenImage("the description of this photo is damaged; save it anew and send that")


def _boxes(data: bytes, start: int = 0) -> Iterator[tuple[bytes, bytes]]:
    while start + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, start)
        if size == 0:
            size = len(data) - start
        if size < 8 or start + size > len(data):
            raise _broken()
        yield kind, data[start + 8 : start + size]
        start += size


def _primary(pitm: bytes) -> int:
    return int.from_bytes(pitm[4 : 6 if pitm[0] == 0 else 8], "big")


def _kinds(iinf: bytes) -> dict[int, bytes]:
    """The kind of each item by its number."""
    kinds = {}
    for box, entry in _boxes(iinf, 6 if iinf[0] == 0 else 8):
        if box == b"infe" and entry[0] >= 2:
            wide = 2 if entry[0] == 2 else 4
            number = int.from_bytes(entry[4 : 4 + wide], "big")
            kinds[number] = entry[6 + wide : 10 + wide]
    return kinds


def _sizes(ipco: bytes) -> dict[int, tuple[int, int]]:
    """The sizes among the properties, by the number of the property, which begins at 1."""
    return {
        number: struct.unpack_from(">II", content, 4)
        for number, (kind, content) in enumerate(_boxes(ipco), start=1)
        if kind == b"ispe"
    }


def _colours(ipco: bytes) -> dict[int, tuple[int, int]]:
    """The colours by numbers among the properties, by the number of the property."""
    return {
        number: struct.unpack_from(">HH", content, 4)
        for number, (kind, content) in enumerate(_boxes(ipco), start=1)
        if kind == b"colr" and content[:4] == b"nclx"
    }


def _associated(ipma: bytes, item: int) -> list[int]:
    """The numbers of an item's properties."""
    entries = struct.unpack_from(">I", ipma, 4)[0]
    wide_item, wide_property = ipma[0] >= 1, bool(ipma[3] & 1)
    at = 8
    for _ in range(entries):
        number, count = struct.unpack_from(">IB" if wide_item else ">HB", ipma, at)
        at += 5 if wide_item else 3
        if number == item:
            indices = struct.unpack_from(f">{count}{'H' if wide_property else 'B'}", ipma, at)
            return [index & (0x7FFF if wide_property else 0x7F) for index in indices]
        at += count * (2 if wide_property else 1)
    return []


def _reaches(iloc: bytes) -> Iterator[tuple[int, int]]:
    """Each stretch of an item: the item's number, and where in the file the stretch ends."""
    version, sizes = iloc[0], int.from_bytes(iloc[4:6], "big")
    offset, length, base, index = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    wide = 4 if version == 2 else 2
    fields = _Fields(iloc, 6)
    stretches = 0
    for _ in range(fields.take(wide)):
        item = fields.take(wide)
        within_file = version == 0 or fields.take(2) & 15 == 0
        fields.take(2)
        start = fields.take(base)
        extents = fields.take(2)
        stretches += extents
        if stretches > _MAX_EXTENTS:
            raise _broken()
        for _ in range(extents):
            if version:
                fields.take(index)
            end = start + fields.take(offset) + fields.take(length)
            if within_file:
                yield item, end


class _Fields:
    """Numbers of changing width, one behind the other."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data, self._at = data, at

    def take(self, width: int) -> int:
        """Raises IndexError: the data are over."""
        field = self._data[self._at : self._at + width]
        if len(field) < width:
            raise IndexError
        self._at += width
        return int.from_bytes(field, "big")
