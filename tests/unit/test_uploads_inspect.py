"""The check of a picture while it arrives."""

import io
import itertools
import json
import os
import random
import struct
import zlib
from pathlib import Path
from typing import Any

import msgspec
import pillow_heif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from calotype.kernel.errors import (
    BadMedia,
    BrokenImage,
    CalotypeError,
    NotAnImage,
    TooManyPixels,
    TruncatedImage,
)
from calotype.uploads.headers.walker import Header
from calotype.uploads.inspect import Inspector
from calotype.uploads.settings import ImageLimits

LIMITS = ImageLimits()
REPOSITORY = Path(__file__).resolve().parents[2]
MEDIA = Path(os.environ.get("CALOTYPE_TEST_MEDIA", REPOSITORY.parent / "shared" / "media"))


def inspect(*chunks: bytes, limits: ImageLimits = LIMITS) -> Header:
    inspector = Inspector(limits)
    for chunk in chunks:
        inspector.feed(chunk)
    return inspector.finish()


def outcome(*chunks: bytes) -> Header | str:
    try:
        return inspect(*chunks)
    except BadMedia as error:
        return f"{error.code} {error.message}"


def noise(width: int, height: int, mode: str = "RGB") -> Image.Image:
    size = width * height * len(mode)
    return Image.frombytes(mode, (width, height), random.Random(7).randbytes(size))


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def png_chunk(kind: bytes, body: bytes) -> bytes:
    checksum = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)


def png(width: int, height: int, interlace: int = 0, depth: int = 8) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, interlace)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", b"pixels")
        + png_chunk(b"IEND", b"")
    )


def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def jpeg(width: int, height: int, frame: int = 0xC0, scans: int = 1) -> bytes:
    sizes = struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\x00"
    scan = segment(0xDA, b"\x01\x01\x00\x00\x3f\x00") + b"data\xff\x00\xff\xd0data"
    return (
        b"\xff\xd8"
        + segment(0xE0, b"JFIF\x00")
        + segment(frame, sizes)
        + scan * scans
        + b"\xff\xd9"
    )


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"WEBP"
    for kind, content in chunks:
        body += kind + struct.pack("<I", len(content)) + content + b"\x00" * (len(content) % 2)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def lossless(width: int, height: int) -> tuple[bytes, bytes]:
    return b"VP8L", b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14) + b"pixels"


def canvas(width: int, height: int, flags: int = 0) -> tuple[bytes, bytes]:
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"VP8X", bytes([flags, 0, 0, 0]) + sides


pillow_heif.register_heif_opener()
FRAMES = [noise(40, 30), Image.new("RGB", (40, 30), "red")]
FILES: dict[str, tuple[bytes, Header]] = {
    "jpeg": (saved(noise(64, 48), "JPEG"), Header("jpeg", 64, 48)),
    "grey jpeg with restarts": (
        saved(noise(64, 48, "L"), "JPEG", restart_marker_blocks=1),
        Header("jpeg", 64, 48),
    ),
    "jpeg with a thumbnail in its metadata": (
        saved(noise(64, 48), "JPEG", exif=b"Exif\x00\x00" + saved(noise(16, 16), "JPEG")),
        Header("jpeg", 64, 48),
    ),
    "progressive jpeg": (
        saved(noise(64, 48), "JPEG", progressive=True),
        Header("jpeg", 64, 48, held=True),
    ),
    "png": (saved(noise(64, 48), "PNG"), Header("png", 64, 48)),
    "interlaced png": (png(64, 48, interlace=1), Header("png", 64, 48, held=True)),
    "animated png": (
        saved(FRAMES[0], "PNG", save_all=True, append_images=FRAMES[1:]),
        Header("png", 40, 30, frames=2),
    ),
    "webp": (saved(noise(63, 48), "WEBP"), Header("webp", 63, 48)),
    "lossless webp": (saved(noise(64, 47), "WEBP", lossless=True), Header("webp", 64, 47)),
    "webp with alpha and profile": (
        saved(noise(64, 48, "RGBA"), "WEBP", icc_profile=b"profile", exif=b"Exif\x00\x00odd"),
        Header("webp", 64, 48),
    ),
    "animated webp": (
        saved(FRAMES[0], "WEBP", save_all=True, append_images=FRAMES[1:]),
        Header("webp", 40, 30, frames=2),
    ),
}
FILES |= {
    "heic": (saved(noise(64, 64), "HEIF"), Header("heic", 64, 64, held=True)),
    "tiled heic": (
        saved(noise(150, 140), "HEIF", tile_size=64),
        Header("heic", 150, 140, held=True),
    ),
    "heic burst": (
        saved(noise(64, 64), "HEIF", save_all=True, append_images=[noise(32, 32)]),
        Header("heic", 64, 64, held=True),
    ),
    "avif": (saved(noise(64, 48), "AVIF"), Header("avif", 64, 48, held=True)),
    "avif with alpha and metadata": (
        saved(noise(64, 48, "RGBA"), "AVIF", xmp=b"<x/>", exif=Image.Exif()),
        Header("avif", 64, 48, held=True),
    ),
    "tiff": (saved(noise(64, 48), "TIFF"), Header("tiff", 64, 48, held=True)),
}
each_file = pytest.mark.parametrize("name", list(FILES))


@each_file
def test_a_whole_file_is_recognised_by_its_content(name: str) -> None:
    data, header = FILES[name]
    assert inspect(data) == header
    assert header.content_type == f"image/{header.format}"
    assert header.animated == name.startswith("animated")


@each_file
def test_a_file_that_stops_short_is_never_complete(name: str) -> None:
    data, _ = FILES[name]
    for length in {*range(min(len(data), 400)), *range(400, len(data), 37), len(data) - 1}:
        with pytest.raises(BadMedia) as caught:
            inspect(data[:length])
        if length >= 32:
            assert caught.type is TruncatedImage, length


@each_file
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_the_chunks_never_change_the_answer(name: str, data: st.DataObject) -> None:
    whole, header = FILES[name]
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=40)))
    edges = [0, *cuts, len(whole)]
    pieces = [whole[a:b] for a, b in itertools.pairwise(edges)]
    assert inspect(*pieces) == header
    stop = data.draw(st.integers(0, len(pieces)))
    short = b"".join(pieces[:stop])
    assert outcome(*pieces[:stop]) == outcome(short) == outcome(*(bytes([b]) for b in short))


@each_file
@settings(max_examples=60, deadline=None)
@given(damage=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1))
def test_damage_is_accepted_or_refused_in_words(name: str, damage: list[tuple[int, int]]) -> None:
    data = bytearray(FILES[name][0])
    for place, value in damage:
        data[place % len(data)] = value
    assert outcome(bytes(data)) == outcome(*(bytes([b]) for b in data))


@given(st.binary(max_size=200))
def test_anything_at_all_is_answered_in_words(data: bytes) -> None:
    for start in (b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\x00\x02\x00\x00WEBPVP8X"):
        outcome(start + data)


@each_file
def test_what_follows_the_picture_is_its_own_affair(name: str) -> None:
    data, header = FILES[name]
    assert inspect(data + b"<?php junk ?>" + data[: len(data) // 2]) == header
    assert inspect(data, b"junk\xff", b"\xd8\xff\xda") == header


def test_junk_before_a_jpeg_marker_is_passed_over() -> None:
    data = jpeg(20, 10)
    frame = data.index(b"\xff\xc0")
    junk = b"\x00junk\xff\x00\xff\xff"
    assert inspect(data[:frame] + junk + data[frame:]) == Header("jpeg", 20, 10)


@pytest.mark.parametrize(
    ("data", "seems"),
    [
        (b"", "empty"),
        (b"\n", "text"),
        (b"\x00\x00\x00\x18ftypcrx \x00\x00\x00\x00mif1heic", "a raw photo"),
        (b"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00mif1avif", "an MP4 video"),
        (b"\x00\x00\x00\x18ftypqt  \x00\x00\x00\x00mif1avif", "a QuickTime video"),
        (b"8BPS\x00\x01", "a Photoshop document"),
        (b"FUJIFILMCCD-RAW 0201", "a raw photo"),
        (b"II+\x00\x08\x00\x00\x00", "a TIFF of the kind for very large pictures"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"PK\x03\x04\x14\x00", "a ZIP archive or an office document"),
        (b'<?xml version="1.0"?><svg/>', "an SVG drawing or another XML document"),
        (b"\xef\xbb\xbf  <SVG xmlns=", "an SVG drawing"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"RIFF\x00\x00\x00\x00AVI LIST", "an AVI video"),
        ("Grüße, das ist gar kein Bild, nur Text".encode(), "text"),
        (bytes(range(40)), "of an unknown kind"),
        (b"\xff\xd8not a jpeg after all", "of an unknown kind"),
    ],
)
def test_other_kinds_are_refused_by_name(data: bytes, seems: str) -> None:
    with pytest.raises(NotAnImage) as caught:
        inspect(data)
    assert caught.value.details["seems"] == seems
    assert caught.value.message.startswith(f"the file is {seems}; send a JPEG, PNG, ")


def test_another_kind_is_refused_after_its_first_bytes() -> None:
    with pytest.raises(NotAnImage):
        Inspector(LIMITS).feed(b"%PDF-1.7\n" + b"x" * 23)


@pytest.mark.parametrize(
    "data",
    [
        png(20_001, 10_000),
        png(10_000, 5_001, interlace=1),
        png(65_501, 1),
        jpeg(20_001, 10_000),
        jpeg(10_000, 5_001, frame=0xC2),
        riff(lossless(16_383, 16_383)),
        riff(canvas(20_000, 20_000), lossless(16, 16)),
        riff(canvas(1 << 24, 1, flags=2), (b"ANMF", b"frame")),
    ],
)
def test_too_many_pixels_are_refused_at_the_claim(data: bytes) -> None:
    with pytest.raises(TooManyPixels) as caught:
        Inspector(LIMITS).feed(data[:48])
    assert {"width", "height", "limit"} <= caught.value.details.keys()


@pytest.mark.parametrize(
    "data",
    [
        png(20_000, 10_000),
        png(10_000, 5_000, interlace=1),
        jpeg(65_500, 1),
        jpeg(10_000, 5_000, frame=0xC2, scans=12),
        riff(lossless(10_000, 10_000)),
    ],
)
def test_as_many_pixels_as_the_limits_say_are_accepted(data: bytes) -> None:
    inspect(data)


@pytest.mark.parametrize(
    "data",
    [
        png(0, 10),
        png(10, 0),
        png(10, 10, depth=3),
        png(10, 10).replace(b"IDAT", b"tEXt"),
        png(10, 10).replace(
            b"\x00\x00\x00\x0a\x00\x00\x00\x0a", b"\x00\x00\x00\x0b\x00\x00\x00\x0a"
        ),
        png(10, 10).replace(b"IDAT", b"\x00DAT"),
        b"\x89PNG\r\n\x1a\n" + png_chunk(b"IDAT", b"pixels") + png_chunk(b"IEND", b"") + b"x" * 9,
        jpeg(0, 10),
        jpeg(10, 0),
        jpeg(10, 10, scans=0),
        jpeg(10, 10, scans=101),
        jpeg(10, 10, frame=0xE1),
        jpeg(10, 10)[:-2] + jpeg(60_000, 60_000)[2:],
        jpeg(10, 10).replace(b"\xff\xe0\x00\x07", b"\xff\xe0\x00\x01"),
        riff(canvas(10, 10), lossless(11, 10)),
        riff(canvas(10, 10), (b"EXIF", b"only")),
        riff(canvas(10, 10, flags=2), lossless(10, 10)),
        riff((b"VP8L", b"\x2e" + b"\x00" * 20)),
        riff((b"VP8 ", b"\x00\x00\x00" + b"\x00" * 20)),
        riff((b"VP8 ", b"\x00\x00\x00\x9d\x01\x2a\x00\x00\x00\x00xxxx")),
        riff((b"VP8X", b"\x00")) + b"x" * 20,
        riff(lossless(9, 9)).replace(b"\x0b\x00\x00\x00\x2f", b"\xff\x00\x00\x00\x2f"),
    ],
)
def test_a_header_that_contradicts_itself_is_broken(data: bytes) -> None:
    with pytest.raises(BrokenImage):
        inspect(data)


def test_the_limits_are_settings() -> None:
    limits = msgspec.structs.replace(LIMITS, max_pixels=100, max_held_pixels=50, max_side=90)
    assert inspect(png(10, 10), limits=limits).width == 10
    for data in (png(11, 10), png(10, 6, interlace=1), png(91, 1)):
        with pytest.raises(TooManyPixels):
            inspect(data, limits=limits)


FILMS = ("video", "clip")
# Whole by its boxes and items, and no picture in them: that is for the decoder to find.
HOLLOW = {"broken/exiftool--QuickTime.heic"}


@pytest.mark.skipif(not MEDIA.is_dir(), reason="no folder of media samples")
def test_real_files_are_judged_as_expected() -> None:
    wrong = []
    for entry in json.loads((MEDIA / "manifest.json").read_text()):
        name, expected = entry["file"], entry["expect"]
        data = (MEDIA / name).read_bytes()
        if name.startswith(FILMS) or name in HOLLOW:
            continue
        chunks = [data[start : start + 4096] for start in range(0, len(data), 4096)]
        try:
            inspect(*chunks)
        except CalotypeError as error:
            if expected == "published":
                wrong.append(f"{name}: {error}")
        else:
            if expected == "refused":
                wrong.append(f"{name}: accepted")
    assert not wrong
