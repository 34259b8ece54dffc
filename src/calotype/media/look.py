"""What an author wants done to a photo before anyone sees it.

Declared with bounds, so that whoever decodes it from JSON is told the path of what is wrong.
"""

from enum import StrEnum
from typing import Annotated, Literal

from msgspec import Meta, Struct

SMALLEST_CROP = 0.05
_ROUNDING = 1e-6  # of clients that compute x + width in floating point

Share = Annotated[float, Meta(ge=0, le=1)]
Side = Annotated[float, Meta(ge=SMALLEST_CROP, le=1)]
Turn = Literal[0, 90, 180, 270]
"""Degrees clockwise."""


class Shape(StrEnum):
    """A crop by name: the largest part in the middle that has this width to height."""

    ORIGINAL = "original"
    SQUARE = "square"
    PORTRAIT = "4:5"
    LANDSCAPE = "1.91:1"


class Crop(Struct, frozen=True, forbid_unknown_fields=True):
    """A part of the picture, in shares (0 to 1) of its width and height as it lies once turned.

    Raises:
        ValueError: it reaches beyond the picture.
    """

    x: Share
    y: Share
    width: Side
    height: Side

    def __post_init__(self) -> None:
        for start, length in (("x", "width"), ("y", "height")):
            if getattr(self, start) + getattr(self, length) > 1 + _ROUNDING:
                raise ValueError(f"{start} + {length} is more than 1: beyond the picture")


class Look(Struct, frozen=True, omit_defaults=True):
    """Turned first, then cropped, then filtered. Without a filter's name there is no filter."""

    turn: Turn = 0
    crop: Crop | Shape = Shape.ORIGINAL
    filter: str = ""
    strength: Share = 1.0


AS_IT_IS = Look()
