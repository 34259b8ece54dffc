"""The formats that are known, and what a decoder's complaint means for the author."""

from calotype.kernel.errors import BadMedia, BrokenImage, NotAnImage, TruncatedImage
from calotype.media.formats.avif import AVIF
from calotype.media.formats.gif import GIF
from calotype.media.formats.heic import HEIC
from calotype.media.formats.jpeg import JPEG
from calotype.media.formats.original import Format
from calotype.media.formats.png import PNG
from calotype.media.formats.tiff import TIFF
from calotype.media.formats.webp import WEBP

FORMATS = (JPEG, PNG, WEBP, HEIC, AVIF, GIF, TIFF)

# The classes of libvips that read them; every other loader stays blocked.
LOADERS = (
    "VipsForeignLoadJpeg",
    "VipsForeignLoadPng",
    "VipsForeignLoadWebp",
    "VipsForeignLoadNsgif",
    "VipsForeignLoadTiff",
)
# How the libraries say that a file may be sound, and of a kind that they do not know.
_STRANGE = ("nsupported", "not supported", "labq", "tile size", "not been built in")


def recognise(data: bytes) -> Format | None:
    """The format of a file, by its content, if it is one of ours."""
    return next((known for known in FORMATS if known.matches(data)), None)


def damage(format_: Format, data: bytes, complaint: str) -> BadMedia:
    """What the complaint of a decoding that failed means for the author."""
    if format_.cut(data, complaint):
        return TruncatedImage(
            "this photo is damaged: the file ends before the picture does; "
            "export it again, or choose another copy"
        )
    if any(words in complaint for words in _STRANGE):
        return NotAnImage(
            "this photo is of a rare kind that cannot be shown here; "
            "export it as a JPEG, or choose another copy"
        )
    return BrokenImage(
        "this photo is damaged and cannot be shown; export it again, or choose another copy"
    )


def visible_damage(format_: Format, data: bytes, complaint: str) -> BadMedia | None:
    """What the complaint of a decoding that went through means; None where it is harmless."""
    if any(words in complaint for words in format_.harmful):
        return damage(format_, data, complaint)
    return None
