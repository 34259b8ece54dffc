"""The check on arrival of GIF, HEIC, AVIF and TIFF: what is theirs alone."""

import io
import struct

import pillow_heif
import pytest

from calotype.kernel.errors import BadMedia, BrokenImage, NotAnImage, TooManyPixels, TruncatedImage
from calotype.uploads.headers.walker import Header
from calotype.uploads.inspect import Inspector
from calotype.uploads.settings import ImageLimits
from tests import photos


def inspect(data: bytes) -> Header:
    inspector = Inspector(ImageLimits())
    inspector.feed(data)
    return inspector.finish()


def gif(frames: int) -> bytes:
    pictures = [photos.scene(40, 30, seed=seed) for seed in range(1, frames + 1)]
    return photos.encoded(pictures[0], "GIF", save_all=True, append_images=pictures[1:])


def avif(width: int = 40, height: int = 30) -> bytes:
    return photos.encoded(photos.scene(width, height), "AVIF")


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + kind + content


def tiff(*entries: tuple[int, int, int], order: str = "<") -> bytes:
    """A TIFF of one directory: tag, type and value of each entry."""
    directory = struct.pack(f"{order}H", len(entries))
    for tag, type_, value in entries:
        packed = struct.pack(f"{order}{'H' if type_ == 3 else 'I'}", value).ljust(4, b"\0")
        directory += struct.pack(f"{order}HHI", tag, type_, 1) + packed
    magic = b"II*\0" if order == "<" else b"MM\0*"
    return magic + struct.pack(f"{order}I", 8) + directory + bytes(4)


SIZE = (256, 3, 40), (257, 4, 30)


@pytest.mark.parametrize("frames", [1, 2, 5])
def test_the_frames_of_a_gif_tell_a_photo_from_an_animation(frames: int) -> None:
    header = inspect(gif(frames))
    assert header == Header("gif", 40, 30, held=True, frames=frames)
    assert header.animated == (frames > 1)


def test_a_gif_may_lack_its_last_byte_but_not_its_picture() -> None:
    whole = gif(1)
    assert inspect(whole[:-1]) == inspect(whole)
    for length in range(len(whole) - 1):
        with pytest.raises(BadMedia):
            inspect(whole[:length])
    with pytest.raises(BrokenImage, match="no picture"):
        inspect(whole[: 13 + 3 * 256] + b";" + bytes(9))


def test_a_frame_beyond_the_screen_of_a_gif_counts() -> None:
    whole = gif(1)
    frame = whole.index(b",\0\0\0\0" + struct.pack("<HH", 40, 30))
    huge = whole[: frame + 5] + struct.pack("<HH", 60_000, 60_000) + whole[frame + 9 :]
    with pytest.raises(TooManyPixels):
        inspect(huge)


@pytest.mark.parametrize("kind", ["heic", "avif"])
def test_the_codec_tells_heic_from_avif_whatever_the_brand(kind: str) -> None:
    made = io.BytesIO()
    pillow_heif.from_pillow(photos.scene(64, 64)).save(made)
    data = made.getvalue() if kind == "heic" else avif()
    for brand in (b"mif1", b"msf1", b"heic", b"avif"):
        assert inspect(data[:8] + brand + data[12:]).format == kind


def test_a_container_without_a_known_codec_is_no_photo() -> None:
    with pytest.raises(NotAnImage, match="save it as a JPEG"):
        inspect(avif().replace(b"av01", b"vvc1"))


def test_the_largest_picture_of_a_container_counts() -> None:
    data = avif()
    size = data.index(b"ispe") + 8
    with pytest.raises(TooManyPixels):
        inspect(data[:size] + struct.pack(">II", 60_000, 60_000) + data[size + 8 :])


def test_boxes_of_all_lengths_are_walked() -> None:
    data = avif()
    pixels = data.index(b"mdat") - 4
    to_the_end = data[:pixels] + bytes(4) + data[pixels + 4 :]
    assert inspect(to_the_end) == inspect(data)
    with pytest.raises(TruncatedImage):
        inspect(to_the_end[:-1])
    start = int.from_bytes(data[:4], "big")
    wide = data[:start] + struct.pack(">I4sQ", 1, b"free", 20) + bytes(4) + data[start:]
    with pytest.raises(TruncatedImage):  # its items now end 20 bytes too early
        inspect(wide[:-20])


@pytest.mark.parametrize(
    "broken",
    [
        box(b"ftyp", b"avif\0\0\0\0avif") + box(b"meta", b"\0\0"),
        box(b"ftyp", b"avif\0\0\0\0avif") + box(b"meta", bytes(4) + box(b"pitm", bytes(6))),
        box(b"ftyp", b"avif\0\0\0\0avif") + struct.pack(">I4s", 0x7FFFFFFF, b"meta"),
        box(b"ftyp", b"avif\0\0\0\0avif") + struct.pack(">I4s", 0, b"mdat") + bytes(40),
        box(b"ftyp", b"avif\0\0\0\0avif") + struct.pack(">I4s", 3, b"free") + bytes(40),
        box(b"ftyp", b"avif\0\0\0\0avif") + box(b"free", b"") * 1001,
        avif().replace(b"ispe", b"free"),
        avif().replace(b"pitm\0\0\0\0\0\x01", b"pitm\0\0\0\0\0\x09"),
    ],
)
def test_a_container_that_contradicts_itself_is_broken(broken: bytes) -> None:
    with pytest.raises(BrokenImage):
        inspect(broken)


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_directory_of_a_tiff_is_read_in_both_orders(order: str) -> None:
    assert inspect(tiff(*SIZE, order=order)) == Header("tiff", 40, 30, held=True)


@pytest.mark.parametrize(
    "sign", [(254, 4, 1), (259, 3, 34713), (262, 3, 32803), (262, 3, 34892), (50706, 1, 0x0401)]
)
def test_raw_photos_are_refused_by_name(sign: tuple[int, int, int]) -> None:
    with pytest.raises(NotAnImage, match="raw photo; develop it"):
        inspect(tiff(sign, *SIZE))


def test_a_tiff_without_a_size_is_broken() -> None:
    for entries in ((SIZE[0],), (SIZE[0], (257, 4, 0)), ((259, 3, 1),)):
        with pytest.raises(BrokenImage):
            inspect(tiff(*entries))
    with pytest.raises(BrokenImage):
        inspect(b"II*\0\0\0\0\0" + bytes(40))


@pytest.mark.parametrize("change", [(b"\x08", b"\x0c"), (b"\xff\xc0", b"\xff\xc3")])
def test_jpegs_of_rare_kinds_are_refused_by_name(change: tuple[bytes, bytes]) -> None:
    data = photos.small_jpeg()
    frame = data.index(b"\xff\xc0\x00\x11\x08")
    head = data[frame : frame + 5].replace(*change)
    with pytest.raises(NotAnImage, match="ordinary JPEG"):
        inspect(data[:frame] + head + data[frame + 5 :])
