"""Real photos and made ones from a folder of samples, where there is one.

The folder is named by CALOTYPE_TEST_MEDIA, or lies beside the repository as shared/media; its
manifest.json says of each file how it should end. Pictures are compared with a slow way that
shares no code with ours: decoded in full by Pillow (HEIC by its plugin, AVIF by libheif), turned,
converted through their profile, resized with Lanczos.
"""

import io
import json
import os
import warnings
from pathlib import Path

import msgspec
import pillow_heif
import pytest
import pyvips
from PIL import Image, ImageChops, ImageCms, ImageFile, ImageFilter, ImageOps, ImageStat

from calotype.kernel.errors import BadMedia
from calotype.media import process as pipeline
from calotype.media.formats.avif import AVIF
from calotype.media.formats.heic import HEIC
from calotype.media.formats.known import recognise
from calotype.media.settings import DecoderLimits
from calotype.media.wire import Rendered

_DEFAULT = Path(__file__).parents[2].parent / "shared" / "media"
FOLDER = Path(os.environ.get("CALOTYPE_TEST_MEDIA", _DEFAULT))
# Mean levels of difference in the coarse picture; an ignored profile or a wrong turn costs more.
CLOSE = 5.0


class Sample(msgspec.Struct, frozen=True):
    file: str
    expect: str
    colour: str = "defined"


def samples() -> list[Sample]:
    """Every file whose content is of a format that is rendered, or that is refused anyway."""
    manifest = FOLDER / "manifest.json"
    if not manifest.exists():
        return []
    listed = msgspec.convert(json.loads(manifest.read_text()), list[Sample])
    return [
        sample
        for sample in listed
        if sample.expect == "refused" or recognise((FOLDER / sample.file).read_bytes())
    ]


@pytest.fixture(autouse=True, scope="module")
def libvips() -> None:
    pipeline.prepare_libvips()


@pytest.mark.skipif(not samples(), reason="no folder of samples")
@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.file)
def test_a_sample_ends_as_it_should_and_looks_as_it_should(sample: Sample) -> None:
    original = FOLDER / sample.file
    ending = outcome(original)
    if isinstance(ending, BadMedia):
        assert sample.expect in {"refused", "either"}, ending.message
        assert any(advice in ending.message for advice in ("choose", "smaller", "crop"))
        return
    assert sample.expect in {"published", "either"}
    files = {file.name: file.data for file in ending.files}
    slow = reference(original.read_bytes(), 640)
    for name in ("w640", "w1080.jpg"):
        made = on_white(Image.open(io.BytesIO(files[name])))
        if name == "w640":
            assert made.size == slow.size
        if sample.colour == "defined":
            assert distance(made.resize(slow.size, Image.Resampling.LANCZOS), slow) < CLOSE


def outcome(original: Path) -> Rendered | BadMedia:
    try:
        return pipeline.process(original, DecoderLimits())
    except BadMedia as error:
        return error


def reference(data: bytes, width: int) -> Image.Image:
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("ignore")  # of flaws that the pipeline is to pass over
        patch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
        opened = opened_elsewhere(data)
        profile = opened.info.get("icc_profile")
        picture: Image.Image = ImageOps.exif_transpose(opened)
    if picture.mode.startswith("I"):
        picture = picture.point(lambda level: level / 257).convert("L")
    if picture.mode == "P":
        picture = picture.convert("RGBA" if "transparency" in picture.info else "RGB")
    picture = on_white(in_srgb(picture, profile))
    width = min(width, picture.width)
    height = max(1, round(picture.height * width / picture.width))
    return picture.resize((width, height), Image.Resampling.LANCZOS)


def opened_elsewhere(data: bytes) -> Image.Image:
    if HEIC.matches(data):
        pictures = pillow_heif.open_heif(data)
        return pictures[pictures.primary_index].to_pillow()
    if AVIF.matches(data):
        return by_libheif(data)
    return Image.open(io.BytesIO(data))


def by_libheif(data: bytes) -> Image.Image:
    """An AVIF as libheif shows it, turned already."""
    pyvips.operation_block_set("VipsForeignLoadHeif", False)
    try:
        decoded = pyvips.Image.heifload_buffer(data)
        if decoded.format == "ushort":
            decoded = (decoded >> 8).cast("uchar")
        mode = {1: "L", 3: "RGB", 4: "RGBA"}[decoded.bands]
        size = (decoded.width, decoded.height)
        picture = Image.frombytes(mode, size, decoded.write_to_memory())
        if decoded.get_typeof("icc-profile-data"):
            picture.info["icc_profile"] = decoded.get("icc-profile-data")
        return picture
    finally:
        pyvips.operation_block_set("VipsForeignLoadHeif", True)


def in_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    alpha = picture.getchannel("A") if "A" in picture.getbands() else None
    if alpha is not None:
        picture = picture.convert(picture.mode.removesuffix("A"))
    if profile:
        embedded = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        srgb = ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(picture, embedded, srgb, outputMode="RGB")
        assert converted is not None
        picture = converted
    picture = picture.convert("RGB")
    if alpha is not None:
        picture.putalpha(alpha)
    return picture


def on_white(picture: Image.Image) -> Image.Image:
    if picture.mode != "RGBA":
        return picture.convert("RGB")
    white = Image.new("RGB", picture.size, "white")
    white.paste(picture, mask=picture.getchannel("A"))
    return white


def distance(one: Image.Image, other: Image.Image) -> float:
    coarse = (picture.filter(ImageFilter.BoxBlur(2)) for picture in (one, other))
    return max(ImageStat.Stat(ImageChops.difference(*coarse)).mean)
