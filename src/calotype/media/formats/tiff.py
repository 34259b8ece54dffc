"""TIFF, by libvips and libtiff; the first page stands for a document."""

from typing import Any

import pyvips

from calotype.media.formats.original import Format, Original, described


def _load(data: bytes) -> Any:
    # To libtiff, a strip that is missing is worth a warning.
    return pyvips.Image.tiffload_buffer(data, access="sequential", fail_on="warning")


def _open(data: bytes) -> Original:
    return described(_load(data), lambda _shrink: _load(data), streamed=False)


TIFF = Format(
    content_type="image/tiff",
    matches=lambda data: data[:4] in {b"II*\0", b"MM\0*"},
    open=_open,
    cut=lambda _data, _complaint: False,
)
