"""Filters: what holds for every one of them, as data and on pixels."""

import random

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from calotype.media.filters import STRAIGHT, Filter, Points, looked_up, saturation, shade_at
from calotype.media.grading import graded
from calotype.media.palette import FILTERS
from calotype.web.filters import show_filter
from tests.grading import by_the_rule, levels
from tests.photos import scene

every_filter = pytest.mark.parametrize("filter_", FILTERS, ids=lambda each: each.name)


def noise(mode: str = "RGB", width: int = 90, height: int = 60) -> Image.Image:
    chance = random.Random(7).randbytes(width * height * len(mode))
    return Image.frombytes(mode, (width, height), chance)


def test_there_are_enough_filters_to_choose_from_and_no_two_are_alike() -> None:
    assert len(FILTERS) >= 12
    assert len({each.name for each in FILTERS}) == len({each.label for each in FILTERS})
    assert all(each.name.isalpha() and each.name.islower() for each in FILTERS)
    looks = [levels(graded(scene(90, 60), each, 1.0)) for each in FILTERS]
    for number, look in enumerate(looks):
        assert all(np.abs(look - other).mean() > 4 for other in looks[:number])


@every_filter
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_strength_of_nothing_changes_not_a_bit(filter_: Filter, mode: str) -> None:
    assert graded(noise(mode), filter_, 0.0).tobytes() == noise(mode).tobytes()


@every_filter
def test_alpha_is_left_alone_and_colours_do_not_depend_on_it(filter_: Filter) -> None:
    picture = noise("RGBA")
    made = graded(picture, filter_, 0.8)
    assert made.mode == "RGBA"
    assert made.getchannel("A").tobytes() == picture.getchannel("A").tobytes()
    assert made.convert("RGB").tobytes() == graded(picture.convert("RGB"), filter_, 0.8).tobytes()


@every_filter
@pytest.mark.parametrize("strength", [0.0, 0.35, 1.0])
def test_curves_never_turn_back(filter_: Filter, strength: float) -> None:
    for table in filter_.at(strength).tables:
        assert list(table) == sorted(table)
        assert 0 <= table[0] < table[-1] <= 1


@every_filter
def test_a_vignette_only_grows_darker_outwards(filter_: Filter) -> None:
    stops = filter_.vignette.stops()
    assert [list(stop) for stop in zip(*stops, strict=True)] == [
        sorted(stop) for stop in zip(*stops, strict=True)
    ]
    assert shade_at(stops, 0.0) == 0
    assert shade_at(stops, 1.0) == filter_.vignette.darkness < 0.5


@every_filter
@pytest.mark.parametrize("strength", [0.35, 1.0])
@pytest.mark.parametrize("size", [(160, 120), (40, 300)])
def test_pixels_follow_the_rule_that_the_api_gives(
    filter_: Filter, strength: float, size: tuple[int, int]
) -> None:
    shown = msgspec.to_builtins(show_filter(filter_, strength))
    picture = scene(160, 120).resize(size)
    expected = by_the_rule(levels(picture), shown, strength)
    difference = np.abs(levels(graded(picture, filter_, strength)) - expected)
    # Each of three steps rounds to a level, or two where a curve is steep.
    assert difference.mean() < 1
    assert difference.max() < 4


def test_pixels_are_the_same_every_time() -> None:
    assert graded(noise(), FILTERS[1], 0.5).tobytes() == graded(noise(), FILTERS[1], 0.5).tobytes()


@st.composite
def rising(draw: st.DrawFn) -> Points:
    inputs = draw(st.sets(st.integers(1, 254), max_size=6))
    outputs = draw(
        st.lists(st.integers(0, 255), min_size=len(inputs) + 2, max_size=len(inputs) + 2)
    )
    return tuple(zip((0, *sorted(inputs), 255), sorted(outputs), strict=True))


@settings(max_examples=200, deadline=None)
@given(points=rising())
def test_any_rising_points_make_a_curve_that_rises_and_stays_in_bounds(points: Points) -> None:
    table = Filter("any", "Any", saturation(1), red=points).at(1.0).tables[0]
    assert list(table) == sorted(table)
    low, high = points[0][1] / 255, points[-1][1] / 255
    assert low - 1e-4 <= table[0] <= table[-1] <= high + 1e-4


def test_a_curve_goes_through_its_points() -> None:
    points = ((0, 12), (64, 50), (128, 150), (192, 200), (255, 240))
    table = Filter("any", "Any", saturation(1), green=points).at(1.0).tables[1]
    for level, wanted in points:
        assert looked_up(table, level / 255) * 255 == pytest.approx(wanted, abs=0.5)


def test_straight_curves_and_full_saturation_are_no_filter() -> None:
    plain = Filter("plain", "Plain", saturation(1), STRAIGHT, STRAIGHT, STRAIGHT)
    assert graded(noise(), plain, 1.0).tobytes() == noise().tobytes()


def test_without_saturation_all_channels_are_the_lightness() -> None:
    grey = Filter("grey", "Grey", saturation(0))
    red, green, blue = graded(Image.new("RGB", (1, 1), (200, 100, 50)), grey, 1.0).split()
    assert red.tobytes() == green.tobytes() == blue.tobytes()
    assert red.tobytes()[0] == round(0.2126 * 200 + 0.7152 * 100 + 0.0722 * 50)
