"""One scene in every format that photos come in, as large as cameras make it."""

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

Encode = Callable[["Image.Image"], bytes]


def make_photo(folder: Path, format_: str, width: int, height: int) -> Path:
    """A file of that format and size; the scene is made once for each size."""
    from tests import photos

    path = folder / f"{format_}-{width}"
    path.write_bytes(FORMATS[format_](photos.scene(width, height)))
    return path


def _saved(pillow_format: str, **options: object) -> Encode:
    def encode(picture: "Image.Image") -> bytes:
        from tests import photos

        return photos.encoded(picture, pillow_format, **options)

    return encode


def _heic(picture: "Image.Image") -> bytes:
    """In tiles of 512 pixels, as phones make it."""
    import pillow_heif

    made = io.BytesIO()
    pillow_heif.from_pillow(picture).save(
        made, quality=60, tile_size=512, enc_params={"preset": "ultrafast"}
    )
    return made.getvalue()


def _gif(picture: "Image.Image") -> bytes:
    from PIL import Image

    return _saved("GIF")(picture.quantize(255, Image.Quantize.FASTOCTREE))


FORMATS: Mapping[str, Encode] = {
    "jpeg": _saved("JPEG", quality=92, subsampling="4:2:0"),
    "progressive_jpeg": _saved("JPEG", quality=92, subsampling="4:2:0", progressive=True),
    "heic": _heic,
    "avif": _saved("AVIF", quality=60, speed=9),
    "webp": _saved("WEBP", quality=85, method=1),
    "png": _saved("PNG", compress_level=2),
    "gif": _gif,
    "tiff": _saved("TIFF", compression="tiff_lzw"),
}
