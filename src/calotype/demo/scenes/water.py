"""Sea at sunset, night skies, and aurora: light in the sky, and what of it comes back."""

from collections.abc import Sequence
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
    distance,
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

# Sky from top to horizon, cloud, sun, deep water.
_SUNSETS = [
    hexes("2c3e66", "b0697a", "f7a95f", "ffd28a", "5a3f5c", "fff0c8", "141c33"),
    hexes("5a7fa6", "e3b7a0", "fbdcae", "ffeec9", "a98a94", "fffbe6", "2b4660"),
    hexes("1c2446", "6b3e6e", "d9576a", "f9a36b", "3b2450", "ffe0b0", "0d1128"),
    hexes("79a9b8", "bcd3c6", "f2e3b3", "f9efd0", "8fa5a4", "fffdf0", "22505a"),
    hexes("3c3a55", "93607a", "e88d7d", "fcc79a", "554562", "fff2d8", "1c1b30"),
]


def sunset_sea(size: Size, chance: Random) -> Print:
    *sky, cloud, sun, deep = chance.choice(_SUNSETS)
    horizon = chance.uniform(0.5, 0.64)
    x, y = chance.uniform(0.25, 0.75), horizon - chance.uniform(0.015, 0.13)
    picture = gradient(size, [*sky, sky[-1]], [0, horizon * 0.45, horizon * 0.8, horizon, 1])
    picture = lit(picture, glow(size, x, y, 0.34) * 0.6, sky[-1])
    picture = _clouded(picture, chance, cloud, sky[-1], horizon)
    radius = chance.uniform(0.03, 0.055)
    picture = lit(picture, disc(size, x, y, radius, 4), sun)
    picture = _watered(picture, chance, horizon, deep, (x, sun))
    if chance.random() < 0.55:
        picture = mixed(picture, between(deep, (0, 0, 0), 0.35), _headland(size, chance, horizon))
    if chance.random() < 0.5:
        picture = mixed(picture, between(deep, (0, 0, 0), 0.5), _sailing(size, chance, horizon))
    picture = toned(picture, deep, sky[-1], 0.12)
    return printed(curve(picture, 0.45, 0.02), chance.randrange(9999))


def _clouded(
    picture: Picture, chance: Random, dark: Colour, light: Colour, horizon: float
) -> Picture:
    size = picture.width, picture.height
    wisps = noise(size, chance.randrange(9999), 0.22, chance.uniform(3, 6), 5)
    cover = clipped((wisps - chance.uniform(0.48, 0.56)) * 5)
    fade = clipped((horizon - places(size)[1]) * 5)
    picture = mixed(picture, dark, cover * fade * 0.55)
    edge = clipped(1 - ((wisps - 0.5) * 14).abs()) * fade
    return lit(picture, edge * 0.28, light)


def _watered(
    picture: Picture, chance: Random, horizon: float, deep: Colour, sun: tuple[float, Colour]
) -> Picture:
    """Water below the horizon: the sky turned over, broken by waves that shrink with distance."""
    size = picture.width, picture.height
    across, down = places(size)
    depth = clipped((down - horizon) / (1 - horizon))
    waves = _waves(size, chance, horizon)
    shift = (waves - 0.5) * (0.02 + 0.1 * depth)
    source_y = clipped(horizon - (down - horizon) * 0.8 + shift) * (size[1] - 1)
    index = (across + shift * 0.25) * size[0]
    turned = picture.mapim(index.bandjoin(source_y), extend="copy")
    water = turned * (0.85 - 0.35 * depth) + depth * 0.35 * pyvips.Image.black(1, 1).new_from_image(
        list(deep)
    ).embed(0, 0, *size, extend="copy")
    column = (((across - sun[0]) / (0.035 + 0.16 * depth)) ** 2 * -1).exp()
    glitter = clipped((waves - 0.56 + column * 0.09) * 9) * column
    water = lit(water, glitter * 0.85, sun[1])
    water = mixed(water, between(deep, (0, 0, 0), 0.2), clipped((0.46 - waves) * 3) * depth * 0.6)
    return mixed(picture, water, clipped((down - horizon) * size[1] / 2))


def _waves(size: Size, chance: Random, horizon: float) -> Picture:
    side = 512
    sea = pyvips.Image.perlin(side, side, cell_size=24, seed=chance.randrange(9999))
    sea = sea + pyvips.Image.perlin(side, side, cell_size=9, seed=chance.randrange(9999)) * 0.7
    sea = sea.copy_memory()
    coarse = max(1, size[0] // 2), max(1, size[1] // 2)
    across, down = places(coarse)
    depth = ((down - horizon) > 0).ifthenelse(down - horizon, 0) + 0.012
    far = 1 / depth
    xs = ((across - 0.5) * far * 26 + 4096) % (side - 2)
    ys = (far * 95 + down * 60) % (side - 2)
    flat = sea.mapim(xs.bandjoin(ys))
    return resized(flat * 0.36 + 0.5, size)


def _headland(size: Size, chance: Random, horizon: float) -> Picture:
    """A hill that runs into the sea from one side."""
    line = ridge(size[0], chance, 0, 0.02, 0.55, 5)
    side = chance.random() < 0.5
    reach, rise = chance.uniform(0.25, 0.5), chance.uniform(0.05, 0.11)
    shore: list[float] = []
    for column, rough in enumerate(line):
        x = column / size[0] if side else 1 - column / size[0]
        share = max(0.0, 1 - x / reach)
        shore.append(horizon + 0.004 - rise * share**0.7 - abs(rough) * share * 0.9)
    return below(size, shore) * clipped((horizon + 0.005 - places(size)[1]) * size[1] / 2)


def _sailing(size: Size, chance: Random, horizon: float) -> Picture:
    x, tall = chance.uniform(0.15, 0.85), chance.uniform(0.035, 0.07)

    def draw(canvas: ImageDraw.ImageDraw, unit: float) -> None:
        base = (horizon + 0.012) * size[1] / size[0] * unit
        left, high = x * unit, tall * unit
        canvas.polygon(
            [
                (left, base - high),
                (left, base - high * 0.15),
                (left + high * 0.5, base - high * 0.15),
            ],
            fill=255,
        )
        canvas.polygon(
            [
                (left - high * 0.06, base - high * 0.85),
                (left - high * 0.06, base - high * 0.15),
                (left - high * 0.38, base - high * 0.15),
            ],
            fill=230,
        )
        canvas.polygon(
            [
                (left - high * 0.45, base - high * 0.1),
                (left + high * 0.55, base - high * 0.1),
                (left + high * 0.4, base),
                (left - high * 0.35, base),
            ],
            fill=255,
        )

    return drawn(size, draw, 0.5)


_NIGHTS = [
    hexes("050a1c", "101d3e", "2c4468", "7d8fa0", "02040b"),
    hexes("0a0820", "1f1a45", "4d3a6e", "c58f86", "04030c"),
    hexes("031018", "0a2a3a", "1f5560", "86a79a", "010709"),
    hexes("0b0d1a", "1b2338", "414a5c", "b89b7c", "050609"),
]


def starry_night(size: Size, chance: Random) -> Print:
    high, middle, low, edge, dark = chance.choice(_NIGHTS)
    horizon = chance.uniform(0.7, 0.85)
    picture = gradient(size, [high, middle, low, edge], [0, 0.45, horizon * 0.92, horizon + 0.08])
    picture = lit(picture, _milky_way(size, chance), (0.72, 0.74, 0.9))
    picture = lit(picture, stars(size, chance), (1.0, 0.97, 0.92))
    if chance.random() < 0.35:
        picture = lit(picture, _moon(size, chance), (1.0, 0.96, 0.86))
    far = ridge(size[0], chance, horizon - 0.02, 0.05, 0.45, 2.5)
    picture = mixed(picture, between(dark, low, 0.3), below(size, far))
    near = ridge(size[0], chance, horizon + 0.07, 0.03, 0.5, 3.5)
    picture = mixed(picture, dark, below(size, near))
    picture = mixed(picture, dark, drawn(size, _firs(chance, near, size), 0.4))
    if chance.random() < 0.5:
        picture = _camped(picture, chance, near)
    return printed(curve(picture, 0.25, 0.035), chance.randrange(9999), grain=0.05)


def stars(size: Size, chance: Random) -> Picture:
    spots = [
        (chance.random(), chance.random() ** 1.3, chance.paretovariate(2.2)) for _ in range(900)
    ]

    def draw(canvas: ImageDraw.ImageDraw, unit: float) -> None:
        high = size[1] / size[0] * unit
        for x, y, bright in spots:
            radius = min(3.6, 0.55 * bright)
            level = min(255, round(85 * bright))
            left, top = x * unit, y * high
            canvas.ellipse((left - radius, top - radius, left + radius, top + radius), fill=level)

    sharp = drawn(size, draw)
    return clipped(sharp * 1.1 + sharp.gaussblur(3) * 2.2)


def _milky_way(size: Size, chance: Random) -> Picture:
    across, down = places(size)
    lean, start = chance.uniform(0.5, 1.6) * chance.choice((-1, 1)), chance.uniform(0.35, 0.65)
    off = across - start - (down - 0.4) * lean * 0.5
    dust = noise(size, chance.randrange(9999), 0.16, 1.0, 5)
    band = ((off / 0.13) ** 2 * -1).exp()
    core = ((off / 0.045) ** 2 * -1).exp()
    lane = clipped((dust - 0.5) * 4) * core
    fade = clipped((0.8 - down) * 2.5)
    return clipped(band * (0.1 + (dust - 0.35) * 0.55) + core * 0.13 - lane * 0.28) * fade


def _moon(size: Size, chance: Random) -> Picture:
    x, y, radius = (
        chance.uniform(0.15, 0.85),
        chance.uniform(0.12, 0.4),
        chance.uniform(0.025, 0.04),
    )
    full = disc(size, x, y, radius)
    bitten = full * (1 - disc(size, x + radius * 0.55, y - radius * 0.25, radius * 0.95, 6))
    return clipped(bitten * 0.95 + glow(size, x, y, 0.12) * 0.25)


def _firs(chance: Random, line: Sequence[float], size: Size) -> Draw:
    trees = [
        (
            chance.random(),
            chance.uniform(0.03, 0.14) * chance.uniform(0.5, 1),
            chance.uniform(0.3, 0.45),
        )
        for _ in range(chance.randint(12, 60))
    ]

    def draw(canvas: ImageDraw.ImageDraw, unit: float) -> None:
        high = size[1] / size[0] * unit
        for x, tall, wide in trees:
            base = line[min(size[0] - 1, int(x * size[0]))] * high + 0.01 * unit
            fir(canvas, x * unit, base, tall * unit, wide)

    return draw


def fir(canvas: ImageDraw.ImageDraw, x: float, base: float, tall: float, wide: float) -> None:
    """A fir's silhouette: tiers of drooping branches."""
    tiers = 9
    for tier in range(tiers):
        share = tier / tiers
        top = base - tall * (1 - share)
        reach = tall * wide * (0.12 + 0.5 * share)
        drop = tall / tiers * 1.9
        canvas.polygon(
            [(x, top), (x + reach, top + drop), (x, top + drop * 0.72), (x - reach, top + drop)],
            fill=255,
        )


def _camped(picture: Picture, chance: Random, line: Sequence[float]) -> Picture:
    """A tent with a lamp in it."""
    size = picture.width, picture.height
    x, tall = chance.uniform(0.2, 0.8), chance.uniform(0.035, 0.05)
    y = line[int(x * size[0])] + 0.012

    def draw(canvas: ImageDraw.ImageDraw, unit: float) -> None:
        base = y * size[1] / size[0] * unit
        left, high = x * unit, tall * unit
        canvas.polygon(
            [
                (left - high * 1.1, base),
                (left - high * 0.1, base - high),
                (left + high * 0.1, base - high),
                (left + high * 1.1, base),
            ],
            fill=255,
        )

    warm: Colour = (1.0, 0.66, 0.28)
    picture = lit(picture, glow(size, x, y - 0.01, 0.09) * 0.5, warm)
    return mixed(
        picture, (0.98, 0.72, 0.36), drawn(size, draw, 0.7) * (1 - distance(size, x, y) * 6)
    )


_AURORAS = [
    (hexes("030817", "0b2030", "17404a"), hexes("3df5a0", "57d6c5", "8a5cf0")),
    (hexes("040614", "10162f", "2a2b52"), hexes("46e8b4", "5c9ef0", "d05ccf")),
    (hexes("020a10", "08222a", "1d4a48"), hexes("a4f56a", "3fe09a", "3fa9d0")),
    (hexes("0a0616", "20113a", "452a55"), hexes("f06a9b", "a86af0", "52d6c0")),
]


def aurora(size: Size, chance: Random) -> Print:
    sky, lights = chance.choice(_AURORAS)
    horizon = chance.uniform(0.62, 0.74)
    picture = gradient(size, [*sky, sky[-1]], [0, 0.4, horizon, 1])
    picture = lit(picture, stars(size, chance) * 0.8, (0.95, 0.97, 1.0))
    for light in range(chance.randint(2, 4)):
        colour = lights[light % 3]
        picture = _curtain(picture, chance, colour, lights[(light + 1) % 3], horizon)
    far = ridge(size[0], chance, horizon - 0.035, 0.045, 0.5, 3)
    dark = between(sky[0], (0, 0, 0), 0.5)
    shore = clipped((horizon - places(size)[1]) * size[1])
    picture = mixed(picture, between(sky[1], dark, 0.55), below(size, far) * shore)
    picture = _mirrored(picture, chance, horizon)
    near = ridge(size[0], chance, 0.985, 0.035, 0.55, 4)
    picture = mixed(picture, dark, below(size, near))
    picture = mixed(picture, dark, drawn(size, _firs(chance, near, size), 0.4))
    return printed(curve(picture, 0.3, 0.03), chance.randrange(9999), grain=0.045)


def _curtain(
    picture: Picture, chance: Random, low: Colour, high: Colour, horizon: float
) -> Picture:
    """Folds that end sharply below and fade upwards, with rays in them."""
    size = picture.width, picture.height
    foot = ridge(
        size[0], chance, chance.uniform(0.3, horizon - 0.12), 0.12, 0.42, chance.uniform(1, 2.2)
    )
    above = depth_below(size, foot) * -1
    tall = chance.uniform(0.12, 0.3)
    body = (above > 0).ifthenelse((above / tall * -1).exp(), (above * 45).exp())
    rays = ridge(size[0], chance, 0.5, 0.42, 0.72, 9)
    folds = pyvips.Image.new_from_array([rays]).cast("float").zoom(1, size[1])
    bright = clipped(body * (0.25 + clipped(folds) * 0.75) * chance.uniform(0.5, 0.8))
    picture = lit(picture, bright * clipped(1 - above * 2.6), low)
    return lit(picture, bright * clipped(above * 2.6), high)


def _mirrored(picture: Picture, chance: Random, horizon: float) -> Picture:
    """A lake below the horizon, nearly still."""
    size = picture.width, picture.height
    across, down = places(size)
    ripple = (_waves(size, chance, horizon) - 0.5) * 0.035
    index = (across * size[0]).bandjoin(clipped(horizon * 2 - down + ripple) * (size[1] - 1))
    lake = picture.mapim(index, extend="copy") * 0.62
    return mixed(picture, lake, clipped((down - horizon) * size[1] / 2))
