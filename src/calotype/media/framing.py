"""Where the wanted part of a photo lies in the file, which may hold the photo on its side.

Orientations are those of EXIF (tag 0x0112): 1 is upright, 2 mirrored, 3 upside down, 6 and 8 on
their side, the others mirrored as well.
"""

from typing import NamedTuple

from calotype.media.look import Crop, Shape, Turn

_RATIOS = {Shape.SQUARE: 1.0, Shape.PORTRAIT: 4 / 5, Shape.LANDSCAPE: 1.91}
# What a quarter turn clockwise makes of each orientation.
_QUARTER = {1: 6, 6: 3, 3: 8, 8: 1, 2: 7, 7: 4, 4: 5, 5: 2}
# How the stored picture's own axes run: whether they are swapped, and whether x, y run backwards.
_AXES = {
    1: (False, False, False),
    2: (False, True, False),
    3: (False, True, True),
    4: (False, False, True),
    5: (True, False, False),
    6: (True, False, True),
    7: (True, True, True),
    8: (True, True, False),
}


class Region(NamedTuple):
    """A rectangle of pixels."""

    left: int
    top: int
    width: int
    height: int

    def shrunk(self, by: int, width: int, height: int) -> "Region":
        """The same part of a picture that is `by` times smaller and has this size."""
        left, across = _span(self.left / by, (self.left + self.width) / by, width)
        top, down = _span(self.top / by, (self.top + self.height) / by, height)
        return Region(left, top, across, down)


def turned(orientation: int, turn: Turn) -> int:
    """The orientation of a picture that is shown turned clockwise by `turn` degrees."""
    for _ in range(turn // 90):
        orientation = _QUARTER[orientation]
    return orientation


def lies_on_side(orientation: int) -> bool:
    return _AXES[orientation][0]


def framed(crop: Crop | Shape, width: int, height: int) -> Region:
    """The part that a crop leaves of a picture of this size: at least one pixel."""
    if isinstance(crop, Crop):
        left, across = _span(crop.x * width, (crop.x + crop.width) * width, width)
        top, down = _span(crop.y * height, (crop.y + crop.height) * height, height)
        return Region(left, top, across, down)
    ratio = _RATIOS.get(crop, width / height)
    across = max(1, min(width, round(height * ratio)))
    down = max(1, min(height, round(width / ratio)))
    return Region((width - across) // 2, (height - down) // 2, across, down)


def stored_region(region: Region, orientation: int, width: int, height: int) -> Region:
    """Where a part of the picture, `width` x `height` as it is shown, lies in the stored one."""
    swapped, x_backwards, y_backwards = _AXES[orientation]
    spans = [(region.left, region.width, width), (region.top, region.height, height)]
    (left, across, wide), (top, down, high) = reversed(spans) if swapped else spans
    if x_backwards:
        left = wide - left - across
    if y_backwards:
        top = high - top - down
    return Region(left, top, across, down)


def _span(start: float, end: float, most: int) -> tuple[int, int]:
    """Whole pixels, one at least, within the first `most`: where they begin, and how many."""
    first = min(round(start), most - 1)
    return first, max(1, min(round(end), most) - first)
