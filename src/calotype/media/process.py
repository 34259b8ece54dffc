"""The photo pipeline: small steps, in order, over one photo.

Guarantees: the recipe that was measured to be fast and right. Pixels are decoded once, as small as
the format allows above the largest rendition; one resize makes that rendition, and colour and
filter are put on it, which costs a tenth of doing so on the original; the smaller ones come from
it, and each is turned upright. Every rendition is read again before it is reported.
Refuses: what formats.py does not know, what is damaged, what is beyond DecoderLimits.

Runs in a decoder: libvips crashes and bombs are its process's to bear.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyvips
from blurhash_rs import blurhash_encode
from PIL import Image

from calotype.kernel.errors import ImpossibleShape, NotAnImage, TooManyPixels
from calotype.media.conversion import in_srgb
from calotype.media.encoding import encode, in_libvips, in_pillow, opaque, resized, upright
from calotype.media.formats.known import LOADERS, damage, recognise, visible_damage
from calotype.media.formats.original import Format, Original, Undecodable
from calotype.media.framing import Region, framed, lies_on_side, stored_region, turned
from calotype.media.grading import graded
from calotype.media.look import AS_IT_IS, Look
from calotype.media.master import MASTER_QUALITY, master_width
from calotype.media.palette import FILTERS_BY_NAME
from calotype.media.renditions import LARGEST_WIDTH, RENDITIONS, WEBP_SIDE, Encoding
from calotype.media.settings import DecoderLimits
from calotype.media.wire import Measured, Rendered, RenderedFile

_BLURHASH_SIDE = 32  # more pixels change no character of the hash, and cost time
# How the libraries say that they could not have the memory or thread they wanted.
_STARVED = (
    "ut of memory",
    "Insufficient memory",
    "temporarily unavailable",
    "enough memory",
    "bytes failed",
)
_METADATA = ("exif-data", "xmp-data", "iptc-data", "icc-profile-data")


@dataclass(slots=True)
class Photo:
    """One photo on its way through the steps; each fills in what the next ones need."""

    data: bytes
    limits: DecoderLimits
    look: Look
    format: Format = field(init=False)
    original: Original = field(init=False)
    orientation: int = 1
    """How the stored picture lies, as EXIF counts."""
    width: int = 0
    """Of the upright picture, in pixels; so is `height`. What is left of it once it is framed."""
    height: int = 0
    widest: int = LARGEST_WIDTH
    """Of all that is wanted of it, in pixels."""
    stored: Region = field(init=False)
    """The wanted part of the stored picture."""
    picture: Any = field(init=False)
    """The picture at its largest rendition's size, in memory."""
    sizes: dict[int, Image.Image] = field(default_factory=dict)
    """The upright picture by width in pixels."""
    blurhash: str = ""
    files: list[RenderedFile] = field(default_factory=list)

    def upright_size(self, width: int) -> tuple[int, int]:
        """Width and height of a rendition `width` pixels wide, or less where that would enlarge."""
        width = min(width, self.width)
        return width, max(1, round(self.height * width / self.width))

    def stored_size(self, width: int) -> tuple[int, int]:
        """The same of the picture as it is stored, perhaps on its side."""
        across, down = self.upright_size(width)
        return (down, across) if lies_on_side(self.orientation) else (across, down)


def prepare_libvips() -> None:
    """Block every loader but ours, and keep nothing between photos; once in a process."""
    pyvips.operation_block_set("VipsForeignLoad", True)
    for loader in LOADERS:
        pyvips.operation_block_set(loader, False)
    pyvips.cache_set_max(0)


def recognise_format(photo: Photo) -> None:
    known = recognise(photo.data)
    if known is None:
        raise NotAnImage(
            "this file is not a photo of a kind that can be shown here; "
            "choose a JPEG, PNG, WebP, GIF, HEIC, AVIF or TIFF file"
        )
    photo.format = known


def open_original(photo: Photo) -> None:
    _take_complaints()
    with _judging(photo):
        photo.original = photo.format.open(photo.data)
    width, height = photo.original.width, photo.original.height
    photo.orientation = photo.original.orientation
    on_side = lies_on_side(photo.orientation)
    photo.width, photo.height = (height, width) if on_side else (width, height)


def check_size(photo: Photo) -> None:
    limits = photo.limits
    if not photo.width or not photo.height:
        raise damage(photo.format, photo.data, "it has no size")
    size = f"this photo has {photo.width} x {photo.height} pixels"
    if max(photo.width, photo.height) > limits.side:
        raise TooManyPixels(f"{size}; its longest side may have {limits.side}: make it smaller")
    most = limits.streamed_pixels if photo.original.streamed else limits.whole_pixels
    if photo.width * photo.height > most:
        raise TooManyPixels(
            f"{size}, and {most // 1_000_000} million are the most of its kind: make it smaller"
        )


def turn_and_crop(photo: Photo) -> None:
    """On paper: which part of the stored picture is wanted, and how it lies."""
    look = photo.look
    on_side = look.turn in {90, 270}
    size = (photo.height, photo.width) if on_side else (photo.width, photo.height)
    photo.orientation = turned(photo.orientation, look.turn)
    region = framed(look.crop, *size)
    photo.stored = stored_region(region, photo.orientation, *size)
    photo.width, photo.height = region.width, region.height
    if photo.upright_size(photo.widest)[1] > WEBP_SIDE:
        raise ImpossibleShape(
            f"this photo has {photo.width} x {photo.height} pixels: "
            "it is too tall for its width to be shown; crop it, or cut it into several"
        )


def decode_at_largest_width(photo: Photo) -> None:
    width = photo.upright_size(photo.widest)[0]
    shrink = next(by for by in photo.format.shrinks if photo.width // by >= width)
    with _judging(photo):
        source = photo.original.decode(shrink)
        part = source.crop(*photo.stored.shrunk(shrink, source.width, source.height))
        photo.picture = resized(part, *photo.stored_size(photo.widest)).copy_memory()
    if fault := visible_damage(photo.format, photo.data, _take_complaints()):
        raise fault


def convert_to_srgb(photo: Photo) -> None:
    photo.picture = in_srgb(photo.picture)
    _take_complaints()  # a profile that cannot be read says nothing


def apply_filter(photo: Photo) -> None:
    look = photo.look
    if look.filter:
        filter_ = FILTERS_BY_NAME[look.filter]
        photo.picture = in_libvips(graded(in_pillow(photo.picture), filter_, look.strength))


def derive_sizes(photo: Photo) -> None:
    """Each size from the next larger one: a quarter less work than all from the largest."""
    larger = photo.picture
    for wanted in sorted({rendition.width for rendition in RENDITIONS}, reverse=True):
        width = photo.upright_size(wanted)[0]
        if width not in photo.sizes:
            larger = resized(larger, *photo.stored_size(wanted)).copy_memory()
            photo.sizes[width] = upright(in_pillow(larger), photo.orientation)


def widen_to_master(photo: Photo) -> None:
    photo.widest = master_width(photo.width, photo.height)


def encode_master(photo: Photo) -> None:
    picture = upright(in_pillow(photo.picture), photo.orientation)
    data = encode(picture, Encoding.WEBP, MASTER_QUALITY)
    photo.files.append(RenderedFile("master", *picture.size, data))


def encode_renditions(photo: Photo) -> None:
    made: dict[tuple[Encoding, int], bytes] = {}
    for rendition in RENDITIONS:
        width, height = photo.upright_size(rendition.width)
        key = rendition.encoding, width
        if key not in made:
            made[key] = encode(photo.sizes[width], rendition.encoding)
        photo.files.append(RenderedFile(rendition.name, width, height, made[key]))


def hash_colours(photo: Photo) -> None:
    smallest = opaque(photo.sizes[min(photo.sizes)]).copy()
    smallest.thumbnail((_BLURHASH_SIDE, _BLURHASH_SIDE), Image.Resampling.BOX)
    components = (4, 3) if photo.width >= photo.height else (3, 4)
    photo.blurhash = blurhash_encode(smallest, *components)


def verify_renditions(photo: Photo) -> None:
    """Raises RuntimeError: a rendition is not what it was declared to be."""
    for rendition, file in zip(RENDITIONS, photo.files, strict=True):
        known = recognise(file.data)
        if known is None or known.content_type != rendition.content_type:
            raise RuntimeError(f"{file.name} is no {rendition.content_type}")
        header = pyvips.Image.new_from_buffer(file.data, "")
        if (header.width, header.height) != (file.width, file.height):
            raise RuntimeError(f"{file.name} has {header.width} x {header.height} pixels")
        if leaked := [name for name in _METADATA if header.get_typeof(name)]:
            raise RuntimeError(f"{file.name} carries metadata: {leaked}")


STEPS: tuple[Callable[[Photo], None], ...] = (
    recognise_format,
    open_original,
    check_size,
    turn_and_crop,
    decode_at_largest_width,
    convert_to_srgb,
    apply_filter,
    derive_sizes,
    encode_renditions,
    hash_colours,
    verify_renditions,
)
MASTER_STEPS: tuple[Callable[[Photo], None], ...] = (
    recognise_format,
    open_original,
    check_size,
    widen_to_master,
    turn_and_crop,
    decode_at_largest_width,
    convert_to_srgb,
    encode_master,
)


def process(path: Path, limits: DecoderLimits, look: Look = AS_IT_IS) -> Rendered:
    """Run every step over the original at `path`.

    Raises:
        BadMedia: the photo is at fault; the subclass and its message say how.
        MemoryError: libvips could not allocate what it needed.
    """
    return _walked(Photo(path.read_bytes(), limits, look), STEPS)


def make_master(path: Path, limits: DecoderLimits) -> Rendered:
    """The master of the original at `path`, whatever its look. Raises as `process`."""
    return _walked(Photo(path.read_bytes(), limits, AS_IT_IS), MASTER_STEPS)


def measure(path: Path, limits: DecoderLimits) -> Measured:
    """Decode every pixel of the photo at `path`. Raises as `process`."""
    photo = Photo(path.read_bytes(), limits, AS_IT_IS)
    for step in (recognise_format, open_original, check_size):
        step(photo)
    original = photo.original
    with _judging(photo):
        original.decode(1).avg()
    if fault := visible_damage(photo.format, photo.data, _take_complaints()):
        raise fault
    return Measured(original.width, original.height, photo.format.content_type)


def _walked(photo: Photo, steps: tuple[Callable[[Photo], None], ...]) -> Rendered:
    for step in steps:
        step(photo)
    return Rendered(
        width=photo.width,
        height=photo.height,
        content_type=photo.format.content_type,
        blurhash=photo.blurhash,
        files=tuple(photo.files),
    )


def _take_complaints() -> str:
    """What libvips and its libraries have complained of since the last call."""
    return str(pyvips.Error("").detail or "")


@contextmanager
def _judging(photo: Photo) -> Iterator[None]:
    """Tell whose fault a failed decoding is: the photo's, or the want of memory."""
    try:
        yield
    except (pyvips.Error, Undecodable) as error:
        complaint = str(getattr(error, "detail", None) or error)
        if any(words in complaint for words in _STARVED):
            raise MemoryError(complaint) from error
        raise damage(photo.format, photo.data, complaint) from error
