"""Filters as data: a colour matrix, a curve for each channel, a vignette.

Guarantees: one set of numbers drives the server's pixels (grading.py) and the browser's preview
(svg.py). A strength moves every number on a straight line from doing nothing (0) to the filter as
it was designed (1). Transparency is never touched. Decision 017 says why these three parts.
Refuses: what these numbers cannot say, such as blur and grain.
"""

import math
from bisect import bisect_right
from functools import cache
from itertools import pairwise

import msgspec

Matrix = tuple[tuple[float, ...], ...]
"""Rows for red, green and blue; columns for the same and an offset; channels are 0 to 1."""
Points = tuple[tuple[int, int], ...]
"""Levels in and out, 0 to 255, that a curve goes through; the first is at 0, the last at 255."""
Table = tuple[float, ...]
"""A curve at `TABLE_POINTS` equidistant inputs, 0 to 1; between them it is straight."""
Stops = tuple[tuple[float, float], ...]
"""Distance from the middle (0) to a corner (1), and the darkness there, 0 to 1."""

TABLE_POINTS = 33  # straight lines between them are within 0.3 levels of the smooth curve
_SHADE_STOPS = 12
_DECIMALS = 5
# What a display's red, green and blue add to lightness (ITU-R BT.709).
_LUMA = (0.2126, 0.7152, 0.0722)

STRAIGHT: Points = ((0, 0), (255, 255))


class Vignette(msgspec.Struct, frozen=True):
    """How far the corners are darkened (0 to 1), and at which distance from the middle it begins.

    The distance is that of the ellipse through the corners, 1; so it suits any shape of picture.
    """

    darkness: float = 0.0
    radius: float = 0.4

    def stops(self) -> Stops:
        """The darkness on its way outwards, along Hermite's smooth step."""
        if not self.darkness:
            return ()
        return tuple(
            (
                round(self.radius + (1 - self.radius) * step, _DECIMALS),
                round(self.darkness * step * step * (3 - 2 * step), _DECIMALS),
            )
            for step in (n / _SHADE_STOPS for n in range(_SHADE_STOPS + 1))
        )


class Grade(msgspec.Struct, frozen=True):
    """A filter at one strength: the matrix first, then the tables, then the shade.

    red' = (1 - shade(distance)) * table(matrix * (red, green, blue, 1)), each step held in 0 to 1.
    """

    matrix: Matrix
    tables: tuple[Table, Table, Table]
    shade: Stops


class Filter(msgspec.Struct, frozen=True):
    """One filter: its name in the API, its label for people, and its numbers."""

    name: str
    label: str
    matrix: Matrix
    red: Points = STRAIGHT
    green: Points = STRAIGHT
    blue: Points = STRAIGHT
    vignette: Vignette = Vignette()

    def at(self, strength: float) -> Grade:
        """The numbers at a strength of 0 (does nothing) to 1 (in full)."""
        full = (_table(self.red), _table(self.green), _table(self.blue))
        red, green, blue = (_between(UNTOUCHED, table, strength) for table in full)
        rows = zip(saturation(1), self.matrix, strict=True)
        return Grade(
            matrix=tuple(_between(*pair, strength) for pair in rows),
            tables=(red, green, blue),
            shade=tuple(
                (distance, round(darkness * strength, _DECIMALS))
                for distance, darkness in self.vignette.stops()
            ),
        )


UNTOUCHED: Table = tuple(n / (TABLE_POINTS - 1) for n in range(TABLE_POINTS))


def saturation(amount: float) -> Matrix:
    """1 leaves colours as they are, 0 takes them away, above 1 makes them richer.

    The matrix of feColorMatrix's `saturate` (W3C Filter Effects 1, section 9.6).
    """
    red, green, blue = ((1 - amount) * weight for weight in _LUMA)
    return (
        (red + amount, green, blue, 0.0),
        (red, green + amount, blue, 0.0),
        (red, green, blue + amount, 0.0),
    )


def monochrome(red: float, green: float, blue: float) -> Matrix:
    """Black and white through a coloured glass: how much of each channel makes up the grey."""
    return ((red, green, blue, 0.0),) * 3


def looked_up(table: Table, value: float) -> float:
    """The curve of a table at an input of 0 to 1."""
    place = value * (len(table) - 1)
    before = min(int(place), len(table) - 2)
    return table[before] + (place - before) * (table[before + 1] - table[before])


def shade_at(stops: Stops, distance: float) -> float:
    """The darkness at a distance from the middle, 0 to 1; none where there are no stops."""
    after = bisect_right(stops, (distance, math.inf))
    if after == 0:
        return 0.0
    if after == len(stops):
        return stops[-1][1]
    (near, light), (far, dark) = stops[after - 1], stops[after]
    return light + (dark - light) * (distance - near) / (far - near)


def _between(nothing: tuple[float, ...], full: tuple[float, ...], strength: float) -> Table:
    return tuple(
        round(without + strength * (with_ - without), _DECIMALS)
        for without, with_ in zip(nothing, full, strict=True)
    )


@cache
def _table(points: Points) -> Table:
    """The monotone cubic through the points (Fritsch and Carlson, 1980), which never overshoots."""
    inputs = [x / 255 for x, _ in points]
    outputs = [y / 255 for _, y in points]
    slopes = _slopes(inputs, outputs)
    return tuple(round(_cubic(inputs, outputs, slopes, x), _DECIMALS) for x in UNTOUCHED)


def _slopes(inputs: list[float], outputs: list[float]) -> list[float]:
    points = pairwise(zip(inputs, outputs, strict=True))
    rises = [(y1 - y0) / (x1 - x0) for (x0, y0), (x1, y1) in points]
    inner = [(a + b) / 2 if a * b > 0 else 0.0 for a, b in pairwise(rises)]
    slopes = [rises[0], *inner, rises[-1]]
    for n, rise in enumerate(rises):
        if rise == 0:
            slopes[n] = slopes[n + 1] = 0.0
            continue
        steepness = math.hypot(slopes[n] / rise, slopes[n + 1] / rise)
        if steepness > 3:  # outside this circle the cubic may turn back
            slopes[n] *= 3 / steepness
            slopes[n + 1] *= 3 / steepness
    return slopes


def _cubic(inputs: list[float], outputs: list[float], slopes: list[float], x: float) -> float:
    n = min(bisect_right(inputs, x), len(inputs) - 1) - 1
    width = inputs[n + 1] - inputs[n]
    t = (x - inputs[n]) / width
    return (
        (1 + 2 * t) * (1 - t) ** 2 * outputs[n]
        + t * (1 - t) ** 2 * width * slopes[n]
        + t * t * (3 - 2 * t) * outputs[n + 1]
        + t * t * (t - 1) * width * slopes[n + 1]
    )
