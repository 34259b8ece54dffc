"""Colour: sRGB values, written in wider spaces and in other ways, come back as they were.

What is expected comes from the spaces' definitions, not from another converter.
"""

import io
import itertools
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pillow_heif
import pytest
from PIL import Image, ImageCms

from calotype.media import process as pipeline
from calotype.media.colour import cicp_profile, gamma_profile
from calotype.media.settings import DecoderLimits
from tests import photos

Array = numpy.ndarray[Any, Any]
LEVELS = (80, 130, 180, 235)
PATCHES = numpy.array(list(itertools.product(LEVELS, repeat=3)), dtype=float) / 255
SIDE = 8  # patches along a side
PIXELS = 32  # along a patch
# XYZ of sRGB's red, green and blue (IEC 61966-2-1), and the same under D50 (Bradford).
SRGB_D65 = numpy.array(
    [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
)
SRGB_D50 = numpy.array(
    [[0.4361, 0.3851, 0.1431], [0.2225, 0.7169, 0.0606], [0.0139, 0.0971, 0.7141]]
)
P3_D65 = numpy.array(
    [[0.48657, 0.26567, 0.19822], [0.22897, 0.69174, 0.07929], [0, 0.04511, 1.04394]]
)
BT2020_D65 = numpy.array(
    [[0.63696, 0.14462, 0.16888], [0.2627, 0.678, 0.0593], [0, 0.02807, 1.06099]]
)
NUMBERED = {12: P3_D65, 9: BT2020_D65}
LOSSY = 10  # levels that the codecs may cost on a flat patch
EXACT = 4


@pytest.fixture(autouse=True, scope="module")
def libvips() -> None:
    pipeline.prepare_libvips()
    pillow_heif.register_heif_opener()


def light(encoded: Array) -> Array:
    return numpy.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def srgb(linear: Array) -> Array:
    return numpy.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)


def pq(linear: Array) -> Array:
    """SMPTE ST 2084, with 203 cd/m2 for 1."""
    power = (linear * 203 / 10_000) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375


def in_space(primaries: Array, white: Array, encode: Callable[[Array], Array]) -> Image.Image:
    """The patches, in the encoding of another space; `white`: the matrix of sRGB under its white."""
    linear = light(PATCHES) @ numpy.linalg.inv(primaries).dot(white).T
    return chart(encode(numpy.clip(linear, 0, 1)))


def chart(values: Array) -> Image.Image:
    levels = numpy.rint(values * 255).astype("u1").reshape(SIDE, SIDE, 3)
    return Image.fromarray(levels.repeat(PIXELS, 0).repeat(PIXELS, 1))


def worst(folder: Path, data: bytes, expected: Array = PATCHES) -> float:
    """Levels by which the worst patch is off."""
    original = folder / "original"
    original.write_bytes(data)
    rendered = pipeline.process(original, DecoderLimits())
    shown = next(file.data for file in rendered.files if file.name == "w1080")
    pixels = numpy.asarray(Image.open(io.BytesIO(shown)).convert("RGB")).astype(float)
    middles = pixels.reshape(SIDE, PIXELS, SIDE, PIXELS, 3)[:, 8:24, :, 8:24].mean((1, 3))
    return float(abs(middles.reshape(-1, 3) - expected * 255).max())


def with_chunks(png: bytes, **chunks: bytes) -> bytes:
    """A PNG with these chunks before its pixels."""
    made = b"".join(
        struct.pack(">I", len(body)) + name.encode() + body
        + struct.pack(">I", zlib.crc32(name.encode() + body))
        for name, body in chunks.items()
    )  # fmt: skip
    return png[:33] + made + png[33:]


def with_numbers(data: bytes, primaries: int, transfer: int) -> bytes:
    """A HEIC or AVIF whose colour is given by these numbers of ITU-T H.273."""
    at = data.index(b"colrnclx") + 8
    return data[:at] + struct.pack(">HH", primaries, transfer) + data[at + 4 :]


def corners(*values: float) -> bytes:
    return struct.pack(">8I", *(round(value * 100_000) for value in values))


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "HEIF", "AVIF", "TIFF"])
@pytest.mark.parametrize("space", photos.SPACES)
def test_profiles_of_wide_spaces(tmp_path: Path, space: str, format_: str) -> None:
    columns, gamma = photos.SPACES[space]
    picture = in_space(numpy.array(columns).T, SRGB_D50, lambda linear: linear ** (1 / gamma))
    options = {"quality": 95, "subsampling": "4:4:4"} if format_ in {"JPEG", "AVIF"} else {}
    profile = photos.wide_profile(space)
    data = photos.encoded(picture, format_, icc_profile=profile, **options)
    assert worst(tmp_path, data) < LOSSY
    assert worst(tmp_path, photos.encoded(picture, format_, **options)) > 15


@pytest.mark.parametrize("format_", ["HEIF", "AVIF"])
@pytest.mark.parametrize("primaries", NUMBERED)
def test_wide_primaries_by_numbers(tmp_path: Path, primaries: int, format_: str) -> None:
    picture = in_space(NUMBERED[primaries], SRGB_D65, srgb)
    options = {"chroma": 444} if format_ == "HEIF" else {"subsampling": "4:4:4"}
    data = photos.encoded(picture, format_, quality=95, **options)
    for transfer in (13, 1, 2):  # what television's curve names is encoded for sRGB
        assert worst(tmp_path, with_numbers(data, primaries, transfer)) < LOSSY
    assert worst(tmp_path, with_numbers(data, 1, 13)) > 15


@pytest.mark.parametrize("primaries", NUMBERED)
def test_a_png_says_its_primaries_by_numbers(tmp_path: Path, primaries: int) -> None:
    picture = photos.encoded(in_space(NUMBERED[primaries], SRGB_D65, srgb), "PNG")
    assert worst(tmp_path, with_chunks(picture, cICP=bytes([primaries, 13, 0, 1]))) < EXACT


def test_high_dynamic_range_keeps_its_tones_below_the_knee(tmp_path: Path) -> None:
    dim = srgb(light(PATCHES) / 2)
    linear = light(dim) @ numpy.linalg.inv(BT2020_D65).dot(SRGB_D65).T
    picture = photos.encoded(chart(pq(linear)), "PNG")
    # 8 bits of PQ are coarse; ten would be 4 times finer.
    assert worst(tmp_path, with_chunks(picture, cICP=bytes([9, 16, 0, 1])), dim) < 12


def test_curves_of_high_dynamic_range_end_at_white_and_never_turn_over() -> None:
    for transfer in (16, 18):
        profile = cicp_profile(9, transfer)
        assert profile is not None
        curve = profile[profile.index(b"curv") + 12 :][: 4096 * 2]
        values = struct.unpack(">4096H", curve)
        assert list(values) == sorted(values)
        assert values[-1] == 65535


def test_a_png_says_its_gamma_and_its_primaries(tmp_path: Path) -> None:
    linear = photos.encoded(chart(light(PATCHES)), "PNG")
    gamma = struct.pack(">I", 100_000)
    assert worst(tmp_path, with_chunks(linear, gAMA=gamma)) < EXACT
    assert worst(tmp_path, with_chunks(linear, gAMA=gamma, sRGB=b"\0")) > 30
    p3 = photos.encoded(in_space(P3_D65, SRGB_D65, srgb), "PNG")
    told = corners(0.3127, 0.329, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06)
    assert worst(tmp_path, with_chunks(p3, gAMA=struct.pack(">I", 45455), cHRM=told)) < EXACT


def test_what_says_srgb_or_nothing_sound_is_left_as_it_is(tmp_path: Path) -> None:
    png = photos.encoded(chart(PATCHES), "PNG")
    usual = corners(0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)
    for chunks in (
        {"gAMA": struct.pack(">I", 45455), "cHRM": usual},
        {"gAMA": bytes(4)},
        {"gAMA": struct.pack(">I", 45455), "cHRM": bytes(32)},
        {"gAMA": b"\0"},
        {"cICP": bytes([1, 13, 0, 1])},
        {"cICP": bytes([255, 255, 0, 1])},
    ):
        assert worst(tmp_path, with_chunks(png, **chunks)) < EXACT, chunks
    assert cicp_profile(2, 2) is None
    assert gamma_profile(2.2) is None


def test_a_grey_png_says_its_gamma(tmp_path: Path) -> None:
    grey = Image.new("L", (256, 256), 55)  # linear light
    data = with_chunks(photos.encoded(grey, "PNG"), gAMA=struct.pack(">I", 100_000))
    level = float(srgb(numpy.array(55 / 255)))
    assert worst(tmp_path, data, numpy.full((64, 3), level)) < EXACT


def test_a_profile_that_means_srgb_changes_nothing(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = photos.encoded(chart(PATCHES), "PNG", icc_profile=profile)
    for _ in range(2):  # the second time it is known
        assert worst(tmp_path, data) < EXACT
