"""HEIC, by pillow-heif, libheif and libde265: the libvips wheel has no HEVC.

Depth maps, gain maps and thumbnails are not looked at; of a burst the primary picture is taken.
libheif turns the picture itself, as irot and imir say; the EXIF orientation beside them repeats
the turn that was made, and is not to be applied again.
"""

from functools import partial
from typing import Any

import pyvips

from calotype.media.colour import cicp_profile
from calotype.media.formats.container import is_cut, is_kind, read_container
from calotype.media.formats.original import Format, Original, Undecodable, with_colours

_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_FAILURES = (OSError, EOFError, RuntimeError, SyntaxError, ValueError, IndexError, TypeError)


def _open(data: bytes) -> Original:
    import pillow_heif

    colour = read_container(data).colour
    options = pillow_heif.options
    options.THUMBNAILS = options.DEPTH_IMAGES = options.AUX_IMAGES = False
    options.DECODE_THREADS = 1
    try:
        pictures = pillow_heif.open_heif(data)
        picture: Any = pictures[pictures.primary_index]
    except _FAILURES as error:
        raise Undecodable(str(error)) from error
    width, height = picture.size
    profile = picture.info.get("icc_profile") or cicp_profile(*colour)
    return Original(width, height, 1, False, partial(_decode, picture, profile))


def _decode(picture: Any, profile: bytes | None, _shrink: int) -> Any:
    try:
        pixels = picture.data
    except _FAILURES as error:
        raise Undecodable(str(error)) from error
    wide = picture.mode.startswith("I") or ";16" in picture.mode
    bands = 1 if picture.mode.startswith("I") else len(picture.mode.split(";")[0])
    form = "ushort" if wide else "uchar"
    image = pyvips.Image.new_from_memory(pixels, *picture.size, bands, form)
    colour = ("rgb16", "grey16") if wide else ("srgb", "b-w")
    image = image.copy(interpretation=colour[0] if bands > 2 else colour[1])
    if picture.premultiplied_alpha:
        image = image.unpremultiply().cast(form)
    return with_colours(image, profile)


HEIC = Format(
    content_type="image/heic",
    matches=lambda data: is_kind(data, "heic", _BRANDS),
    open=_open,
    cut=is_cut,
)
