"""What speed costs in looks: the fast way against the slow one, and bytes against sharp's.

The reference is the photo decoded in full and resized with Lanczos. Similarity is that of the
luma; pixels are compared before they are encoded, files as they are served.
"""

import io
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.photo_formats import FORMATS, make_photo
from benchmarks.photo_sharp import Absent, installed_sharp
from benchmarks.report import Report

if TYPE_CHECKING:
    from PIL import Image

DESCRIPTION = "likeness at 1080 to a full decoding with Lanczos, and bytes against sharp's"

PHOTOS = 6
SIZE = (4000, 3000)
QUALITY = 80  # of the renditions, and of sharp's


def run(report: Report) -> None:
    with tempfile.TemporaryDirectory() as folder:
        _pixels(report, Path(folder))
        _files(report, Path(folder))


def _pixels(report: Report, folder: Path) -> None:
    """The picture of each format at 1080, as it goes into the encoders."""
    for format_ in FORMATS:
        path = make_photo(folder, format_, *SIZE)
        likeness = _likeness(_decoded(path), _reference(path))
        report.figure(f"{format_}_pixels", likeness, "SSIM", at_least=0.99)
        path.unlink()


def _files(report: Report, folder: Path) -> None:
    """The WebP at 1080 of several JPEGs, beside the one that sharp makes of them."""
    from tests import photos

    paths = [folder / f"{seed}.jpg" for seed in range(PHOTOS)]
    for seed, path in enumerate(paths):
        path.write_bytes(photos.camera_jpeg.__wrapped__(*SIZE, orientation=1, seed=seed))
        photos.scene.cache_clear()
    ours = sum(len(_webp(_decoded(path), QUALITY)) for path in paths)
    report.figure("webp_bytes", ours / PHOTOS, "bytes")
    try:
        with installed_sharp() as sharp:
            for path in paths:
                sharp.render(path, "keep")
    except Absent as reason:
        report.skip("webp_bytes_at_sharps_likeness", str(reason))
        return
    theirs = [path.with_name(f"{path.name}.webp").read_bytes() for path in paths]
    equal = sum(_bytes_for_likeness(*pair) for pair in zip(paths, theirs, strict=True))
    report.figure(
        "webp_bytes_at_sharps_likeness", equal, "bytes", ceiling=sum(map(len, theirs)), at_most=1.05
    )


def _bytes_for_likeness(path: Path, theirs: bytes) -> float:
    """Bytes that our encoding takes to be as like the reference as theirs is.

    Encoders at one quality trade bytes for likeness in ways of their own; only at equal likeness
    do bytes compare. Between two qualities the bytes are taken to grow evenly.
    """
    reference, picture = _reference(path), _decoded(path)
    wanted = _likeness(_opened(theirs), reference)
    before = (0, 0.0)
    for quality in range(QUALITY - 10, 100, 2):
        data = _webp(picture, quality)
        now = (len(data), _likeness(_opened(data), reference))
        if now[1] >= wanted:
            share = (wanted - before[1]) / (now[1] - before[1])
            return before[0] + share * (now[0] - before[0])
        before = now
    return float("inf")


def _decoded(path: Path) -> "Image.Image":
    from calotype.media import process as pipeline
    from calotype.media.look import AS_IT_IS
    from calotype.media.settings import DecoderLimits

    pipeline.prepare_libvips()
    photo = pipeline.Photo(path.read_bytes(), DecoderLimits(), AS_IT_IS)
    for step in pipeline.STEPS[: pipeline.STEPS.index(pipeline.encode_renditions)]:
        step(photo)
    return photo.sizes[1080]


def _webp(picture: "Image.Image", quality: int) -> bytes:
    made = io.BytesIO()
    picture.save(made, "WEBP", quality=quality, method=2)
    return made.getvalue()


def _reference(path: Path) -> "Image.Image":
    import pillow_heif
    from PIL import Image, ImageOps

    pillow_heif.register_heif_opener()
    picture = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
    height = round(picture.height * 1080 / picture.width)
    return picture.resize((1080, height), Image.Resampling.LANCZOS)


def _opened(data: bytes) -> "Image.Image":
    from PIL import Image

    return Image.open(io.BytesIO(data))


def _likeness(one: "Image.Image", other: "Image.Image") -> float:
    import numpy

    from benchmarks.ssim import ssim

    planes: list[Any] = [numpy.asarray(picture.convert("L")) for picture in (one, other)]
    return ssim(*planes)
