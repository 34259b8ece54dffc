"""WebP, by libvips and libwebp; the first frame stands for an animation."""

from functools import partial
from typing import Any

import pyvips

from calotype.media.formats.original import Format, Original, described


def _load(data: bytes, shrink: int) -> Any:
    return pyvips.Image.webpload_buffer(
        data, scale=1 / shrink, access="sequential", fail_on="truncated"
    )


def _open(data: bytes) -> Original:
    return described(_load(data, 1), partial(_load, data), streamed=False)


WEBP = Format(
    content_type="image/webp",
    matches=lambda data: data[:4] == b"RIFF" and data[8:12] == b"WEBP",
    open=_open,
    cut=lambda data, _complaint: int.from_bytes(data[4:8], "little") + 8 > len(data),
    shrinks=(8, 4, 2, 1),
)
