"""The likeness that photo_quality reports."""

import numpy
import pytest
from PIL import ImageFilter

from benchmarks.ssim import ssim
from tests import photos


def test_likeness_falls_with_every_change() -> None:
    scene = photos.scene(200, 150).convert("L")
    plane = numpy.asarray(scene)
    soft = numpy.asarray(scene.filter(ImageFilter.GaussianBlur(1)))
    softer = numpy.asarray(scene.filter(ImageFilter.GaussianBlur(3)))
    assert ssim(plane, plane) == pytest.approx(1)
    assert 1 > ssim(plane, soft) > ssim(plane, softer) > 0
    assert ssim(plane, soft) == pytest.approx(ssim(soft, plane))
    assert ssim(plane, 255 - plane) < 0


def test_brightness_alone_counts_as_the_formula_says() -> None:
    dark, light = numpy.full((20, 20), 100), numpy.full((20, 20), 120)
    expected = (2 * 100 * 120 + 6.5025) / (100**2 + 120**2 + 6.5025)
    assert ssim(dark, light) == pytest.approx(expected)
