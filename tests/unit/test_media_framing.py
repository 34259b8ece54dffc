"""Turns and crops, through the pipeline's one door, against Pillow as an independent reference."""

import io
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageFilter, ImageStat

from calotype.kernel.errors import ImpossibleShape
from calotype.media import process as pipeline
from calotype.media.look import AS_IT_IS, SMALLEST_CROP, Crop, Look, Shape, Turn
from calotype.media.settings import DecoderLimits
from calotype.media.wire import Rendered
from tests import photos

# Pillow turns the other way.
TURNED: dict[Turn, Image.Transpose] = {
    90: Image.Transpose.ROTATE_270,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_90,
}
CORNERS = ("top left", "top right", "bottom right", "bottom left")


@pytest.fixture(autouse=True, scope="module")
def libvips() -> None:
    pipeline.prepare_libvips()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("originals")


def render(folder: Path, data: bytes, look: Look) -> Rendered:
    original = folder / "original"
    original.write_bytes(data)
    return pipeline.process(original, DecoderLimits(), look)


def picture(rendered: Rendered, name: str = "w1080") -> Image.Image:
    data = next(file.data for file in rendered.files if file.name == name)
    return Image.open(io.BytesIO(data)).convert("RGB")


def gradients(width: int, height: int) -> Image.Image:
    """A picture whose colours tell the place: red grows to the right, green downwards."""
    down = Image.linear_gradient("L")
    across = down.transpose(Image.Transpose.ROTATE_90)
    bands = (across.resize((width, height)), down.resize((width, height)))
    return Image.merge("RGB", (*bands, Image.new("L", (width, height), 128)))


def expected(upright: Image.Image, look: Look) -> Image.Image:
    """What is left of an upright picture, computed on all of its pixels."""
    turned = upright.transpose(TURNED[look.turn]) if look.turn else upright
    crop = look.crop
    if isinstance(crop, Shape):
        ratio = {"square": 1, "4:5": 0.8, "1.91:1": 1.91}.get(crop, turned.width / turned.height)
        width = min(turned.width, max(1, round(turned.height * ratio)))
        height = min(turned.height, max(1, round(turned.width / ratio)))
        left, top = (turned.width - width) // 2, (turned.height - height) // 2
    else:
        left, top = round(crop.x * turned.width), round(crop.y * turned.height)
        width = max(1, min(round((crop.x + crop.width) * turned.width), turned.width) - left)
        height = max(1, min(round((crop.y + crop.height) * turned.height), turned.height) - top)
    return turned.crop((left, top, left + width, top + height))


def stored(upright: Image.Image, orientation: int) -> bytes:
    """The upright picture in a PNG that lies as the orientation says."""
    turned = upright.transpose(photos.STORED[orientation]) if orientation > 1 else upright
    return photos.encoded(turned, "PNG", exif=photos.exif_block(orientation, gps=False))


def distance(one: Image.Image, other: Image.Image, blur: float = 2) -> float:
    """The mean difference of the worst channel, 0 to 255, in what is coarser than codecs' noise."""
    assert one.size == other.size
    coarse = (each.filter(ImageFilter.BoxBlur(blur)) for each in (one, other))
    return max(ImageStat.Stat(ImageChops.difference(*coarse)).mean)


def detail(picture: Image.Image) -> float:
    """How much of a picture is finer than three pixels."""
    return distance(picture, picture.filter(ImageFilter.BoxBlur(1)), blur=0)


@st.composite
def crops(draw: st.DrawFn) -> Crop | Shape:
    if draw(st.booleans()):
        shape: Shape = draw(st.sampled_from(Shape))
        return shape
    x, y = (draw(st.floats(0, 1 - SMALLEST_CROP)) for _ in "xy")
    width, height = (draw(st.floats(SMALLEST_CROP, 1 - start)) for start in (x, y))
    return Crop(x, y, width, height)


turns: st.SearchStrategy[Turn] = st.sampled_from((0, 90, 180, 270))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    width=st.integers(1, 400),
    height=st.integers(1, 400),
    orientation=st.integers(1, 8),
    turn=turns,
    crop=crops(),
)
def test_any_look_has_the_size_and_the_place_that_it_should(
    folder: Path, width: int, height: int, orientation: int, turn: Turn, crop: Crop | Shape
) -> None:
    upright, look = gradients(width, height), Look(turn, crop)
    reference = expected(upright, look)
    rendered = render(folder, stored(upright, orientation), look)
    assert (rendered.width, rendered.height) == reference.size
    # Below a block of the codec its noise is all that there is.
    if min(reference.size) >= 16:
        assert distance(picture(rendered), reference) < 5


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(orientation=st.sampled_from((1, 3, 6, 8)), turn=turns, crop=crops())
def test_what_is_decoded_smaller_shows_the_same_part(
    folder: Path, orientation: int, turn: Turn, crop: Crop | Shape
) -> None:
    look = Look(turn, crop)
    reference = expected(photos.scene(2600, 1900), look)
    rendered = render(folder, photos.camera_jpeg(2600, 1900, orientation), look)
    assert (rendered.width, rendered.height) == reference.size
    made = picture(rendered, "w640")
    assert made.width == min(640, reference.width)
    assert distance(made, reference.resize(made.size, Image.Resampling.LANCZOS)) < 4


def test_the_corners_of_a_turned_picture_are_where_they_belong(folder: Path) -> None:
    colours = [photos.MARKS[corner] for corner in CORNERS]
    for quarters, turn in enumerate((0, *TURNED)):
        rendered = render(folder, photos.camera_jpeg(1600, 1200, 6), Look(turn))
        for number, corner in enumerate(CORNERS):
            seen, meant = photos.mark_at(picture(rendered), corner), colours[number - quarters]
            assert max(abs(a - b) for a, b in zip(seen, meant, strict=True)) < 30


def test_a_small_part_of_a_large_photo_is_as_sharp_as_the_photo(folder: Path) -> None:
    crop = Crop(x=0.4, y=0.3, width=0.3, height=0.4)
    rendered = render(folder, photos.camera_jpeg(4000, 3000, 6), Look(crop=crop))
    assert (rendered.width, rendered.height) == (1200, 1200)
    sharp = expected(photos.scene(4000, 3000), Look(crop=crop)).resize((1080, 1080))
    halved = sharp.resize((540, 540)).resize((1080, 1080))
    assert detail(halved) < 0.7 * detail(sharp)
    assert detail(picture(rendered)) > 0.9 * detail(sharp)


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        (Shape.ORIGINAL, (400, 300)),
        (Shape.SQUARE, (300, 300)),
        (Shape.PORTRAIT, (240, 300)),
        (Shape.LANDSCAPE, (400, 209)),
    ],
)
def test_named_shapes_are_the_largest_part_in_the_middle(
    folder: Path, shape: Shape, size: tuple[int, int]
) -> None:
    rendered = render(folder, photos.encoded(gradients(400, 300), "PNG"), Look(crop=shape))
    assert (rendered.width, rendered.height) == size
    assert ImageStat.Stat(picture(rendered)).mean == pytest.approx([127, 127, 128], abs=3)


def test_what_is_too_tall_to_be_shown_can_be_cropped(folder: Path) -> None:
    tall = photos.encoded(Image.new("RGB", (16, 17_000), photos.BLUE), "PNG")
    with pytest.raises(ImpossibleShape, match=r"16 x 17000.*crop"):
        render(folder, tall, AS_IT_IS)
    assert render(folder, tall, Look(crop=Shape.SQUARE)).width == 16
    assert render(folder, tall, Look(turn=90)).width == 17_000


def test_transparency_survives_a_look(folder: Path) -> None:
    clear = gradients(400, 300).convert("RGBA")
    clear.putalpha(Image.linear_gradient("L").resize((400, 300)))
    look = Look(turn=180, crop=Shape.SQUARE, filter="soot")
    rendered = render(folder, photos.encoded(clear, "PNG"), look)
    made = Image.open(io.BytesIO(rendered.files[3].data))
    assert made.mode == "RGBA"
    top, bottom = (made.getpixel((150, y)) for y in (5, 294))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert [top[3], bottom[3]] == pytest.approx([250, 5], abs=4)


@settings(max_examples=50)
@given(crop=crops(), turn=turns, strength=st.floats(0, 1))
def test_a_look_comes_back_from_where_it_is_kept_as_it_was(
    crop: Crop | Shape, turn: Turn, strength: float
) -> None:
    look = Look(turn, crop, "lacock", strength)
    assert msgspec.json.decode(msgspec.json.encode(look), type=Look) == look
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(look), type=Look) == look
