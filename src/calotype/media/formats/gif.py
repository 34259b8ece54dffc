"""GIF, by libvips and libnsgif; the first frame stands for an animation."""

from typing import Any

import pyvips

from calotype.media.formats.original import Format, Original, described


def _load(data: bytes) -> Any:
    return pyvips.Image.gifload_buffer(data, access="sequential", fail_on="truncated")


def _open(data: bytes) -> Original:
    return described(_load(data), lambda _shrink: _load(data), streamed=False)


GIF = Format(
    content_type="image/gif",
    matches=lambda data: data.startswith((b"GIF87a", b"GIF89a")),
    open=_open,
    cut=lambda data, _complaint: not data.rstrip(b"\0").endswith(b";"),
)
