"""Strokes that scenes are painted with: float images in 0 to 1, three bands of sRGB, on libvips.

Everything that varies comes from the seed or the `Random` that the caller gives: the same numbers
paint the same picture.
"""

import array
import functools
import io
import math
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, TypeAlias

import pyvips
from PIL import Image, ImageChops, ImageDraw

Picture: TypeAlias = Any  # pyvips has no types
Print: TypeAlias = Image.Image
Size: TypeAlias = tuple[int, int]
Colour: TypeAlias = tuple[float, float, float]
Draw: TypeAlias = Callable[[ImageDraw.ImageDraw, float], None]

# Scenes are painted small and enlarged: a sixth of the work, and as soft as a photograph is.
ENLARGED = 2.5
# The strongest grain of any scene, and the level of film without any.
_GRAINIEST = 0.05
_CLEAR = 128
# Noise is smooth: a quarter of the side costs a sixteenth of the time and cannot be told apart.
_COARSE = 4
# Pillow draws without antialiasing; twice the size and a reduction gives it.
_OVERSAMPLED = 2


def hexes(*codes: str) -> list[Colour]:
    """Colours from their six hexadecimal digits."""
    return [_hex(code) for code in codes]


def _hex(code: str) -> Colour:
    red, green, blue = (int(code[at : at + 2], 16) / 255 for at in (0, 2, 4))
    return red, green, blue


def between(low: Colour, high: Colour, share: float) -> Colour:
    red, green, blue = (a + (b - a) * share for a, b in zip(low, high, strict=True))
    return red, green, blue


def flat(size: Size, colour: Colour) -> Picture:
    return gradient(size, [colour, colour])


def gradient(size: Size, colours: Sequence[Colour], stops: Sequence[float] = ()) -> Picture:
    """Colours from top to bottom; `stops` in 0 to 1 say where each lies, evenly by default."""
    width, height = size
    stops = stops or [at / (len(colours) - 1) for at in range(len(colours))]
    values = array.array("f")
    for row in range(height):
        values.extend(_at(row / (height - 1), colours, stops))
    column = pyvips.Image.new_from_memory(values.tobytes(), 1, height, 3, "float")
    return column.zoom(width, 1).copy(interpretation="srgb")


def _at(share: float, colours: Sequence[Colour], stops: Sequence[float]) -> Colour:
    for low, high, start, end in zip(colours, colours[1:], stops, stops[1:], strict=False):
        if share <= end:
            within = max(0.0, (share - start) / (end - start))
            return between(low, high, within * within * (3 - 2 * within))
    return colours[-1]


def places(size: Size) -> tuple[Picture, Picture]:
    """Every pixel's x and y in 0 to 1."""
    spots = pyvips.Image.xyz(*size).cast("float")
    return spots[0] / size[0], spots[1] / size[1]


def clipped(image: Picture) -> Picture:
    return image.clamp()


def mixed(under: Picture, over: Picture | Colour, mask: Picture) -> Picture:
    """`over` where the mask is 1. Held in memory: a lazy chain would paint `under` twice a step."""
    painted = list(over) if isinstance(over, tuple) else over
    return (under * (1 - mask) + mask * painted).copy_memory()


def lit(under: Picture, light: Picture, colour: Colour) -> Picture:
    """Screen: light added as on film, never beyond white."""
    return (1 - (1 - under) * (1 - clipped(light * list(colour)))).copy_memory()


def noise(size: Size, seed: int, cell: float, stretch: float = 1.0, octaves: int = 4) -> Picture:
    """Fractal noise around 0.5, smooth over `cell` of the width; `stretch` widens it."""
    width = max(8, round(size[0] / _COARSE / stretch))
    height = max(8, round(size[1] / _COARSE))
    total, weight = None, 0.0
    for octave in range(octaves):
        side = max(2, round(size[0] / _COARSE * cell / 2**octave))
        layer = pyvips.Image.perlin(width, height, cell_size=side, seed=seed + octave)
        share = 0.55**octave
        total = layer * share if total is None else total + layer * share
        weight += share
    assert total is not None
    return resized(total / (weight * 1.3) + 0.5, size, "linear")


def resized(image: Picture, size: Size, kernel: str = "cubic") -> Picture:
    scaled = image.resize(size[0] / image.width, vscale=size[1] / image.height, kernel=kernel)
    if (scaled.width, scaled.height) != size:
        scaled = scaled.gravity("north-west", *size, extend="copy")
    return scaled.copy_memory()


def ridge(
    width: int, chance: Random, level: float, height: float, rough: float, waves: float
) -> list[float]:
    """A skyline: for each column its y in 0 to 1. `waves` across the width, `rough` in 0 to 1."""
    octaves = [
        (waves * 2**at, height * rough**at, chance.random() * 100, chance.random() * 6)
        for at in range(8)
    ]
    return [
        level
        + sum(reach * _wave(x / width * rate + start, seed) for rate, reach, start, seed in octaves)
        for x in range(width)
    ]


def _wave(at: float, seed: float) -> float:
    cell = math.floor(at)
    within = at - cell
    within = within * within * (3 - 2 * within)
    return _lot(cell, seed) * (1 - within) + _lot(cell + 1, seed) * within


def _lot(cell: int, seed: float) -> float:
    value = math.sin(cell * 127.1 + seed * 311.7) * 43758.5453
    return (value - math.floor(value)) * 2 - 1


def below(size: Size, line: Sequence[float], softness: float = 1.5) -> Picture:
    """1 below a ridge, 0 above; the edge is `softness` pixels wide."""
    row = _row(line, size[1])
    return clipped((places(size)[1] - row) * (size[1] / softness) + 0.5)


def depth_below(size: Size, line: Sequence[float]) -> Picture:
    """How far below the ridge each pixel lies, in heights of the picture; negative above."""
    return places(size)[1] - _row(line, size[1])


def _row(line: Sequence[float], height: int) -> Picture:
    values = array.array("f", line)
    return pyvips.Image.new_from_memory(values.tobytes(), len(line), 1, 1, "float").zoom(1, height)


def glow(size: Size, x: float, y: float, reach: float) -> Picture:
    """Light that falls off around a point; `reach` in widths."""
    far = _squared(size, x, y) / (reach * reach)
    return (far**0.65 * -1.6).exp()


def distance(size: Size, x: float, y: float) -> Picture:
    """From a point given in 0 to 1, in widths of the picture."""
    return _squared(size, x, y) ** 0.5


def _squared(size: Size, x: float, y: float) -> Picture:
    across, down = places(size)
    across, down = across - x, (down - y) * (size[1] / size[0])
    return across * across + down * down


def disc(size: Size, x: float, y: float, radius: float, softness: float = 2.0) -> Picture:
    """1 within a circle; the edge is `softness` pixels wide."""
    return clipped((radius - distance(size, x, y)) * (size[0] / softness) + 0.5)


def drawn(size: Size, draw: Draw, blur: float = 0.0) -> Picture:
    """A mask drawn with Pillow; `draw` gets the canvas and how many pixels a width has."""
    width, height = size[0] * _OVERSAMPLED, size[1] * _OVERSAMPLED
    canvas = Image.new("L", (width, height), 0)
    draw(ImageDraw.Draw(canvas), float(width))
    canvas = canvas.reduce(_OVERSAMPLED)
    mask = pyvips.Image.new_from_memory(canvas.tobytes(), *size, 1, "uchar").cast("float") / 255
    return blurred(mask, blur) if blur else mask.copy_memory()


def blurred(image: Picture, sigma: float) -> Picture:
    """Gaussian blur; a wide one is made small, which looks the same and costs little."""
    if sigma < 6:
        return image.gaussblur(sigma).copy_memory()
    factor = sigma / 3
    size = image.width, image.height
    small = image.resize(1 / factor, kernel="linear").gaussblur(3)
    return resized(small, size, "linear")


def curve(image: Picture, contrast: float, lift: float = 0.0) -> Picture:
    """An S of the given strength (0: none); `lift` fades the blacks."""
    image = clipped(image)
    smooth = image * image * (3 - 2 * image)
    return ((image + (smooth - image) * contrast) * (1 - lift) + lift).copy_memory()


def toned(image: Picture, shadows: Colour, lights: Colour, strength: float) -> Picture:
    """Split toning: dark parts drawn towards one colour, light ones towards another."""
    grey = luminance(image)
    tint = grey * list(lights) + (1 - grey) * list(shadows)
    return (image * (1 - strength) + tint * strength).copy_memory()


def luminance(image: Picture) -> Picture:
    return image[0] * 0.3 + image[1] * 0.59 + image[2] * 0.11


def printed(image: Picture, seed: int, grain: float = 0.035, vignette: float = 0.25) -> Print:
    """The last step of every scene: the print, in 8 bits a band.

    It is larger than the painting, darker in its corners, and its grain is strongest in the
    mid-tones. From here on Pillow works: enlarging, grain and JPEG take it a quarter of the time.
    """
    size = image.width, image.height
    image = clipped(image * (1 - _squared(size, 0.5, 0.5) * (vignette * 1.6)))
    levels = (image * 255 + 0.5).cast("uchar").write_to_memory()
    wide, high = (round(side * ENLARGED) for side in size)
    print_ = Image.frombytes("RGB", size, levels).resize((wide, high), Image.Resampling.BICUBIC)
    grained = ImageChops.add(print_, _film(wide, high, seed), offset=-_CLEAR)
    shares = [round(255 * grain / _GRAINIEST * _graininess(level / 255)) for level in range(256)]
    return Image.composite(grained, print_, print_.convert("L").point(shares))


def _graininess(light: float) -> float:
    """How much of its grain a film shows at a level of light in 0 to 1."""
    return (0.25 + 2.2 * light * (1 - light)) / 0.8


def _film(width: int, height: int, seed: int) -> Print:
    """Grain: a piece of one strip of film, by the seed."""
    strip = _strip()
    left, top = seed * 37 % (strip.width - width), seed * 53 % (strip.height - height)
    return strip.crop((left, top, left + width, top + height))


@functools.cache
def _strip() -> Print:
    side = 1_600  # more than a print's longer side, so that pieces differ
    noise = pyvips.Image.gaussnoise(side, side, mean=0, sigma=1.8, seed=1).gaussblur(0.7)
    levels = (noise * (_GRAINIEST * 0.8 * 255) + _CLEAR + 0.5).cast("uchar").write_to_memory()
    return Image.merge("RGB", [Image.frombytes("L", (side, side), levels)] * 3)


def jpeg(print_: Print, quality: int = 86) -> bytes:
    """A print as a JPEG without any metadata."""
    out = io.BytesIO()
    print_.save(out, "JPEG", quality=quality)
    return out.getvalue()
