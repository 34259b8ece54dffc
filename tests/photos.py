"""Test photos made by code: the same bytes on every run, and none of anyone's pictures.

A scene has what a camera's has (broad light, edges, fine texture, sensor noise), and a coloured
mark in each corner, so that a test can tell which way up a rendition is.
"""

import functools
import io
import random
import struct
import zlib

from PIL import Image, ImageChops, ImageDraw, ImageFilter
from PIL.ExifTags import GPS, IFD, Base
from PIL.TiffImagePlugin import IFDRational

RED, GREEN, BLUE, WHITE = (220, 30, 30), (30, 190, 60), (40, 60, 210), (245, 245, 245)
MARKS = {"top left": RED, "top right": GREEN, "bottom left": BLUE, "bottom right": WHITE}
SECRET_PLACE = "Lacock Abbey"  # written into the metadata; must not be found in a rendition
_SECRET_MAKER = "Talbot & Sons"

# What turns an upright picture into the stored one that an EXIF orientation turns back.
STORED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@functools.cache
def scene(width: int, height: int, seed: int = 1) -> Image.Image:
    """An upright picture in sRGB; callers must not draw on it."""
    chance = random.Random(seed)
    size = (width, height)
    light = [Image.linear_gradient("L").rotate(turn).resize(size) for turn in (0, 90, 180)]
    picture = Image.merge("RGB", light)
    picture = Image.blend(picture, _texture(size, chance), 0.45)
    draw = ImageDraw.Draw(picture)
    for _ in range(40):
        x, y, reach = (chance.randrange(1, max(2, side)) for side in (width, height, width // 6))
        colour = (chance.randrange(256), chance.randrange(256), chance.randrange(256))
        draw.ellipse((x, y, x + reach, y + reach // 2 + 1), fill=colour)
        draw.line((x, y, y % width, x % height), fill=colour, width=max(1, width // 400))
    picture = ImageChops.add(picture, _noise(size, chance), scale=1, offset=-14)
    _mark(picture)
    return picture


def mark_at(picture: Image.Image, corner: str) -> tuple[int, int, int]:
    """The colour in the middle of a corner's mark."""
    x = 0.06 if "left" in corner else 0.94
    y = 0.06 if "top" in corner else 0.94
    pixel = picture.convert("RGB").getpixel((int(x * picture.width), int(y * picture.height)))
    assert isinstance(pixel, tuple)
    return pixel[0], pixel[1], pixel[2]


@functools.cache
def camera_jpeg(
    width: int = 4000,
    height: int = 3000,
    orientation: int = 6,
    gps: bool = True,
    icc: bytes | None = None,
    progressive: bool = False,
    quality: int = 92,
    seed: int = 1,
) -> bytes:
    """A camera's JPEG: 4:2:0, EXIF with maker, position and thumbnail, XMP, a comment.

    Args:
        width, height: of the upright picture; the stored one is turned as `orientation` says.
        icc: a profile to embed; the pixels are taken to be in it already.
    """
    upright = scene(width, height, seed)
    stored = upright.transpose(STORED[orientation]) if orientation in STORED else upright
    out = io.BytesIO()
    stored.save(
        out,
        "JPEG",
        quality=quality,
        subsampling="4:2:0",
        progressive=progressive,
        exif=exif_block(orientation, gps),
        icc_profile=icc,
        xmp=_xmp(),
        comment=SECRET_PLACE.encode(),
    )
    return out.getvalue()


@functools.cache
def small_jpeg(width: int = 320, height: int = 240, seed: int = 1) -> bytes:
    """A plain JPEG without metadata, for tests that only need a photo."""
    return encoded(scene(width, height, seed), "JPEG", quality=85)


@functools.cache
def small_png(width: int = 320, height: int = 240, seed: int = 1) -> bytes:
    return encoded(scene(width, height, seed), "PNG")


@functools.cache
def small_webp(width: int = 320, height: int = 240, seed: int = 1) -> bytes:
    return encoded(scene(width, height, seed), "WEBP", quality=85)


def encoded(picture: Image.Image, format_: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, format_, **options)
    return out.getvalue()


def png_claiming(width: int, height: int) -> bytes:
    """A PNG whose header claims a size that its few bytes of pixels do not fill."""
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 2, 0, 0, 0])
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(100))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")
        for kind, body in chunks
    )


def exif_block(orientation: int, gps: bool) -> bytes:
    """EXIF as cameras write it, with a thumbnail in its second directory."""
    exif = Image.Exif()
    exif[Base.Make] = _SECRET_MAKER
    exif[Base.Model] = "Mousetrap No. 1"
    exif[Base.Orientation] = orientation
    exif[Base.DateTime] = "2026:07:14 09:41:00"
    exif[Base.ImageDescription] = SECRET_PLACE
    exif.get_ifd(IFD.Exif)[Base.ExposureTime] = IFDRational(1, 125)
    if gps:
        exif.get_ifd(IFD.GPSInfo).update(
            {
                GPS.GPSLatitudeRef: "N",
                GPS.GPSLatitude: (IFDRational(51), IFDRational(24), IFDRational(53)),
                GPS.GPSLongitudeRef: "W",
                GPS.GPSLongitude: (IFDRational(2), IFDRational(7), IFDRational(2)),
            }
        )
    return exif.tobytes()


# Red, green and blue in XYZ under D50, and the gamma, of spaces wider than sRGB.
SPACES = {
    "Display P3": (
        ((0.5151, 0.2412, -0.0011), (0.2919, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841)),
        2.2,
    ),
    "Adobe RGB": (
        ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)),
        2.2,
    ),
    "ProPhoto": (((0.79767, 0.28804, 0), (0.13519, 0.71187, 0), (0.03135, 0.00009, 0.82491)), 1.8),
}


@functools.cache
def wide_profile(space: str = "Display P3") -> bytes:
    """A version 2 matrix profile of a space, with a plain power for its curve."""
    colours, gamma = SPACES[space]
    xyz = {f"{name}XYZ": values for name, values in zip("rgb", colours, strict=True)}
    xyz["wtpt"] = (0.9642, 1.0, 0.8249)
    tags = {name: b"XYZ " + bytes(4) + _fixed(*values) for name, values in xyz.items()}
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256))
    tags |= {f"{name}TRC": curve for name in "rgb"}
    text = b"Wide\0"
    tags["desc"] = b"desc" + bytes(4) + struct.pack(">I", len(text)) + text + bytes(78)
    tags["cprt"] = b"text" + bytes(4) + b"None\0"
    table, body = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, value in tags.items():
        table += name.encode() + struct.pack(">II", start + len(body), len(value))
        body += value + bytes(-len(value) % 4)
    head = struct.pack(">I4sI4s4s4s", start + len(body), b"", 0x02400000, b"mntr", b"RGB ", b"XYZ ")
    head += bytes(12) + b"acsp" + bytes(28) + _fixed(0.9642, 1.0, 0.8249)
    return head.ljust(128, b"\0") + table + body


def _fixed(*values: float) -> bytes:
    return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))


def _texture(size: tuple[int, int], chance: random.Random) -> Image.Image:
    """Fractal noise: broad patches differ in colour, fine ones in light alone, as in nature."""
    fine = _octaves(size, (64, 256), chance)
    bands = [Image.blend(_octaves(size, (4, 16), chance), fine, 0.5) for _ in range(3)]
    return Image.merge("RGB", bands)


def _octaves(size: tuple[int, int], shares: tuple[int, ...], chance: random.Random) -> Image.Image:
    band = Image.new("L", size, 128)
    for share in shares:
        grain = (max(1, size[0] * share // 1024), max(1, size[1] * share // 1024))
        octave = Image.frombytes("L", grain, chance.randbytes(grain[0] * grain[1]))
        band = Image.blend(band, octave.resize(size, Image.Resampling.BICUBIC), 0.5)
    return band


def _noise(size: tuple[int, int], chance: random.Random) -> Image.Image:
    """Sensor noise of up to 14 levels around 14, softened as demosaicing softens it."""
    grain = Image.frombytes("L", size, chance.randbytes(size[0] * size[1]))
    grain = grain.point(lambda level: level * 28 // 255).filter(ImageFilter.BoxBlur(1))
    return Image.merge("RGB", (grain, grain, grain))


def _mark(picture: Image.Image) -> None:
    draw = ImageDraw.Draw(picture)
    wide, high = picture.width * 12 // 100, picture.height * 12 // 100
    for corner, colour in MARKS.items():
        x = 0 if "left" in corner else picture.width - wide
        y = 0 if "top" in corner else picture.height - high
        draw.rectangle((x, y, x + wide, y + high), fill=colour)


def _xmp() -> bytes:
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
        'xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" '
        f'photoshop:City="{SECRET_PLACE}"/></rdf:RDF></x:xmpmeta>'
    ).encode()
