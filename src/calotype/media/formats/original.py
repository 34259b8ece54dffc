"""What a format is, and what an opened original is."""

from collections.abc import Callable
from typing import Any

import msgspec
import pyvips


class Original(msgspec.Struct, frozen=True):
    """An opened original: its header is read, its pixels are not decoded.

    Attributes:
        width: as stored, in pixels, before any turn; so is `height`.
        height: see `width`.
        orientation: the turn that is still to be made, as EXIF numbers it, 1 to 8.
        streamed: whether it is decoded row by row, not held whole.
        decode: the picture, at most so many times smaller, as a libvips image that carries its
            orientation and its colour profile; may leave the decoding to libvips, which does it
            when the pixels are used.
    """

    width: int
    height: int
    orientation: int
    streamed: bool
    decode: Callable[[int], Any]


class Format(msgspec.Struct, frozen=True):
    """One format.

    Attributes:
        content_type: as it is told to the world.
        matches: whether a file is of this format, by its content.
        open: reads the header.
        cut: whether a file that could not be decoded, with this complaint, ends before its
            picture does.
        harmful: the decoder's complaints that mean visible damage though it went on.
        shrinks: by how much the picture can be made smaller while it is decoded, most first.
    """

    content_type: str
    matches: Callable[[bytes], bool]
    open: Callable[[bytes], Original]
    cut: Callable[[bytes, str], bool]
    harmful: tuple[str, ...] = ()
    shrinks: tuple[int, ...] = (1,)


class Undecodable(Exception):
    """What another library than libvips says of a picture that it cannot decode."""


def described(image: Any, decode: Callable[[int], Any], streamed: bool) -> Original:
    """The original whose header libvips has read."""
    orientation = int(image.get("orientation")) if image.get_typeof("orientation") else 1
    if orientation not in range(1, 9):
        orientation = 1
    return Original(image.width, image.height, orientation, streamed, decode)


def with_colours(image: Any, profile: bytes | None, orientation: int = 1) -> Any:
    """The image with its ICC profile and its EXIF orientation."""
    image = image.copy()
    if profile:
        image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    image.set_type(pyvips.GValue.gint_type, "orientation", orientation)
    return image
