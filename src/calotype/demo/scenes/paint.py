"""Paint a scene by its kind and a seed: the same two give the same bytes on one machine."""

from collections.abc import Callable, Mapping
from random import Random

from calotype.demo.scenes.brush import Print, Size, jpeg
from calotype.demo.scenes.land import desert_dunes, foggy_forest, misty_mountains
from calotype.demo.scenes.table import cyanotype, still_life
from calotype.demo.scenes.town import city_skyline, old_window, rainy_window
from calotype.demo.scenes.water import aurora, starry_night, sunset_sea

Paint = Callable[[Size, Random], Print]

SCENES: Mapping[str, Paint] = {
    "mountains": misty_mountains,
    "dunes": desert_dunes,
    "forest": foggy_forest,
    "sea": sunset_sea,
    "night": starry_night,
    "aurora": aurora,
    "city": city_skyline,
    "rain": rainy_window,
    "window": old_window,
    "fruit": still_life,
    "cyanotype": cyanotype,
}

# Of the painting; prints are 2.5 times as wide: 1080 pixels, the widest rendition.
PORTRAIT: Size = (432, 540)
SQUARE: Size = (432, 432)
LANDSCAPE: Size = (432, 324)
_AVATAR: Size = (192, 192)


def paint(kind: str, seed: int) -> bytes:
    """A JPEG, 1080 pixels wide, in one of three shapes."""
    chance = Random(f"{kind} {seed}")
    size = chance.choice((PORTRAIT, PORTRAIT, SQUARE, LANDSCAPE))
    return jpeg(SCENES[kind](size, chance))


def paint_avatar(kind: str, seed: int) -> bytes:
    """A square JPEG of 480 pixels."""
    chance = Random(f"avatar {kind} {seed}")
    return jpeg(SCENES[kind](_AVATAR, chance))
