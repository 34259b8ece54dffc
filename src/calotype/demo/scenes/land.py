"""Mountains in mist, dunes, and a forest in fog: depth by layers that lose colour."""

from random import Random

import pyvips
from PIL import ImageDraw

from calotype.demo.scenes.brush import (
    Colour,
    Draw,
    Picture,
    Print,
    Size,
    below,
    between,
    clipped,
    curve,
    depth_below,
    disc,
    drawn,
    glow,
    gradient,
    hexes,
    lit,
    mixed,
    noise,
    places,
    printed,
    resized,
    ridge,
    toned,
)

# Sky from top to bottom, light, far, near.
_MORNINGS = [
    hexes("6d8ba8", "d9b8a4", "f6dfc0", "ffe9c4", "b9b3bd", "1f2b3d"),
    hexes("3d4f73", "a77f93", "efb59a", "ffd9a8", "a58a9f", "191c33"),
    hexes("8fa9b5", "c5d1d0", "ebe8dc", "fff6e0", "b4c3c6", "20323a"),
    hexes("d8a47a", "eec9a0", "f8e6c9", "fff0d0", "d6a98a", "4a2a2a"),
    hexes("54718a", "8fb0b8", "d7e3d6", "f4f4dc", "8fb0ad", "12302f"),
    hexes("2b2f4f", "5a4d78", "c98ea0", "ffcfb0", "75668f", "12132a"),
]


def misty_mountains(size: Size, chance: Random) -> Print:
    high, middle, low, light, far, near = chance.choice(_MORNINGS)
    sun_x, sun_y = chance.uniform(0.2, 0.8), chance.uniform(0.2, 0.36)
    picture = gradient(size, [high, middle, low, low], [0, 0.3, 0.55, 1])
    picture = lit(picture, glow(size, sun_x, sun_y, 0.3) * 0.55, light)
    if chance.random() < 0.6:
        radius = chance.uniform(0.025, 0.05)
        picture = mixed(
            picture, between(light, (1, 1, 1), 0.5), disc(size, sun_x, sun_y, radius, 3) * 0.9
        )
    layers = chance.randint(5, 7)
    start, rough = chance.uniform(0.34, 0.46), chance.uniform(0.42, 0.52)
    for layer in range(layers):
        share = layer / (layers - 1)
        level = start + (0.97 - start) * share**1.15
        line = ridge(
            size[0], chance, level, 0.05 + 0.075 * share**0.7, rough, chance.uniform(1.6, 3.4)
        )
        colour = between(far, near, share**1.25)
        pale = between(colour, low, 0.75 * (1 - share * 0.75))
        mist = clipped(depth_below(size, line) * (3.4 - 1.2 * share))
        body = mist * list(pale) + (1 - mist) * list(colour)
        picture = mixed(picture, body, below(size, line))
        drift = noise(size, chance.randrange(9999), 0.35, 3.0)
        veil = clipped((drift - 0.45) * 2.2) * clipped(depth_below(size, line) * 6 + 0.1)
        picture = mixed(picture, between(low, colour, 0.25), veil * (0.4 * (1 - share)))
    picture = toned(picture, between(near, high, 0.4), low, 0.14)
    return printed(curve(picture, 0.35, 0.03), chance.randrange(9999))


_DESERTS = [
    hexes("7fa6c4", "e8d9bf", "e3a765", "8a4a2b"),
    hexes("d98f6c", "f4d3a8", "d9824a", "5c2523"),
    hexes("4b5f86", "e2b79a", "c98a5e", "3b2233"),
    hexes("b9cdd3", "f3ead6", "ead0a2", "a9744a"),
    hexes("39406b", "d99a86", "b86b55", "2a1a30"),
]


def desert_dunes(size: Size, chance: Random) -> Print:
    high, low, bright, dark = chance.choice(_DESERTS)
    picture = gradient(size, [high, low, low], [0, 0.5, 1])
    picture = lit(picture, glow(size, chance.uniform(0.1, 0.9), 0.42, 0.35) * 0.3, low)
    layers = chance.randint(3, 5)
    from_left = chance.random() < 0.5
    for layer in range(layers):
        share = layer / (layers - 1)
        level = 0.46 + 0.36 * share
        crest = ridge(size[0], chance, level, 0.06 + 0.08 * share, 0.3, chance.uniform(0.9, 1.9))
        haze = 0.55 * (1 - share)
        picture = mixed(
            picture, _dune(size, chance, crest, (bright, dark), from_left), below(size, crest)
        )
        picture = mixed(picture, low, below(size, crest) * (haze * 0.6))
    picture = toned(picture, dark, bright, 0.1)
    return printed(curve(picture, 0.5, 0.02), chance.randrange(9999), grain=0.045)


def _dune(
    size: Size, chance: Random, crest: list[float], tones: tuple[Colour, Colour], from_left: bool
) -> Picture:
    """Sand lit by which way it leans; what the crest does runs on downhill, aslant."""
    bright, dark = tones
    span = max(2, size[0] // 24)
    slopes = [
        (crest[min(len(crest) - 1, x + span)] - crest[max(0, x - span)]) * 9
        for x in range(len(crest))
    ]
    depth = depth_below(size, crest)
    skew = chance.uniform(0.4, 0.9) * chance.choice((-1, 1))
    lean = slanted(size, slopes, depth * skew)
    ripples = noise(size, chance.randrange(9999), 0.016, 5.0, 2) - 0.5
    drift = noise(size, chance.randrange(9999), 0.3, 2.0) - 0.5
    light = lean if from_left else lean * -1
    shade = clipped(0.5 - light * 1.5 + ripples * 0.16 + drift * 0.25 + depth * 0.35)
    return bright_to(bright, dark, shade * shade * (3 - 2 * shade))


def slanted(size: Size, values: list[float], shift: Picture) -> Picture:
    """Values along x, moved aside at each pixel by `shift` widths."""
    row = pyvips.Image.new_from_array([values, values]).cast("float")
    across = clipped(places(size)[0] + shift) * (size[0] - 1)
    return row.mapim(across.bandjoin(across * 0), extend="copy").copy_memory()


def bright_to(first: Colour, second: Colour, share: Picture) -> Picture:
    """A colour for each pixel between two, by a mask."""
    return (share * list(second) + (1 - share) * list(first)).copy_memory()


_FOGS = [
    hexes("dfe6e0", "a9bdb3", "1d2b26"),
    hexes("e9e2d2", "c2ae92", "2d231c"),
    hexes("d3dde6", "93a6b8", "182230"),
    hexes("f0dcc4", "d39f78", "351c17"),
    hexes("dbe3c9", "96ad79", "1a2616"),
]


def foggy_forest(size: Size, chance: Random) -> Print:
    light, middle, dark = chance.choice(_FOGS)
    picture = gradient(size, [between(light, middle, 0.35), light, middle], [0, 0.45, 1])
    sun = chance.uniform(0.25, 0.75)
    picture = lit(picture, glow(size, sun, 0.3, 0.4) * 0.5, light)
    layers = 6
    for layer in range(layers):
        share = layer / (layers - 1)
        colour = between(between(light, middle, 0.65), dark, share**1.4)
        trunks = drawn(size, _trunks(chance, share), 0.6 + 2.2 * abs(share - 0.7))
        picture = mixed(picture, colour, trunks * (0.5 + 0.5 * share))
        floor = ridge(size[0], chance, 0.72 + 0.24 * share, 0.03, 0.5, 4)
        picture = mixed(picture, between(colour, dark, 0.2), below(size, floor, 14))
        fog = noise(size, chance.randrange(9999), 0.4, 2.2)
        rising = clipped(gradient(size, [(0.0,) * 3, (0.35,) * 3, (0.9,) * 3])[0] * fog * 1.5 - 0.2)
        picture = mixed(picture, light, rising * (0.55 * (1 - share)))
    rays = _rays(size, chance, sun)
    picture = lit(picture, rays * 0.26, light)
    picture = toned(picture, dark, light, 0.12)
    return printed(curve(picture, 0.4, 0.04), chance.randrange(9999), vignette=0.4)


def _trunks(chance: Random, share: float) -> Draw:
    count = round(16 - 11 * share)
    trees = [
        (
            chance.random(),
            (0.006 + 0.03 * share) * chance.uniform(0.7, 1.4),
            chance.uniform(-0.03, 0.03),
        )
        for _ in range(count)
    ]
    seeds = [chance.randrange(9999) for _ in trees]

    def draw(canvas: ImageDraw.ImageDraw, unit: float) -> None:
        for (x, wide, lean), seed in zip(trees, seeds, strict=True):
            _tree(canvas, unit, Random(seed), x, wide, lean)

    return draw


def _tree(
    canvas: ImageDraw.ImageDraw, unit: float, chance: Random, x: float, wide: float, lean: float
) -> None:
    bottom = 2.0 * unit
    top = (x + lean) * unit
    canvas.polygon(
        [
            (top - wide * unit * 0.32, 0),
            (top + wide * unit * 0.32, 0),
            ((x + wide / 2) * unit, bottom * 0.5),
            ((x + wide * 0.8) * unit, bottom),
            ((x - wide * 0.8) * unit, bottom),
            ((x - wide / 2) * unit, bottom * 0.5),
        ],
        fill=255,
    )
    for _ in range(chance.randint(5, 11)):
        y = chance.uniform(0.0, 0.62) * unit
        side = chance.choice((-1, 1))
        reach = wide * unit * chance.uniform(2.0, 6.5)
        at = (x + lean * (1 - y / bottom)) * unit
        rise = reach * chance.uniform(-0.1, 0.5)
        thick = max(1, round(wide * unit * chance.uniform(0.08, 0.2)))
        bend = (at + side * reach * 0.5, y - rise * 0.3)
        end = (at + side * reach, y - rise)
        canvas.line([(at, y), bend, end], fill=255, width=thick, joint="curve")
        for twig in range(4):
            share = 0.35 + twig * 0.18
            spot = (at + side * reach * share, y - rise * share)
            tip = (spot[0] + side * reach * 0.22, spot[1] + reach * chance.uniform(-0.25, 0.2))
            canvas.line([spot, tip], fill=255, width=max(1, thick // 3))


def _rays(size: Size, chance: Random, sun: float) -> Picture:
    """Shafts of light, from above, through what the fog holds."""
    beams = [(chance.uniform(-0.5, 0.6), chance.uniform(0.02, 0.09)) for _ in range(9)]

    def draw(canvas: ImageDraw.ImageDraw, unit: float) -> None:
        for lean, wide in beams:
            start = (sun + lean * 0.12) * unit
            end = (sun + lean * 1.4) * unit
            canvas.polygon(
                [
                    (start, -0.1 * unit),
                    (start + wide * 0.3 * unit, -0.1 * unit),
                    (end + wide * 1.6 * unit, 1.4 * unit),
                    (end - wide * unit, 1.4 * unit),
                ],
                fill=160,
            )

    mask = drawn((size[0] // 4, size[1] // 4), draw, 5)
    fade = gradient(size, [(1.0,) * 3, (0.8,) * 3, (0.05,) * 3])[0]
    return resized(mask, size) * fade
