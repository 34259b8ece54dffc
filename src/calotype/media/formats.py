"""The formats that photos come in: how each is recognised, opened, and found damaged.

A format is recognised by its first bytes, never by a name. Opening reads the header alone; pixels
are decoded when the pipeline asks for them, at 1/2, 1/4 or 1/8 where the format can do that.
"""

from collections.abc import Callable
from typing import Any

import msgspec
import pyvips

from calotype.kernel.errors import BadMedia, BrokenImage, TruncatedImage

# libjpeg's words for entropy data that cannot be followed, as against the bytes too many that
# cameras write and every viewer passes over.
_JPEG_DAMAGE = ("bad Huffman code", "bad arithmetic code", "bad progression", "found marker")
_JPEG_CUT = "premature end"
_JPEG_END = b"\xff\xd9"


class Format(msgspec.Struct, frozen=True):
    """One format.

    Attributes:
        content_type: as it is told to the world.
        matches: whether a file's first bytes are this format's.
        open: the picture of `data`, `shrink` times smaller; decodes no pixels yet.
        streamed: whether an opened picture is decoded row by row, not held whole.
        cut: whether a file that could not be decoded ends before its picture does.
        mend: the data, and its opened picture, to the data that pixels are decoded from.
        shrinks: by how much the picture can be made smaller while it is decoded, most first.
    """

    content_type: str
    matches: Callable[[bytes], bool]
    open: Callable[[bytes, int], Any]
    streamed: Callable[[Any], bool]
    cut: Callable[[bytes, str], bool]
    mend: Callable[[bytes, Any], bytes] = lambda data, _opened: data
    shrinks: tuple[int, ...] = (1,)


def recognise(data: bytes) -> Format | None:
    """The format of a file's first bytes, if it is one of ours."""
    return next((known for known in FORMATS if known.matches(data)), None)


def damage(format_: Format, data: bytes, complaint: str) -> BadMedia:
    """What the complaint of a decoding that failed means for the author."""
    if format_.cut(data, complaint):
        return TruncatedImage(
            "this photo is damaged: the file ends before the picture does; "
            "export it again, or choose another copy"
        )
    return BrokenImage(
        "this photo is damaged and cannot be shown; export it again, or choose another copy"
    )


def visible_damage(format_: Format, data: bytes, complaint: str) -> BadMedia | None:
    """What the complaint of a decoding that went through means; None where it is harmless."""
    if format_ is JPEG and any(words in complaint for words in (*_JPEG_DAMAGE, _JPEG_CUT)):
        return damage(format_, data, complaint)
    return None


def _open_jpeg(data: bytes, shrink: int) -> Any:
    # By name: the generic loader hands gain-map photos to another, which decodes them in full.
    return pyvips.Image.jpegload_buffer(
        data, shrink=shrink, access="sequential", fail_on="truncated"
    )


def _mend_jpeg(data: bytes, opened: Any) -> bytes:
    # Many programs lose the last marker. With it put back, libjpeg complains only when pixels
    # are missing too; in a file of several scans it would hide that the last ones are.
    return data if _has_scans(opened) else data + _JPEG_END


def _has_scans(image: Any) -> bool:
    """Whether a JPEG comes in several scans (progressive, mostly) that are held whole."""
    return bool(image.get_typeof("jpeg-multiscan") and image.get("jpeg-multiscan"))


def _open_png(data: bytes, _shrink: int) -> Any:
    return pyvips.Image.pngload_buffer(data, access="sequential", fail_on="truncated")


def _open_webp(data: bytes, shrink: int) -> Any:
    return pyvips.Image.webpload_buffer(
        data, scale=1 / shrink, access="sequential", fail_on="truncated"
    )


JPEG = Format(
    content_type="image/jpeg",
    matches=lambda data: data[:3] == b"\xff\xd8\xff",
    open=_open_jpeg,
    mend=_mend_jpeg,
    streamed=lambda image: not _has_scans(image),
    cut=lambda _data, complaint: _JPEG_CUT in complaint,
    shrinks=(8, 4, 2, 1),
)
PNG = Format(
    content_type="image/png",
    matches=lambda data: data[:8] == b"\x89PNG\r\n\x1a\n",
    open=_open_png,
    streamed=lambda image: not image.get_typeof("interlaced"),
    cut=lambda data, _complaint: b"IEND" not in data,
)
WEBP = Format(
    content_type="image/webp",
    matches=lambda data: data[:4] == b"RIFF" and data[8:12] == b"WEBP",
    open=_open_webp,
    streamed=lambda _image: False,
    cut=lambda data, _complaint: int.from_bytes(data[4:8], "little") + 8 > len(data),
    shrinks=(8, 4, 2, 1),
)
FORMATS = (JPEG, PNG, WEBP)

# The classes of libvips that read them; every other loader stays blocked.
LOADERS = ("VipsForeignLoadJpeg", "VipsForeignLoadPng", "VipsForeignLoadWebp")
