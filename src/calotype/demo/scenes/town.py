"""City skylines, rain on a window at night, and light through old windows."""

from random import Random

from PIL import ImageDraw

from calotype.demo.scenes.brush import (
    Colour,
    Draw,
    Picture,
    Print,
    Size,
    between,
    blurred,
    clipped,
    curve,
    disc,
    drawn,
    flat,
    glow,
    gradient,
    hexes,
    lit,
    mixed,
    noise,
    places,
    printed,
    toned,
)

# Sky from top to bottom, far houses, near houses, window light.
_DUSKS = [
    hexes("141b3c", "4a4a78", "d98a7a", "5a567d", "0e1126", "ffd28a"),
    hexes("0a1024", "1d2f55", "46648a", "2c4266", "060a17", "ffe0a6"),
    hexes("2a2348", "8a4f74", "f3a46f", "75496b", "170f26", "ffc978"),
    hexes("16343f", "4f7f83", "e3c595", "4d7376", "08191f", "ffe9b8"),
    hexes("3a3f52", "8b8e99", "dccfc0", "7d808c", "1b1e29", "ffd9a0"),
]

Tower = tuple[float, float, float, int]


def city_skyline(size: Size, chance: Random) -> Print:
    high, middle, low, far, near, lamp = chance.choice(_DUSKS)
    shore = chance.uniform(0.74, 0.86)
    picture = gradient(size, [high, middle, low, low], [0, 0.4, shore, 1])
    picture = _moonlit(picture, chance, low)
    haze = noise(size, chance.randrange(9999), 0.3, 4.0)
    picture = mixed(picture, middle, clipped((haze - 0.5) * 3) * 0.35)
    for layer in range(3):
        share = layer / 2
        towers = _towers(chance, share)
        body = drawn(size, _houses(towers, shore, size), 0.8 * (1 - share))
        fade = gradient(
            size,
            [
                between(far, near, share),
                between(between(far, near, share), low, 0.35 * (1 - share)),
            ],
            [0.2, shore],
        )
        picture = mixed(picture, fade, body)
        windows = drawn(size, _windows(towers, shore, size, 0.1 + 0.32 * share))
        picture = lit(picture, windows * (0.35 + 0.5 * share), lamp)
        picture = lit(picture, blurred(windows, 5) * (0.5 + 0.5 * share), lamp)
    picture = _river(picture, chance, shore, near)
    picture = toned(picture, high, low, 0.12)
    return printed(curve(picture, 0.4, 0.03), chance.randrange(9999), grain=0.045)


def _moonlit(picture: Picture, chance: Random, colour: Colour) -> Picture:
    size = picture.width, picture.height
    x, y, radius = (
        chance.uniform(0.15, 0.85),
        chance.uniform(0.12, 0.35),
        chance.uniform(0.03, 0.07),
    )
    picture = lit(picture, glow(size, x, y, 0.25) * 0.3, colour)
    if chance.random() < 0.6:
        pale = between(colour, (1, 1, 1), 0.6)
        picture = mixed(picture, pale, disc(size, x, y, radius) * 0.9)
    return picture


def _towers(chance: Random, share: float) -> list[Tower]:
    towers: list[Tower] = []
    x = -0.02
    while x < 1.02:
        wide = chance.uniform(0.035, 0.085) * (0.8 + 0.5 * share)
        peak = 1.25 - abs(x - 0.5) * 0.9
        tall = chance.uniform(0.12, 0.42) * peak * (1.1 - 0.42 * share)
        towers.append((x, wide, tall, chance.randrange(9999)))
        x += wide * chance.uniform(0.85, 1.15 + 0.5 * share)
    return towers


def _houses(towers: list[Tower], shore: float, size: Size) -> Draw:
    def draw(canvas: ImageDraw.ImageDraw, unit: float) -> None:
        base = shore * size[1] / size[0] * unit
        for x, wide, tall, seed in towers:
            left, right, top = x * unit, (x + wide) * unit, base - tall * unit
            canvas.rectangle((left, top, right, base), fill=255)
            middle = (left + right) / 2
            step = wide * unit * 0.2
            match seed % 6:
                case 0:
                    canvas.polygon(
                        [(left, top), (middle, top - step * 2.4), (right, top)], fill=255
                    )
                case 1:
                    canvas.line([(middle, top), (middle, top - step * 3.5)], fill=255, width=3)
                case 2:
                    canvas.rectangle((left + step, top - step * 1.4, right - step, top), fill=255)
                case 3:
                    canvas.pieslice(
                        (left, top - wide * unit / 2, right, top + wide * unit / 2),
                        180,
                        360,
                        fill=255,
                    )
                case _:
                    pass

    return draw


def _windows(towers: list[Tower], shore: float, size: Size, share: float) -> Draw:
    """Some rows of some houses lit; offices in whole floors, homes here and there."""

    def draw(canvas: ImageDraw.ImageDraw, unit: float) -> None:
        base = shore * size[1] / size[0] * unit
        for x, wide, tall, seed in towers:
            chance = Random(seed)
            columns = max(3, round(wide * 110))
            pitch = wide * unit / columns
            rows = int(tall * unit / (pitch * 1.5)) - 1
            for row in range(rows):
                floor = share * chance.choice((0.3, 0.8, 1.8))
                for column in range(columns):
                    if chance.random() < floor:
                        left = x * unit + pitch * (column + 0.25)
                        top = base - tall * unit + pitch * 1.5 * (row + 0.7)
                        canvas.rectangle(
                            (left, top, left + pitch * 0.5, top + pitch * 0.8),
                            fill=chance.randint(90, 255),
                        )

    return draw


def _river(picture: Picture, chance: Random, shore: float, deep: Colour) -> Picture:
    size = picture.width, picture.height
    across, down = places(size)
    ripple = noise(size, chance.randrange(9999), 0.03, 5.0, 3) - 0.5
    below = clipped((down - shore) / (1 - shore))
    index = ((across + ripple * 0.012) * size[0]).bandjoin(
        clipped(shore * 2 - down + ripple * (0.02 + 0.1 * below)) * (size[1] - 1)
    )
    water = picture.mapim(index, extend="copy") * 0.72
    water = mixed(water, deep, below * 0.45)
    return mixed(picture, water, clipped((down - shore) * size[1] / 2))


_LIGHTS = [
    (hexes("0a1220", "1a2436"), hexes("ffb45c", "ff6a4d", "ffe2a8", "5aa7d6", "e34f6f")),
    (hexes("0e0a1c", "2a1c3a"), hexes("ff7ab0", "b07aff", "ffd0a0", "5cc8ff", "ff9a6a")),
    (hexes("081614", "15302c"), hexes("b8e08a", "ffd27a", "6ad0b0", "ff8f5c", "fff0c8")),
    (hexes("14100c", "33261a"), hexes("ffc266", "ff9440", "fff0cc", "d96a3a", "ffdf9a")),
]


def rainy_window(size: Size, chance: Random) -> Print:
    (high, low), lights = chance.choice(_LIGHTS)
    picture = gradient(size, [high, low, high])
    level = chance.uniform(0.4, 0.65)
    for colour in lights:
        for soft in (1.0, 3.0):
            spots = drawn(size, _bokeh(chance, level), soft * 1.6)
            picture = lit(picture, spots * chance.uniform(0.5, 0.8), colour)
    misted = blurred(picture, 10)
    picture = mixed(picture, misted, flat(size, (0.35,) * 3)[0])
    picture = _rained_on(picture, chance)
    picture = toned(picture, high, lights[2], 0.08)
    return printed(curve(picture, 0.3, 0.03), chance.randrange(9999), vignette=0.4)


def _bokeh(chance: Random, level: float) -> Draw:
    spots = [
        (
            chance.random(),
            chance.gauss(level, 0.18),
            chance.uniform(0.012, 0.05),
            chance.randint(70, 200),
        )
        for _ in range(9)
    ]

    def draw(canvas: ImageDraw.ImageDraw, unit: float) -> None:
        for x, y, radius, bright in spots:
            left, top, reach = x * unit, y * unit, radius * unit
            box = (left - reach, top - reach, left + reach, top + reach)
            canvas.ellipse(
                box, fill=bright * 3 // 4, outline=bright, width=max(1, int(reach * 0.09))
            )

    return draw


def _rained_on(picture: Picture, chance: Random) -> Picture:
    """Drops that show the street upside down, bright at the lower edge and dark at the upper."""
    size = picture.width, picture.height
    drops = [
        (chance.random(), chance.random() * size[1] / size[0], 0.0022 * chance.paretovariate(1.6))
        for _ in range(420)
    ]
    drops = [(x, y, min(radius, 0.017)) for x, y, radius in drops]

    def shape(dx: float, dy: float, shrink: float) -> Draw:
        def draw(canvas: ImageDraw.ImageDraw, unit: float) -> None:
            for x, y, radius in drops:
                reach = radius * unit * shrink
                left, top = (x + radius * dx) * unit, (y + radius * dy) * unit
                canvas.ellipse(
                    (left - reach, top - reach * 1.15, left + reach, top + reach * 1.15), fill=255
                )

        return draw

    body = drawn(size, shape(0, 0, 1.0))
    turned = blurred(picture.rot("d180"), 3)
    picture = mixed(picture, turned * 0.9, body * 0.85)
    picture = mixed(
        picture, (0.02, 0.03, 0.05), body * (1 - drawn(size, shape(0.0, 0.22, 0.92), 1.0)) * 0.6
    )
    shine = (
        drawn(size, shape(-0.25, -0.4, 0.22), 0.5) + drawn(size, shape(0.1, 0.55, 0.3), 0.9) * 0.5
    )
    return lit(picture, clipped(shine) * body * 0.75, (1.0, 0.97, 0.92))


_PAPERS = [
    hexes("1f130b", "6d4c30", "e9d6b0"),
    hexes("1a1512", "5d4c40", "e6dac6"),
    hexes("24120c", "7d4a30", "eecfa4"),
    hexes("16161a", "54535a", "e2dfd6"),
]


def old_window(size: Size, chance: Random) -> Print:
    """A lattice window from within, as the first negative on paper showed one."""
    dark, middle, light = chance.choice(_PAPERS)
    arches = chance.choice((1, 1, 2, 3))
    shape = chance.choice(("pointed", "round", "square"))
    wall = noise(size, chance.randrange(9999), 0.12) * 0.22 + 0.08
    panes = drawn(size, _arched(size, arches, shape, 0.0), 0.6)
    sky = (
        noise(size, chance.randrange(9999), 0.5) * 0.3
        + 0.68
        + gradient(size, [(0.18,) * 3, (-0.15,) * 3])[0]
    )
    trees = clipped(
        (noise(size, chance.randrange(9999), 0.1) + (places(size)[1] - 0.55) * 1.1 - 0.42) * 3
    )
    view = sky * (1 - trees * 0.5)
    grey = wall * (1 - panes) + view * panes
    bars = drawn(size, _lattice(size, chance.uniform(0.035, 0.055), chance.random() < 0.7), 0.4)
    grey = grey * (1 - bars * panes * 0.85)
    frame = drawn(size, _arched(size, arches, shape, 0.018), 1.0) - panes
    grey = grey + clipped(frame) * 0.16
    grey = clipped(grey + blurred(panes * view, 38) * 0.28)
    grey = grey + _on_the_floor(size, chance, arches) * 0.4
    return _salted(grey, chance, (dark, middle, light))


def _arched(size: Size, arches: int, shape: str, margin: float) -> Draw:
    ratio = size[1] / size[0]

    def draw(canvas: ImageDraw.ImageDraw, unit: float) -> None:
        pitch = 0.72 / arches
        for arch in range(arches):
            left = (0.14 + arch * pitch + pitch * 0.09 - margin) * unit
            right = (0.14 + (arch + 1) * pitch - pitch * 0.09 + margin) * unit
            half = (right - left) / 2
            sill = (0.72 * ratio + margin) * unit
            spring = max(
                0.16 * ratio * unit + (0.1 if shape == "square" else 1.0) * half * 0.8,
                0.24 * ratio * unit,
            )
            canvas.rectangle((left, spring, right, sill), fill=255)
            if shape == "round":
                canvas.pieslice((left, spring - half, right, spring + half), 180, 360, fill=255)
            elif shape == "pointed":
                canvas.polygon(_point(left, right, spring), fill=255)

    return draw


def _point(left: float, right: float, spring: float) -> list[tuple[float, float]]:
    """A Gothic arch: two arcs about each other's foot."""
    wide = right - left
    rise = [step / 12 * 0.866 for step in range(13)]
    arc = [(wide * (1 - (1 - up * up) ** 0.5), wide * up) for up in rise]
    return [(left + across, spring - up) for across, up in arc] + [
        (right - across, spring - up) for across, up in reversed(arc)
    ]


def _lattice(size: Size, pitch: float, slanting: bool) -> Draw:
    def draw(canvas: ImageDraw.ImageDraw, unit: float) -> None:
        step, high = pitch * unit, size[1] / size[0] * unit
        thick = max(2, int(step * 0.1))
        for number in range(-60, 90):
            at = number * step
            if slanting:
                canvas.line([(at, 0), (at + high * 0.62, high)], fill=255, width=thick)
                canvas.line([(at, high), (at + high * 0.62, 0)], fill=255, width=thick)
            else:
                canvas.line([(at, 0), (at, high)], fill=255, width=thick)
                canvas.line([(0, at * 1.4), (unit, at * 1.4)], fill=255, width=thick)

    return draw


def _on_the_floor(size: Size, chance: Random, arches: int) -> Picture:
    """The windows' light, aslant on the floor."""
    slant = chance.uniform(0.1, 0.35) * chance.choice((-1, 1))
    ratio = size[1] / size[0]

    def draw(canvas: ImageDraw.ImageDraw, unit: float) -> None:
        pitch = 0.72 / arches
        top, bottom = 0.83 * ratio * unit, 0.99 * ratio * unit
        for arch in range(arches):
            left, right = 0.14 + (arch + 0.12) * pitch, 0.14 + (arch + 0.88) * pitch
            canvas.polygon(
                [
                    ((left + slant * 0.3) * unit, top),
                    ((right + slant * 0.3) * unit, top),
                    ((right + slant) * unit, bottom),
                    ((left + slant) * unit, bottom),
                ],
                fill=255,
            )

    fade = clipped(1.15 - (places(size)[1] - 0.82) * 5)
    return drawn(size, draw, 5) * fade


def _salted(grey: Picture, chance: Random, tones: tuple[Colour, Colour, Colour]) -> Print:
    """A salt print: soft, fibrous, brown, with uneven edges where the brush had been."""
    size = grey.width, grey.height
    fibres = noise(size, chance.randrange(9999), 0.012, 1.0, 2) - 0.5
    stains = noise(size, chance.randrange(9999), 0.3) - 0.5
    grey = clipped(blurred(clipped(grey), 0.9) + fibres * 0.12 + stains * 0.1)
    dark, middle, light = tones
    low, high = clipped(grey * 2), clipped(grey * 2 - 1)
    paper = low * list(middle) + (1 - low) * list(dark)
    paper = paper * (1 - high) + high * list(light)
    return printed(brushed(paper, chance, light), chance.randrange(9999), grain=0.05, vignette=0.15)


def brushed(picture: Picture, chance: Random, paper: Colour) -> Picture:
    """Bare paper around the picture, as wide as a brush left it."""
    size = picture.width, picture.height
    across, down = places(size)
    rough = (noise(size, chance.randrange(9999), 0.05, 1.0, 4) - 0.5) * 0.05
    ratio = size[1] / size[0]
    edge = _least(_least(across, 1 - across), _least(down * ratio, (1 - down) * ratio))
    mask = clipped((edge - 0.032 + rough) * 60)
    sheet = flat(size, between(paper, (1, 1, 1), 0.35)) * (0.97 + rough * 0.6)
    return mixed(sheet, picture, mask)


def _least(one: Picture, other: Picture) -> Picture:
    return (one < other).ifthenelse(one, other)
