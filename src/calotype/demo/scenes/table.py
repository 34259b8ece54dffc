"""Fruit on a table in the light of one window, and plants printed in blue."""

import math
from random import Random

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
    drawn,
    glow,
    hexes,
    lit,
    mixed,
    noise,
    places,
    printed,
    toned,
)
from calotype.demo.scenes.town import brushed

# Wall in light and shadow, table in light and shadow.
_ROOMS = [
    hexes("5a4a3a", "17110d", "6b4428", "1c100a"),
    hexes("4a5653", "101615", "75604a", "1d1712"),
    hexes("6a5a58", "1b1416", "8a7a70", "2a2220"),
    hexes("39445a", "0c1019", "594a42", "15100f"),
    hexes("8a7f6a", "2c2820", "a89676", "3a3022"),
]
# Shadow, body, light of a fruit, and how much taller than wide it is.
_FRUITS: tuple[tuple[list[Colour], float], ...] = (
    (hexes("4a1408", "d9671c", "ffb45a"), 0.98),
    (hexes("33090c", "b3262a", "ef7a5c"), 0.95),
    (hexes("3a3a08", "b7b535", "eee58a"), 1.22),
    (hexes("140a22", "4a2a5e", "8f6fa8"), 1.08),
    (hexes("4a3206", "e3b83a", "fff0a0"), 0.92),
    (hexes("1c2a0a", "6f8f33", "c3d67a"), 0.97),
    (hexes("4a1f14", "e08a63", "ffd0a8"), 0.96),
)


def still_life(size: Size, chance: Random) -> Print:
    wall, wall_dark, table, table_dark = chance.choice(_ROOMS)
    from_left = chance.random() < 0.6
    edge = chance.uniform(0.6, 0.7)
    across, down = places(size)
    side = across if from_left else 1 - across
    stains = noise(size, chance.randrange(9999), 0.25) - 0.5
    light = clipped(1.05 - side * 1.0 - down * 0.25 + stains * 0.45)
    picture = light * list(wall) + (1 - light) * list(wall_dark)
    grain = noise(size, chance.randrange(9999), 0.03, 14.0, 3) - 0.5
    falls = clipped(0.95 - side * 0.75 + grain * 0.6)
    board = falls * list(table) + (1 - falls) * list(table_dark)
    picture = mixed(picture, board, below(size, [edge] * size[0], 4))
    for x, base, radius, kind in _laid(chance, edge):
        picture = _fruit(picture, chance, (x, base, radius), _FRUITS[kind], from_left)
    picture = lit(
        picture, glow(size, 0.0 if from_left else 1.0, 0.05, 0.55) * 0.16, (1.0, 0.9, 0.7)
    )
    picture = toned(picture, wall_dark, (1.0, 0.93, 0.8), 0.1)
    return printed(curve(picture, 0.5, 0.025), chance.randrange(9999), vignette=0.45)


def _laid(chance: Random, edge: float) -> list[tuple[float, float, float, int]]:
    """Where fruits lie, the farthest first: two or three kinds, in a loose heap."""
    kinds = chance.sample(range(len(_FRUITS)), 3)
    count = chance.randint(3, 6)
    middle = chance.uniform(0.42, 0.58)
    laid = []
    for number in range(count):
        x = (
            middle
            + (number - (count - 1) / 2) * chance.uniform(0.12, 0.145)
            + chance.gauss(0, 0.012)
        )
        base = edge + chance.uniform(0.07, 0.19)
        laid.append((x, base, chance.uniform(0.082, 0.108), chance.choice(kinds)))
    return sorted(laid, key=lambda fruit: fruit[1])


def _fruit(
    picture: Picture,
    chance: Random,
    spot: tuple[float, float, float],
    kind: tuple[list[Colour], float],
    from_left: bool,
) -> Picture:
    size = picture.width, picture.height
    x, base, radius = spot
    tones, tall = kind
    ratio = size[1] / size[0]
    y = base - radius * tall * 0.92 / ratio
    toward = -1 if from_left else 1
    # Painted in its own corner of the picture: a whole canvas for each takes ten times as long.
    box = _box(size, x, y, radius * 2.6)
    part = picture.crop(*box)
    across, down = (place.crop(*box).copy_memory() for place in places(size))
    cast = _cast((across, down), (x - toward * radius * 0.75, base), radius, ratio)
    part = mixed(part, (0.02, 0.015, 0.01), cast * 0.72)
    u = (across - x) / radius
    v = (down - y) * ratio / (radius * tall)
    if tall > 1.15:  # a pear: narrow above
        u = u * (1.0 + clipped(v * -1 + 0.1) * 0.75)
    skin = noise(size, chance.randrange(9999), 0.02, 1.0, 3).crop(*box) - 0.5
    mask = clipped((1 - u * u - v * v) * size[0] * radius * 0.45 + 0.5)
    part = mixed(part, _skinned((u, v, skin), tones, toward), mask)
    shine = clipped(1 - ((u - 0.38 * toward) ** 2 + (v + 0.42) ** 2) * 14)
    part = lit(part, shine * shine * mask * 0.55, (1.0, 0.97, 0.9))
    stalk = drawn(size, _stalk(x, y * ratio, radius * tall, chance), 0.5).crop(*box)
    part = mixed(part, (0.12, 0.08, 0.04), stalk)
    return picture.insert(part, box[0], box[1]).copy_memory()


def _skinned(at: tuple[Picture, Picture, Picture], tones: list[Colour], toward: int) -> Picture:
    """A ball's colours in the light of one window, with a little of it back from the wall."""
    u, v, skin = at
    shadow, body, light = tones
    up = clipped(1 - u * u - v * v) ** 0.5
    facing = clipped(clipped(u * (0.55 * toward) - v * 0.5 + up * 0.62) + skin * 0.16)
    half = clipped(facing * 1.7)
    colour = half * list(body) + (1 - half) * list(shadow)
    bright = clipped(facing * 2.2 - 1.15)
    colour = colour * (1 - bright) + bright * list(light)
    rim = clipped(u * (-0.9 * toward) + v * 0.3 - 0.55) * (1 - up) * 0.35
    return colour + rim * list(body)


def _box(size: Size, x: float, y: float, reach: float) -> tuple[int, int, int, int]:
    """The square around a point, as far as it is on the canvas: left, top, width, height."""
    wide, high = size
    left, right = max(0, int((x - reach) * wide)), min(wide, int((x + reach) * wide))
    half = reach * wide
    top, bottom = max(0, int(y * high - half)), min(high, int(y * high + half))
    return left, top, right - left, bottom - top


def _cast(
    places_: tuple[Picture, Picture], at: tuple[float, float], radius: float, ratio: float
) -> Picture:
    across, down = places_
    far = ((across - at[0]) / (radius * 1.55)) ** 2
    far = far + ((down - at[1]) * ratio / (radius * 0.42)) ** 2
    return (far * -1.2).exp()


def _stalk(x: float, y: float, radius: float, chance: Random) -> Draw:
    lean = chance.uniform(-0.3, 0.3)

    def draw(canvas: ImageDraw.ImageDraw, unit: float) -> None:
        top = y - radius * 0.9
        line = [
            (x, top + radius * 0.1),
            (x + radius * lean * 0.4, top - radius * 0.1),
            (x + radius * lean, top - radius * 0.28),
        ]
        canvas.line(
            [(a * unit, b * unit) for a, b in line],
            fill=255,
            width=max(2, int(radius * unit * 0.07)),
            joint="curve",
        )

    return draw


_BLUES = [
    hexes("0b2545", "134074", "e8eef2"),
    hexes("071e3d", "1f4e79", "f3efe2"),
    hexes("0a2a4a", "215a86", "dfeaf0"),
    hexes("0d1b3e", "2a3f7a", "f0ece4"),
]


def cyanotype(size: Size, chance: Random) -> Print:
    """A plant laid on sensitive paper in the sun: what it covered stays white."""
    dark, blue, paper = chance.choice(_BLUES)
    wash = noise(size, chance.randrange(9999), 0.25, 1.0, 5)
    strokes = noise(size, chance.randrange(9999), 0.03, 8.0, 2) - 0.5
    depth = clipped(wash * 0.9 + strokes * 0.3)
    picture = depth * list(blue) + (1 - depth) * list(dark)
    plant = chance.choice((_fern, _fern, _umbel, _seaweed, _sprig))
    lines = plant(size, Random(chance.randrange(9999)))
    sharp, soft = drawn(size, lines, 0.5), drawn(size, lines, 5)
    veins = noise(size, chance.randrange(9999), 0.02, 1.0, 3)
    picture = mixed(picture, between(blue, paper, 0.4), soft * 0.4)
    picture = mixed(picture, paper, sharp * clipped(0.5 + veins * 0.75))
    return printed(
        brushed(picture, chance, paper), chance.randrange(9999), grain=0.045, vignette=0.12
    )


def _fern(size: Size, chance: Random) -> Draw:
    fronds = [
        (chance.uniform(0.4, 0.6), chance.uniform(-0.5, 0.5), chance.uniform(0.75, 1.0))
        for _ in range(chance.choice((1, 2, 3)))
    ]
    bend = chance.uniform(-0.5, 0.5)

    def draw(canvas: ImageDraw.ImageDraw, unit: float) -> None:
        ratio = size[1] / size[0]
        for x, lean, reach in fronds:
            angle = -math.pi / 2 + lean * 0.9
            _frond(canvas, (x * unit, ratio * 0.93 * unit), angle, ratio * 0.8 * reach * unit, bend)

    return draw


def _frond(
    canvas: ImageDraw.ImageDraw, at: tuple[float, float], angle: float, reach: float, bend: float
) -> None:
    """A stem with leaflets to both sides, each of them a small feather of blades."""
    steps = 22
    x, y = at
    for step in range(steps):
        share = step / steps
        turned = angle + bend * share
        x2, y2 = x + math.cos(turned) * reach / steps, y + math.sin(turned) * reach / steps
        width = max(2, int(reach * 0.008 * (1 - share)))
        canvas.line([(x, y), (x2, y2)], fill=255, width=width)
        x, y = x2, y2
        if share > 0.14:
            leaf = reach * (0.27 * math.sin(math.pi * share**0.62) + 0.012)
            for side in (-1, 1):
                _leaflet(canvas, (x, y), turned + side * (1.2 - share * 0.45), leaf)


def _leaflet(
    canvas: ImageDraw.ImageDraw, at: tuple[float, float], angle: float, reach: float
) -> None:
    blades = max(4, int(reach / 15))
    tip = (at[0] + math.cos(angle) * reach, at[1] + math.sin(angle) * reach)
    canvas.line([at, tip], fill=255, width=max(1, int(reach * 0.012)))
    for blade in range(1, blades):
        share = blade / blades
        x, y = at[0] + (tip[0] - at[0]) * share, at[1] + (tip[1] - at[1]) * share
        size = reach * 0.115 * (1.05 - share)
        for side in (-1, 1):
            _blade(canvas, (x, y), angle + side * 1.0, size)


def _blade(
    canvas: ImageDraw.ImageDraw, at: tuple[float, float], angle: float, reach: float
) -> None:
    x, y = at
    wide = reach * 0.2
    along, aside = (math.cos(angle), math.sin(angle)), (-math.sin(angle), math.cos(angle))
    canvas.polygon(
        [
            at,
            (
                x + along[0] * reach * 0.45 + aside[0] * wide,
                y + along[1] * reach * 0.45 + aside[1] * wide,
            ),
            (x + along[0] * reach, y + along[1] * reach),
            (
                x + along[0] * reach * 0.45 - aside[0] * wide,
                y + along[1] * reach * 0.45 - aside[1] * wide,
            ),
        ],
        fill=250,
    )


def _umbel(size: Size, chance: Random) -> Draw:
    """Wild carrot: stalks that part into sprays of small flowers."""
    stems = [
        (chance.uniform(0.3, 0.7), chance.uniform(0.2, 0.42)) for _ in range(chance.randint(2, 4))
    ]
    seed = chance.randrange(9999)

    def draw(canvas: ImageDraw.ImageDraw, unit: float) -> None:
        chance = Random(seed)
        ratio = size[1] / size[0]
        foot = (0.5 * unit, 0.94 * ratio * unit)
        for x, y in stems:
            head = (x * unit, y * ratio * unit)
            canvas.line(
                [foot, (0.5 * unit * 0.4 + head[0] * 0.6, head[1] + 0.3 * unit), head],
                fill=255,
                width=int(unit * 0.006),
                joint="curve",
            )
            reach = unit * chance.uniform(0.09, 0.16)
            for ray in range(15):
                angle = -math.pi * (0.04 + 0.92 * ray / 14)
                tip = (head[0] + math.cos(angle) * reach, head[1] + math.sin(angle) * reach * 0.72)
                canvas.line([head, tip], fill=240, width=max(2, int(unit * 0.0022)))
                for _ in range(14):
                    flower = (
                        tip[0] + chance.gauss(0, reach * 0.09),
                        tip[1] + chance.gauss(0, reach * 0.06),
                    )
                    dot = unit * chance.uniform(0.0018, 0.0042)
                    canvas.ellipse(
                        (flower[0] - dot, flower[1] - dot, flower[0] + dot, flower[1] + dot),
                        fill=255,
                    )

    return draw


def _seaweed(size: Size, chance: Random) -> Draw:
    """Algae as the first book of photographs showed them: threads that fork again and again."""
    seed = chance.randrange(9999)

    def draw(canvas: ImageDraw.ImageDraw, unit: float) -> None:
        chance = Random(seed)
        ratio = size[1] / size[0]
        ends = [
            (0.5 * unit, 0.9 * ratio * unit, -math.pi / 2 + chance.gauss(0, 0.5), 0.017 * unit)
            for _ in range(4)
        ]
        for _ in range(9):
            grown = []
            for x, y, angle, thick in ends:
                for _fork in range(2):
                    turned = angle + chance.gauss(0, 0.42)
                    reach = unit * chance.uniform(0.05, 0.105) * ratio
                    tip = (x + math.cos(turned) * reach, y + math.sin(turned) * reach)
                    canvas.line([(x, y), tip], fill=235, width=max(2, int(thick)))
                    if 0.06 * unit < tip[0] < 0.94 * unit and tip[1] > 0.07 * ratio * unit:
                        grown.append((*tip, turned, thick * 0.76))
            ends = chance.sample(grown, min(len(grown), 90))

    return draw


def _sprig(size: Size, chance: Random) -> Draw:
    """A branch with broad leaves and berries."""
    bend, leaves = chance.uniform(-0.6, 0.6), chance.randint(9, 15)
    seed = chance.randrange(9999)

    def draw(canvas: ImageDraw.ImageDraw, unit: float) -> None:
        chance = Random(seed)
        ratio = size[1] / size[0]
        x, y = (0.5 - bend * 0.25) * unit, 0.92 * ratio * unit
        for leaf in range(leaves):
            share = leaf / leaves
            angle = -math.pi / 2 + bend * (share - 0.1)
            step = 0.82 * ratio * unit / leaves
            tip = (x + math.cos(angle) * step, y + math.sin(angle) * step)
            canvas.line(
                [(x, y), tip], fill=255, width=max(3, int(unit * 0.006 * (1 - share * 0.6)))
            )
            x, y = tip
            side = 1 if leaf % 2 else -1
            _broad_leaf(
                canvas, tip, angle + side * chance.uniform(0.7, 1.1), unit * (0.2 - 0.1 * share)
            )

    return draw


def _broad_leaf(
    canvas: ImageDraw.ImageDraw, at: tuple[float, float], angle: float, reach: float
) -> None:
    points = []
    for step in range(25):
        share = step / 12 if step <= 12 else (24 - step) / 12
        side = 1 if step <= 12 else -1
        wide = math.sin(math.pi * share**0.8) * reach * 0.21 * side
        points.append(
            (
                at[0] + math.cos(angle) * reach * share - math.sin(angle) * wide,
                at[1] + math.sin(angle) * reach * share + math.cos(angle) * wide,
            )
        )
    canvas.polygon(points, fill=228)
    end = (at[0] + math.cos(angle) * reach * 0.93, at[1] + math.sin(angle) * reach * 0.93)
    canvas.line([at, end], fill=120, width=max(2, int(reach * 0.014)))
