"""HEIC and AVIF: the boxes of one ISO base media file (ISO/IEC 14496-12, 23008-12).

A file is complete when every stretch of it that its items name has arrived: decoders fill what is
missing of a cut photo with plain green and complain of nothing.
"""

from collections.abc import Callable, Generator

from calotype.kernel.errors import BrokenImage, NotAnImage
from calotype.uploads.headers.items import Items, read_items
from calotype.uploads.headers.walker import Header, Request, Skip, Take, Walk

# The brands of still pictures and of bursts; films come under others.
BRANDS = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
    | {b"avif", b"avis", b"mif1", b"mif2", b"msf1", b"miaf", b"MiHB", b"MiHE", b"MA1A", b"MA1B"}
)

_MAX_BOXES = 1000
# The description of an iPhone's photo has 4 KB without its colour profile. It is kept whole.
_MAX_DESCRIPTION = 1 << 20
_DAMAGED = "a part of this photo's file is damaged; save it anew and send that"

Check = Callable[[Header], None]


def is_picture(head: bytes) -> bool:
    return head[4:8] == b"ftyp" and head[8:12] in BRANDS


def walk(check: Check) -> Walk:
    """Calls `check` with the largest size that the file gives for any of its pictures.

    Raises:
        BrokenImage: the boxes break the format's rules.
        NotAnImage: no picture of a kind that is shown here.
    """
    position = 0
    items: Items | None = None
    for _ in range(_MAX_BOXES):
        kind, head, size = yield from _box(first=position == 0)
        if kind == b"meta" and items is None:
            items = yield from _description(size)
            check(_header(items, largest=True))
        elif size is None:
            if items is None:
                raise BrokenImage(_DAMAGED)
            # The last box goes on to the end of the file, which its items must reach.
            yield Skip(max(items.end - position - head, 0))
        else:
            yield Skip(size)
        position += head + (size or 0)
        if items is not None and (size is None or position >= items.end):
            return _header(items)
    raise BrokenImage(_DAMAGED)


def _box(first: bool) -> Generator[Request, bytes, tuple[bytes, int, int | None]]:
    """A box's kind, the bytes of its head, and those that follow; None: up to the file's end."""
    start = yield Take(8)
    kind, head, size = start[4:8], 8, int.from_bytes(start[:4], "big")
    if size == 1:
        size, head = int.from_bytes((yield Take(8)), "big"), 16
    if size == 0 and not first:
        return kind, head, None
    if size < head or not kind.isascii():
        raise BrokenImage(_DAMAGED)
    return kind, head, size - head


def _description(size: int | None) -> Generator[Request, bytes, Items]:
    if size is None or not 4 <= size <= _MAX_DESCRIPTION:
        raise BrokenImage(_DAMAGED)
    return read_items((yield Take(size))[4:])


def _header(items: Items, largest: bool = False) -> Header:
    if items.codec is None:
        raise NotAnImage(
            "this file holds no photo of a kind that can be shown here; save it as a JPEG "
            "and send that",
            seems="a picture container",
        )
    width, height = items.largest if largest else items.size
    return Header(items.codec, width, height, held=True)
