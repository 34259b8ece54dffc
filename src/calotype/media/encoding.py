"""Pixels in memory to the bytes of a rendition.

Guarantees: no metadata in the bytes, since none goes in. Encoded by Pillow: its libwebp takes
43 ms for 1080 x 810 pixels where the one in the libvips wheel takes 53, for the same bytes.
Resized by libvips, which takes 8 ms from 1080 x 1440 to 640 where Pillow takes 26.
"""

import io
from typing import Any

import pyvips
from PIL import Image, JpegImagePlugin, WebPImagePlugin

from calotype.media.renditions import Encoding

# Looks like Lanczos here, in less time and with less of its error in mean brightness.
_KERNEL = "cubic"
# Named here, or Pillow imports every plugin that it has at the first save.
_PLUGINS = (JpegImagePlugin, WebPImagePlugin)
# By orientation, as EXIF numbers it; 1 is upright.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def resized(image: Any, width: int, height: int) -> Any:
    """A libvips image of that size; the image itself where it has it already."""
    if (image.width, image.height) == (width, height):
        return image
    across, down = width / image.width, height / image.height
    if not image.hasalpha():
        return image.resize(across, vscale=down, kernel=_KERNEL)
    # Colours under transparent pixels must not bleed into their neighbours.
    blended = image.premultiply().resize(across, vscale=down, kernel=_KERNEL)
    return blended.unpremultiply().cast(image.format)


def in_pillow(image: Any) -> Image.Image:
    """An sRGB image of libvips, with 3 or 4 bands of 8 bits, as one of Pillow's."""
    mode = "RGBA" if image.hasalpha() else "RGB"
    return Image.frombytes(mode, (image.width, image.height), image.write_to_memory())


def in_libvips(picture: Image.Image) -> Any:
    """A picture of Pillow's, RGB or RGBA, as an sRGB image of libvips."""
    bands = len(picture.getbands())
    image = pyvips.Image.new_from_memory(picture.tobytes(), *picture.size, bands, "uchar")
    return image.copy(interpretation="srgb")


def upright(picture: Image.Image, orientation: int) -> Image.Image:
    """The picture turned as its EXIF orientation says: 4 ms for 1080 x 1440, where libvips takes 8."""
    turn = _TURNS.get(orientation)
    return picture if turn is None else picture.transpose(turn)


def opaque(picture: Image.Image) -> Image.Image:
    """The picture on white, where it has an alpha channel."""
    if picture.mode != "RGBA":
        return picture
    white = Image.new("RGB", picture.size, "white")
    white.paste(picture, mask=picture.getchannel("A"))
    return white


def encode(picture: Image.Image, encoding: Encoding, webp_quality: int = 80) -> bytes:
    out = io.BytesIO()
    if encoding is Encoding.JPEG:
        opaque(picture).save(out, "JPEG", quality=75, progressive=True)
    else:
        # Method 4 would save 3 % of the bytes for 2.3 times the time; 0 costs 17 % more bytes.
        picture.save(out, "WEBP", quality=webp_quality, method=2)
    return out.getvalue()
