"""Small photos that can be told apart by their colour."""

import io
import random

from PIL import Image, ImageDraw

from tests.photos import encoded, scene

WIDTH, HEIGHT = 400, 300
# The larger one keeps a decoder busy for so long that a random kill meets it at work.
LARGE = (2400, 1800)
TOLERANCE = 40


def picture(number: int, large: bool) -> bytes:
    """A JPEG with a patch in its middle whose colour tells its number."""
    base = scene(*LARGE) if large else scene(WIDTH, HEIGHT)
    drawn = base.copy()
    width, height = drawn.size
    box = (width * 3 // 8, height * 3 // 8, width * 5 // 8, height * 5 // 8)
    ImageDraw.Draw(drawn).rectangle(box, fill=_colour(number))
    return encoded(drawn, "JPEG", quality=85, comment=str(number).encode())


def shows(data: bytes, number: int) -> bool:
    """Whether these bytes are a readable rendition of that picture."""
    rendition = Image.open(io.BytesIO(data)).convert("RGB")
    pixel = rendition.getpixel((rendition.width // 2, rendition.height // 2))
    assert isinstance(pixel, tuple)
    return all(
        abs(seen - meant) <= TOLERANCE for seen, meant in zip(pixel, _colour(number), strict=True)
    )


def _colour(number: int) -> tuple[int, int, int]:
    chance = random.Random(number)
    return chance.randrange(256), chance.randrange(256), chance.randrange(256)
