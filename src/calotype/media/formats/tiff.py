"""TIFF, by libvips and libtiff; the first page stands for a document."""

from typing import Any

import pyvips

from calotype.media.formats.original import Format, Original, described

_CUT = ("Read error", "out of range", "end of file", "Not enough data", "not a known")


def _load(data: bytes) -> Any:
    return pyvips.Image.tiffload_buffer(data, access="sequential", fail_on="truncated")


def _open(data: bytes) -> Original:
    return described(_load(data), lambda _shrink: _load(data), streamed=False)


TIFF = Format(
    content_type="image/tiff",
    matches=lambda data: data[:4] in {b"II*\0", b"MM\0*"},
    open=_open,
    cut=lambda _data, complaint: any(words in complaint for words in _CUT),
)
