"""The container that HEIC and AVIF share, checked before a decoder sees it.

The libraries for it fill what is missing of a cut file with plain colour and do not complain.
"""

from calotype.kernel.errors import BadMedia
from calotype.media.formats.original import Undecodable
from calotype.uploads.headers import isobmff
from calotype.uploads.headers.items import Items, read_items


def read_container(data: bytes) -> Items:
    """What the items of a whole file are.

    Raises:
        Undecodable: it contradicts itself, or the file ends before its items do.
    """
    try:
        found = _items(data)
    except BadMedia as error:
        raise Undecodable(error.message) from error
    if found is None or found.end > len(data):
        raise Undecodable("the file ends before its items do")
    return found


def is_kind(data: bytes, kind: str, brands: frozenset[bytes]) -> bool:
    """Whether its pictures are of that kind; judged by its brands where it is cut or broken."""
    if not isobmff.is_picture(data[:12]):
        return False
    try:
        found = _items(data)
    except BadMedia:
        found = None
    if found is not None and found.codec is not None:
        return found.codec == kind
    end = min(int.from_bytes(data[:4], "big"), len(data), 256)
    return bool(brands & {data[at : at + 4] for at in range(8, end, 4)})


def is_cut(data: bytes, _complaint: str) -> bool:
    try:
        found = _items(data)
    except BadMedia:
        return False
    return found is None or found.end > len(data)


def _items(data: bytes) -> Items | None:
    """The items of the first `meta` box; None where there is none.

    Raises:
        BrokenImage: it contradicts itself.
    """
    at = 0
    while at + 8 <= len(data):
        size, kind, head = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8], 8
        if size == 1:
            size, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        if kind == b"meta" and at + size <= len(data):
            return read_items(data[at + head + 4 : at + size])
        if size < head:
            return None
        at += size
    return None
