"""The photo pipeline, through its one door, against Pillow as an independent reference."""

import io
from collections.abc import Mapping
from pathlib import Path

import pytest
import pyvips
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageCms, ImageFilter, ImageStat

from calotype.kernel.errors import (
    BadMedia,
    BrokenImage,
    ImpossibleShape,
    NotAnImage,
    TooManyPixels,
    TruncatedImage,
)
from calotype.media import process as pipeline
from calotype.media.renditions import BY_NAME, RENDITIONS, Encoding
from calotype.media.settings import DecoderLimits
from calotype.media.wire import Rendered
from tests import photos

PIL_FORMATS = {Encoding.WEBP: "WEBP", Encoding.JPEG: "JPEG"}


@pytest.fixture(autouse=True, scope="module")
def libvips() -> None:
    pipeline.prepare_libvips()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("originals")


def render(folder: Path, data: bytes, limits: DecoderLimits | None = None) -> Rendered:
    original = folder / "original"
    original.write_bytes(data)
    return pipeline.process(original, limits or DecoderLimits())


def pictures(rendered: Rendered) -> Mapping[str, Image.Image]:
    return {file.name: Image.open(io.BytesIO(file.data)) for file in rendered.files}


def distance(one: Image.Image, other: Image.Image) -> float:
    """The mean difference of the worst channel, 0 to 255, in what is coarser than codecs' noise."""
    assert one.size == other.size
    coarse = (picture.convert("RGB").filter(ImageFilter.BoxBlur(2)) for picture in (one, other))
    difference = ImageChops.difference(*coarse)
    return max(ImageStat.Stat(difference).mean)


def is_upright(picture: Image.Image) -> bool:
    return all(
        max(abs(a - b) for a, b in zip(photos.mark_at(picture, corner), colour, strict=True)) < 30
        for corner, colour in photos.MARKS.items()
    )


def test_every_declared_rendition_is_made_with_its_size_and_type(folder: Path) -> None:
    rendered = render(folder, photos.camera_jpeg())
    assert (rendered.width, rendered.height) == (4000, 3000)
    assert rendered.content_type == "image/jpeg"
    assert [file.name for file in rendered.files] == [wanted.name for wanted in RENDITIONS]
    for file, picture in zip(rendered.files, pictures(rendered).values(), strict=True):
        wanted = BY_NAME[file.name]
        assert picture.format == PIL_FORMATS[wanted.encoding]
        assert picture.size == (file.width, file.height)
        assert file.width == wanted.width
        assert abs(file.height - wanted.width * 3 / 4) <= 0.5
    assert pictures(rendered)["w1080.jpg"].info.get("progressive")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_comes_out_upright(folder: Path, orientation: int) -> None:
    rendered = render(folder, photos.camera_jpeg(1600, 1200, orientation))
    assert (rendered.width, rendered.height) == (1600, 1200)
    assert all(is_upright(picture) for picture in pictures(rendered).values())


@pytest.mark.parametrize("format_", ["PNG", "WEBP"])
def test_orientation_is_read_from_other_formats_too(folder: Path, format_: str) -> None:
    stored = photos.scene(300, 400).transpose(Image.Transpose.ROTATE_90)
    data = photos.encoded(stored, format_, exif=photos.exif_block(6, gps=True))
    rendered = render(folder, data)
    assert (rendered.width, rendered.height) == (300, 400)
    assert all(is_upright(picture) for picture in pictures(rendered).values())


def test_an_orientation_that_means_nothing_is_passed_over(folder: Path) -> None:
    exif = photos.exif_block(9, gps=False)
    rendered = render(folder, photos.encoded(photos.scene(320, 240), "JPEG", exif=exif))
    assert (rendered.width, rendered.height) == (320, 240)


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP"])
def test_nothing_of_the_metadata_is_left(folder: Path, format_: str) -> None:
    data = photos.encoded(
        photos.scene(400, 300),
        format_,
        exif=photos.exif_block(1, gps=True),
        xmp=f"<x>{photos.SECRET_PLACE}</x>".encode(),
        icc_profile=photos.wide_profile(),
    )
    for original in (data, photos.camera_jpeg(640, 480, icc=photos.wide_profile())):
        assert photos.SECRET_PLACE.encode() in original
        for file in render(folder, original).files:
            found = Image.open(io.BytesIO(file.data))
            assert not found.getexif()
            assert not found.info.keys() & {"icc_profile", "exif", "xmp", "comment", "photoshop"}
            for secret in (photos.SECRET_PLACE.encode(), b"Exif", b"ICC", b"xmp", b"Mousetrap"):
                assert secret not in file.data


def test_a_picture_in_a_wide_gamut_is_converted_to_srgb(folder: Path) -> None:
    scene, profile = photos.scene(800, 600), photos.wide_profile()
    srgb = ImageCms.createProfile("sRGB")
    wide = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    expected = ImageCms.profileToProfile(scene, wide, srgb)
    assert expected is not None
    made = pictures(render(folder, photos.encoded(scene, "PNG", icc_profile=profile)))["w1080.jpg"]
    assert distance(made, expected) < 4 < 12 < distance(made, scene)


def test_a_profile_of_another_kind_of_picture_is_passed_over(folder: Path) -> None:
    grey = photos.scene(320, 240).convert("L")
    data = photos.encoded(grey, "JPEG", quality=95, icc_profile=photos.wide_profile())
    assert distance(pictures(render(folder, data))["w1080"], grey) < 3
    assert render(folder, photos.encoded(grey, "JPEG", icc_profile=b"no profile at all")).files


@pytest.mark.parametrize(
    ("width", "height", "orientation"), [(4000, 3000, 1), (3000, 4000, 6), (1081, 700, 1)]
)
def test_the_fast_way_shows_the_same_picture_as_the_slow_one(
    folder: Path, width: int, height: int, orientation: int
) -> None:
    scene = photos.scene(width, height)
    made = pictures(render(folder, photos.camera_jpeg(width, height, orientation)))
    for picture in made.values():
        slow = scene.resize(picture.size, Image.Resampling.LANCZOS)
        assert distance(picture, slow) < 4


@pytest.mark.parametrize("mode", ["L", "P", "1", "I;16", "LA"])
def test_unusual_pngs_look_as_they_should(folder: Path, mode: str) -> None:
    scene = photos.scene(400, 300)
    if mode == "I;16":
        grey = scene.convert("L")
        wide = Image.frombytes("I;16", grey.size, bytes(b for v in grey.tobytes() for b in (v, v)))
        made, expected = render(folder, photos.encoded(wide, "PNG")), grey
    else:
        picture = scene.convert(mode)
        made, expected = render(folder, photos.encoded(picture, "PNG")), picture.convert("RGB")
    limit = 16 if mode == "1" else 4  # dots of pure black and white cost a codec more
    assert distance(pictures(made)["w1080.jpg"], expected) < limit


def test_cmyk_is_shown_in_natural_colours(folder: Path) -> None:
    made = pictures(render(folder, photos.encoded(photos.scene(400, 300).convert("CMYK"), "JPEG")))
    red, green, blue = photos.mark_at(made["w1080"], "top left")
    assert red > 150 > 120 > max(green, blue)
    assert min(photos.mark_at(made["w1080"], "bottom right")) > 200


@pytest.mark.parametrize("format_", ["PNG", "WEBP"])
def test_transparency_is_kept_in_webp_and_white_in_jpeg(folder: Path, format_: str) -> None:
    picture = photos.scene(400, 300).convert("RGBA")
    picture.paste((0, 0, 0, 0), (100, 100, 300, 200))
    made = pictures(render(folder, photos.encoded(picture, format_, lossless=True)))
    for name in ("w150", "w1080"):
        small = made[name]
        assert small.mode == "RGBA"
        middle = small.getpixel((small.width // 2, small.height // 2))
        assert isinstance(middle, tuple)
        assert middle[3] == 0
    shown = made["w1080.jpg"].convert("RGB").getpixel((200, 150))
    assert isinstance(shown, tuple)
    assert min(shown) >= 250


@pytest.mark.parametrize("format_", ["PNG", "WEBP"])
def test_the_first_frame_stands_for_an_animation(folder: Path, format_: str) -> None:
    frames = [photos.scene(320, 240, seed=seed) for seed in (1, 2)]
    data = photos.encoded(
        frames[0], format_, save_all=True, append_images=frames[1:], lossless=True
    )
    rendered = render(folder, data)
    assert (rendered.width, rendered.height) == (320, 240)
    assert distance(pictures(rendered)["w1080"], frames[0]) < 4


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(width=st.integers(1, 1300), height=st.integers(1, 1300), orientation=st.integers(1, 8))
def test_any_size_keeps_its_shape_and_is_never_enlarged(
    folder: Path, width: int, height: int, orientation: int
) -> None:
    data = photos.encoded(
        Image.new("RGB", (width, height), photos.RED),
        "JPEG",
        exif=photos.exif_block(orientation, gps=False),
    )
    upright = (height, width) if orientation >= 5 else (width, height)
    rendered = render(folder, data)
    assert (rendered.width, rendered.height) == upright
    for file in rendered.files:
        assert file.width == min(upright[0], BY_NAME[file.name].width)
        assert abs(file.height - upright[1] * file.width / upright[0]) <= 1
        assert Image.open(io.BytesIO(file.data)).size == (file.width, file.height)


def test_extreme_shapes_work_or_are_refused_with_a_reason(folder: Path) -> None:
    def flat(width: int, height: int) -> bytes:
        return photos.encoded(Image.new("RGB", (width, height), photos.BLUE), "PNG")

    assert render(folder, flat(1, 1)).files[0].width == 1
    assert render(folder, flat(20_000, 20)).files[-1].height == 1
    assert render(folder, flat(1000, 16_383)).files[-1].height == 16_383
    with pytest.raises(ImpossibleShape, match=r"16 x 17000.*crop"):
        render(folder, flat(16, 17_000))


def test_the_blurhash_has_the_colours_of_the_picture(folder: Path) -> None:
    left = Image.new("RGB", (400, 300), photos.WHITE)
    left.paste(photos.RED, (0, 0, 200, 300))
    same = render(folder, photos.encoded(left, "PNG")).blurhash
    assert same == render(folder, photos.encoded(left, "WEBP", lossless=True)).blurhash
    assert same != render(folder, photos.encoded(left.rotate(180), "PNG")).blurhash
    assert same[0] == "L"  # 4 x 3 components
    tall = render(folder, photos.encoded(left.resize((300, 400)), "PNG")).blurhash
    assert tall[0] == "T"  # 3 x 4


def cut(data: bytes, share: float = 0.6) -> bytes:
    return data[: int(len(data) * share)]


def corrupted(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes(200) + data[middle + 200 :]


def out_of_step() -> bytes:
    """A JPEG whose restart markers do not come in order: pieces of it are missing."""
    data = photos.encoded(photos.scene(320, 240), "JPEG", restart_marker_rows=1)
    return data.replace(b"\xff\xd3", b"\xff\xd6", 1)


DAMAGED = {
    "jpeg": (cut(photos.small_jpeg()), TruncatedImage),
    "last rows of a jpeg": (cut(photos.small_jpeg(), 0.98), TruncatedImage),
    "header of a jpeg": (photos.small_jpeg()[:200], TruncatedImage),
    "progressive jpeg": (
        cut(photos.camera_jpeg(640, 480, progressive=True), 0.8),
        TruncatedImage,
    ),
    "png": (cut(photos.small_png()), TruncatedImage),
    "webp": (cut(photos.small_webp()), TruncatedImage),
    "jpeg with pieces missing": (out_of_step(), BrokenImage),
    "wild png": (corrupted(photos.small_png()), BrokenImage),
    "empty": (b"", NotAnImage),
    "text": (b"a letter, not a photo", NotAnImage),
    "vector": (b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>", NotAnImage),
    "jpeg in name only": (b"\xff\xd8\xff\xe0", BadMedia),
    "bomb": (photos.png_claiming(30_000, 30_000), TooManyPixels),
    "long bomb": (photos.png_claiming(70_000, 10), TooManyPixels),
    "hollow png": (photos.png_claiming(3_000, 3_000), BrokenImage),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_what_cannot_be_shown_is_refused_with_words_for_the_author(folder: Path, kind: str) -> None:
    data, error = DAMAGED[kind]
    with pytest.raises(error) as refused:
        render(folder, data)
    assert any(advice in refused.value.message for advice in ("choose", "smaller"))


def test_pixels_are_capped_by_what_decoding_holds_in_memory(folder: Path) -> None:
    limits = DecoderLimits(streamed_pixels=640 * 480, whole_pixels=320 * 240)
    assert render(folder, photos.camera_jpeg(640, 480), limits).files
    assert render(folder, photos.small_webp(320, 240), limits).files
    for data in (
        photos.camera_jpeg(640, 480, progressive=True),
        photos.small_webp(321, 240),
        photos.small_jpeg(641, 480),
    ):
        with pytest.raises(TooManyPixels, match="smaller"):
            render(folder, data, limits)


def test_harmless_flaws_of_real_cameras_are_passed_over(folder: Path) -> None:
    whole = photos.camera_jpeg(640, 480, orientation=1)
    assert whole.endswith(b"\xff\xd9")
    scan = whole.rindex(b"\xff\xda")
    flawed = {
        "without its last marker": whole[:-2],
        "followed by junk": whole + b"\0" * 3000,
        "followed by a film": whole + b"\0\0\0\x18ftypmp42" + bytes(3000),
        "junk before a marker": whole[:scan] + bytes(7) + whole[scan:],
        "broken EXIF": whole.replace(b"Exif\0\0MM\0*", b"Exif\0\0MM\0!", 1),
    }
    reference = photos.scene(640, 480)
    for name, data in flawed.items():
        assert distance(pictures(render(folder, data))["w1080"], reference) < 4, name


def test_a_rendition_that_is_not_what_it_claims_is_never_reported(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "encode", lambda _image, _encoding: photos.small_webp(10, 10))
    with pytest.raises(RuntimeError, match="w150"):
        render(folder, photos.small_jpeg())


def test_other_loaders_of_libvips_stay_blocked() -> None:
    with pytest.raises(pyvips.Error):
        pyvips.Image.new_from_buffer(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "")
    with pytest.raises(pyvips.Error):
        pyvips.Image.matrixload(__file__)
