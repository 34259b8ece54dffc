"""Structural similarity of two pictures.

Source: Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment: from error visibility to
structural similarity", IEEE Transactions on Image Processing 13(4), 2004: a Gaussian window of 11
pixels with a deviation of 1.5, K1 = 0.01, K2 = 0.03, the mean over all windows that fit.
"""

from typing import Any

import numpy

Array = numpy.ndarray[Any, Any]

_REACH = 5
_DEVIATION = 1.5
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def ssim(one: Array, other: Array) -> float:
    """Of two planes of the same size, with levels of 0 to 255; 1 where they are equal."""
    a, b = one.astype(float), other.astype(float)
    mean_a, mean_b = _blurred(a), _blurred(b)
    variance_a = _blurred(a * a) - mean_a**2
    variance_b = _blurred(b * b) - mean_b**2
    together = _blurred(a * b) - mean_a * mean_b
    likeness = (2 * mean_a * mean_b + _C1) * (2 * together + _C2)
    scale = (mean_a**2 + mean_b**2 + _C1) * (variance_a + variance_b + _C2)
    return float((likeness / scale).mean())


def _blurred(plane: Array) -> Array:
    """Weighted means over the windows that lie inside, first across, then down."""
    offsets = numpy.arange(-_REACH, _REACH + 1)
    weights = numpy.exp(-(offsets**2) / (2 * _DEVIATION**2))
    weights /= weights.sum()
    for axis in (0, 1):
        length = plane.shape[axis] - 2 * _REACH
        plane = sum(
            weight * plane.take(range(start, start + length), axis)
            for start, weight in enumerate(weights)
        )
    return plane
