"""Real videos, animations and made ones from a folder of samples, where there is one.

The folder is the one of test_media_samples.py. Pictures are compared with an independent decode:
Pillow's for animations, PyAV's for videos, turned upright.
"""

import json
import os
from pathlib import Path
from typing import Literal

import msgspec
import pytest
from PIL import Image, ImageChops, ImageFilter, ImageStat

from calotype.kernel.errors import BadMedia
from calotype.media.video.settings import VideoSettings
from calotype.media.video.transcoder import Film, Transcoder
from calotype.uploads.inspect import Inspector
from calotype.uploads.settings import ImageLimits, VideoLimits
from tests.clips import look, picture_at

pytestmark = pytest.mark.anyio

_DEFAULT = Path(__file__).parents[2].parent / "shared" / "media"
FOLDER = Path(os.environ.get("CALOTYPE_TEST_MEDIA", _DEFAULT))
KINDS = ("clip-", "video", "gif-animated", "webp-animated")
# Mean levels of difference in the coarse picture; a wrong turn or matrix costs more.
CLOSE = 5.0
SECRETS = (b"+48.8", b"iPhone", b"Jane Doe", b"com.apple", b"2024-05-01", b"Lavf", b"x264 - core")


class Sample(msgspec.Struct, frozen=True):
    file: str
    expect: Literal["published", "refused", "either"]
    colour: str = "defined"


def samples() -> list[Sample]:
    manifest = FOLDER / "manifest.json"
    if not manifest.exists():
        return []
    listed = msgspec.convert(json.loads(manifest.read_text()), list[Sample])
    return [sample for sample in listed if sample.file.startswith(KINDS)]


@pytest.mark.skipif(not samples(), reason="no folder of samples")
@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.file)
async def test_a_sample_ends_as_it_should_and_looks_as_it_should(
    sample: Sample, tmp_path: Path
) -> None:
    original = FOLDER / sample.file
    data = original.read_bytes()
    refusal = refused(data)
    if refusal is None:
        try:
            async with Transcoder(VideoSettings(), tmp_path).film(original) as film:
                files = {name: path.read_bytes() for name, path in film.files.items()}
                check_files(film, files)
                check_look(sample, film, files, data)
        except BadMedia as error:
            refusal = error
    assert sample.expect in {"either", "published" if refusal is None else "refused"}, refusal
    advice = ("send the whole", "send that", "choose", "save it")
    assert refusal is None or any(words in refusal.message for words in advice)


def check_look(sample: Sample, film: Film, files: dict[str, bytes], data: bytes) -> None:
    animated = sample.file.startswith(("gif", "webp"))
    check_facts(film, files["720p.mp4"], data, animated=animated)
    if sample.colour != "defined":
        return
    for at in (0.0, film.seconds / 2):
        slow = pillow_at(FOLDER / sample.file, at) if animated else upright_at(data, at)
        for file in files.values():
            assert distance(picture_at(file, at + 0.001), slow) < CLOSE


def refused(data: bytes) -> BadMedia | None:
    """Why the file is refused as it arrives, if it is."""
    inspector = Inspector(ImageLimits(), VideoLimits())
    try:
        for start in range(0, len(data), 65_536):
            inspector.feed(data[start : start + 65_536])
        inspector.finish()
    except BadMedia as error:
        return error
    return None


def check_files(film: Film, files: dict[str, bytes]) -> None:
    for name, side in (("720p.mp4", 720), ("480p.mp4", 480)):
        seen = look(files[name])
        assert (seen.codec, seen.pixel_format, seen.turn) == ("h264", "yuv420p", 0)
        assert seen.aspect == 1
        assert seen.first_box_after_type == "moov"
        assert seen.sound in {"aac", ""}
        assert seen.channels <= 2
        assert min(seen.size) == min(side, min(film.width, film.height) // 2 * 2)
        assert abs(seen.size[0] / seen.size[1] - film.width / film.height) < 0.05
        assert not [secret for secret in SECRETS if secret in files[name]]


def check_facts(film: Film, made: bytes, original: bytes, *, animated: bool) -> None:
    seen = look(made)
    assert abs(film.seconds - seen.seconds) < 0.1
    if animated:
        assert not film.sound
        return
    source = look(original)
    turned = source.turn % 180 != 0
    assert (film.width, film.height) == (source.size[::-1] if turned else source.size)
    assert film.sound == bool(source.sound)
    assert abs(seen.seconds - source.seconds) <= 2 * source.seconds / source.frames


def upright_at(data: bytes, seconds: float) -> Image.Image:
    return picture_at(data, seconds + 0.001).rotate(look(data).turn, expand=True)


def pillow_at(original: Path, seconds: float) -> Image.Image:
    """The animation's picture at that time, on white."""
    with Image.open(original) as animation:
        until = 0.0
        for number in range(getattr(animation, "n_frames", 1)):
            animation.seek(number)
            animation.load()
            until += (animation.info.get("duration") or 100) / 1_000
            if until > seconds + 0.001:
                break
        picture = animation.convert("RGBA")
    white = Image.new("RGB", picture.size, "white")
    white.paste(picture, mask=picture.getchannel("A"))
    return white


def distance(one: Image.Image, other: Image.Image) -> float:
    other = other.resize(one.size, Image.Resampling.LANCZOS)
    coarse = (picture.filter(ImageFilter.BoxBlur(2)) for picture in (one, other))
    return max(ImageStat.Stat(ImageChops.difference(*coarse)).mean)
