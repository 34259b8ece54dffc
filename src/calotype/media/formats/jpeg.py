"""JPEG, by libvips and libjpeg-turbo."""

from functools import partial
from typing import Any

import pyvips

from calotype.media.formats.original import Format, Original, described

# libjpeg's words for entropy data that cannot be followed, as against the bytes too many that
# cameras write and every viewer passes over.
_DAMAGE = ("bad Huffman code", "bad arithmetic code", "bad progression", "found marker")
_CUT = "premature end"
_END = b"\xff\xd9"


def _load(data: bytes, shrink: int) -> Any:
    # By name: the generic loader hands gain-map photos to another, which decodes them in full.
    return pyvips.Image.jpegload_buffer(
        data, shrink=shrink, access="sequential", fail_on="truncated"
    )


def _open(data: bytes) -> Original:
    image = _load(data, 1)
    # In several scans (progressive, mostly) a picture is held whole.
    scans = bool(image.get_typeof("jpeg-multiscan") and image.get("jpeg-multiscan"))
    # Many programs lose the last marker. With it put back, libjpeg complains only when pixels
    # are missing too; in a file of several scans it would hide that the last ones are.
    mended = data if scans else data + _END
    return described(image, partial(_load, mended), streamed=not scans)


JPEG = Format(
    content_type="image/jpeg",
    matches=lambda data: data[:3] == b"\xff\xd8\xff",
    open=_open,
    cut=lambda _data, complaint: _CUT in complaint,
    harmful=(*_DAMAGE, _CUT),
    shrinks=(8, 4, 2, 1),
)
