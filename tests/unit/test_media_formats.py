"""The formats that photos come in, through the pipeline: made here, shown as they should be."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy
import pillow_heif
import pytest
import pyvips
from PIL import Image, ImageChops, ImageFilter, ImageStat

from calotype.kernel.errors import BadMedia, TruncatedImage
from calotype.media import process as pipeline
from calotype.media.settings import DecoderLimits
from calotype.media.wire import Rendered
from tests import photos


@pytest.fixture(autouse=True, scope="module")
def libvips() -> None:
    pipeline.prepare_libvips()


def render(folder: Path, data: bytes) -> Rendered:
    original = folder / "original"
    original.write_bytes(data)
    return pipeline.process(original, DecoderLimits())


def pictures(rendered: Rendered) -> Mapping[str, Image.Image]:
    return {file.name: Image.open(io.BytesIO(file.data)) for file in rendered.files}


def distance(one: Image.Image, other: Image.Image) -> float:
    assert one.size == other.size
    coarse = (picture.convert("RGB").filter(ImageFilter.BoxBlur(2)) for picture in (one, other))
    return max(ImageStat.Stat(ImageChops.difference(*coarse)).mean)


def heic(picture: Image.Image, **options: Any) -> bytes:
    made = io.BytesIO()
    pillow_heif.from_pillow(picture).save(made, quality=90, **options)
    return made.getvalue()


def deep_heic(mode: str, bits: int) -> bytes:
    """The scene with 10 or 12 bits a colour, and the mode's bands."""
    bands = {"RGB;16": "RGB", "RGBA;16": "RGBA", "I;16": "L"}[mode]
    levels = numpy.asarray(photos.scene(320, 256).convert(bands)).astype("<u2") * 257
    made = io.BytesIO()
    pillow_heif.options.SAVE_HDR_TO_12_BIT = bits == 12
    pillow_heif.from_bytes(mode, (320, 256), levels.tobytes()).save(made, quality=90)
    pillow_heif.options.SAVE_HDR_TO_12_BIT = False
    return made.getvalue()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format_", ["HEIF", "AVIF", "TIFF"])
def test_every_orientation_comes_out_upright(
    tmp_path: Path, format_: str, orientation: int
) -> None:
    upright = photos.scene(400, 300)
    stored = upright.transpose(photos.STORED[orientation]) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    pillow_heif.register_heif_opener()
    data = photos.encoded(stored, format_, exif=exif.tobytes())
    rendered = render(tmp_path, data)
    assert (rendered.width, rendered.height) == (400, 300)
    assert distance(pictures(rendered)["w1080"], upright) < 4


@pytest.mark.parametrize(
    ("mode", "bits"), [("RGB;16", 10), ("RGB;16", 12), ("RGBA;16", 10), ("I;16", 10)]
)
def test_deep_heic_looks_as_it_should(tmp_path: Path, mode: str, bits: int) -> None:
    expected = photos.scene(320, 256)
    if mode == "I;16":
        expected = expected.convert("L")
    assert distance(pictures(render(tmp_path, deep_heic(mode, bits)))["w1080"], expected) < 4


def test_tiles_that_do_not_fill_the_picture_are_cropped(tmp_path: Path) -> None:
    scene = photos.scene(1230, 700)
    rendered = render(tmp_path, heic(scene, tile_size=512))
    assert (rendered.width, rendered.height) == (1230, 700)
    expected = scene.resize((1080, 615), Image.Resampling.LANCZOS)
    assert distance(pictures(rendered)["w1080"], expected) < 4


def test_the_primary_picture_of_several_is_shown(tmp_path: Path) -> None:
    several: Any = pillow_heif.from_pillow(photos.scene(320, 256, seed=1))
    for seed in (2, 3):
        several.add_from_pillow(photos.scene(320, 256, seed=seed))
    made = io.BytesIO()
    several.save(made, quality=90, primary_index=1)
    shown = pictures(render(tmp_path, made.getvalue()))["w1080"]
    assert distance(shown, photos.scene(320, 256, seed=2)) < 4


@pytest.mark.parametrize("format_", ["HEIF", "AVIF", "GIF", "TIFF"])
def test_transparency_is_kept_in_webp_and_white_in_jpeg(tmp_path: Path, format_: str) -> None:
    pillow_heif.register_heif_opener()
    picture = photos.scene(400, 320).convert("RGBA")
    picture.paste((0, 0, 0, 0), (100, 100, 300, 200))
    made = pictures(render(tmp_path, photos.encoded(picture, format_)))
    transparent = made["w1080"].getpixel((200, 150))
    shown = made["w1080.jpg"].convert("RGB").getpixel((200, 150))
    assert isinstance(transparent, tuple)
    assert isinstance(shown, tuple)
    assert transparent[3] < 3
    assert min(shown) > 247


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK", "1", "P"])
@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate"])
def test_tiffs_look_as_they_should(tmp_path: Path, mode: str, compression: str) -> None:
    scene = photos.scene(400, 300)
    picture = scene.convert(mode)
    expected = picture.convert("RGB")
    shown = pictures(render(tmp_path, photos.encoded(picture, "TIFF", compression=compression)))
    limit = {"1": 16, "CMYK": 60}.get(mode, 4)  # CMYK without a profile has no defined colours
    assert distance(shown["w1080.jpg"], expected) < limit


@pytest.mark.parametrize(
    "options",
    [
        {"tile": True, "compression": "jpeg", "Q": 92},
        {"tile": True, "tile_width": 64, "tile_height": 64},
        {"bigtiff": False, "compression": "lzw", "predictor": "horizontal"},
    ],
)
def test_tiffs_of_other_layouts_too(tmp_path: Path, options: dict[str, Any]) -> None:
    scene = photos.scene(400, 300)
    image = pyvips.Image.new_from_memory(scene.tobytes(), 400, 300, 3, "uchar")
    image = image.copy(interpretation="srgb")
    data = image.tiffsave_buffer(**options)
    assert distance(pictures(render(tmp_path, data))["w1080"], scene) < 4


@pytest.mark.parametrize("form", ["ushort", "float"])
def test_tiffs_with_many_bits_too(tmp_path: Path, form: str) -> None:
    scene = photos.scene(400, 300)
    image = pyvips.Image.new_from_memory(scene.tobytes(), 400, 300, 3, "uchar")
    image = image.copy(interpretation="srgb").colourspace("rgb16" if form == "ushort" else "scrgb")
    data = image.tiffsave_buffer()
    assert distance(pictures(render(tmp_path, data))["w1080"], scene) < 4


def test_the_first_page_of_a_document_is_shown(tmp_path: Path) -> None:
    pages = [photos.scene(320, 240, seed=seed) for seed in (1, 2)]
    data = photos.encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    assert distance(pictures(render(tmp_path, data))["w1080"], pages[0]) < 3


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
@pytest.mark.parametrize("progressive", [False, True])
def test_jpegs_of_every_sampling(tmp_path: Path, subsampling: str, progressive: bool) -> None:
    scene = photos.scene(403, 301)
    data = photos.encoded(
        scene,
        "JPEG",
        quality=92,
        subsampling=subsampling,
        progressive=progressive,
        restart_marker_rows=1,
    )
    assert distance(pictures(render(tmp_path, data))["w1080"], scene) < 4


def test_a_camera_file_of_two_pictures_shows_its_first(tmp_path: Path) -> None:
    pair = [photos.scene(640, 480, seed=seed) for seed in (1, 2)]
    data = photos.encoded(pair[0], "MPO", save_all=True, append_images=pair[1:], quality=92)
    rendered = render(tmp_path, data)
    assert rendered.content_type == "image/jpeg"
    assert distance(pictures(rendered)["w1080"], pair[0]) < 4


@pytest.mark.parametrize("mode", ["LA", "I;16"])
@pytest.mark.parametrize("grey_profile", [None, b"nonsense"])
def test_pngs_of_every_kind(tmp_path: Path, mode: str, grey_profile: bytes | None) -> None:
    scene = photos.scene(320, 240)
    picture = scene.convert("LA" if mode == "LA" else "L")
    if mode == "I;16":
        levels = numpy.asarray(picture).astype("<u2") * 257
        picture = Image.frombytes("I;16", picture.size, levels.tobytes())
        expected = scene.convert("L")
    else:
        expected = picture.convert("RGB")
    data = photos.encoded(picture, "PNG", icc_profile=grey_profile)
    assert distance(pictures(render(tmp_path, data))["w1080"], expected) < 4


def test_a_tiled_heic_without_its_last_tiles_is_refused(tmp_path: Path) -> None:
    data = heic(photos.scene(1230, 700), tile_size=256)
    for share in (0.5, 0.9, 0.999):
        with pytest.raises(TruncatedImage):
            render(tmp_path, data[: int(len(data) * share)])


@pytest.mark.parametrize("format_", ["HEIF", "AVIF", "GIF", "TIFF"])
def test_cut_files_are_refused_in_words(tmp_path: Path, format_: str) -> None:
    pillow_heif.register_heif_opener()
    data = photos.encoded(photos.scene(320, 256), format_)
    for share in (0.1, 0.5, 0.9, 0.99):
        with pytest.raises(BadMedia) as refused:
            render(tmp_path, data[: int(len(data) * share)])
        assert "choose" in refused.value.message
