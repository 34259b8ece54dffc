"""PNG, by libvips and libspng; the default picture stands for an animation.

Colour that is given by numbers (cICP, gAMA, cHRM) instead of a profile is unknown to the decoder:
it is read here, in the order of precedence of the PNG specification (third edition, 4.3).
"""

import struct
from collections.abc import Iterator
from typing import Any

import pyvips

from calotype.media.colour import SRGB_GAMMA, cicp_profile, gamma_profile
from calotype.media.formats.original import Format, Original, described, with_colours

_MAGIC = b"\x89PNG\r\n\x1a\n"
_GREY, _GREY_ALPHA = 0, 4


def _open(data: bytes) -> Original:
    image = _load(data)
    streamed = not image.get_typeof("interlaced")
    return described(image, lambda _shrink: _coloured(_load(data), data), streamed)


def _load(data: bytes) -> Any:
    return pyvips.Image.pngload_buffer(data, access="sequential", fail_on="truncated")


def _coloured(image: Any, data: bytes) -> Any:
    chunks = dict(_before_pixels(data))
    grey = chunks.get(b"IHDR", b"")[9:10] in {bytes([_GREY]), bytes([_GREY_ALPHA])}
    profile = None
    if len(numbers := chunks.get(b"cICP", b"")) == 4:
        profile = None if grey else cicp_profile(numbers[0], numbers[1])
    elif not chunks.keys() & {b"iCCP", b"sRGB"}:
        profile = _by_gamma(chunks, grey)
    if profile is None:
        return image
    orientation = int(image.get("orientation")) if image.get_typeof("orientation") else 1
    return with_colours(image, profile, orientation)


def _by_gamma(chunks: dict[bytes, bytes], grey: bool) -> bytes | None:
    """The profile of a gAMA and perhaps a cHRM; None where they say sRGB, or nothing sound."""
    stored, corners = chunks.get(b"gAMA", b""), chunks.get(b"cHRM", b"")
    if len(stored) != 4 or not (encoding := int.from_bytes(stored, "big") / 100_000):
        return None
    chromaticities = None
    if len(corners) == 32 and not grey:
        values = [value / 100_000 for value in struct.unpack(">8I", corners)]
        chromaticities = tuple(zip(values[::2], values[1::2], strict=True))
    gamma = SRGB_GAMMA if abs(encoding - 1 / SRGB_GAMMA) < 0.02 else 1 / encoding
    return gamma_profile(gamma, chromaticities, grey)


def _before_pixels(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_MAGIC)
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"IDAT":
            return
        yield kind, data[at + 8 : at + 8 + min(length, 64)]
        at += 12 + length


PNG = Format(
    content_type="image/png",
    matches=lambda data: data.startswith(_MAGIC),
    open=_open,
    cut=lambda data, _complaint: b"IEND" not in data,
)
