"""What a file seems to be, by its first bytes: names for people, of kinds that are not accepted."""

ENOUGH = 32  # bytes after which every kind below is known

_MAGICS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"GIF8", "a GIF"),
    (0, b"II*\x00", "a TIFF or a raw photo"),
    (0, b"MM\x00*", "a TIFF or a raw photo"),
    (0, b"%PDF", "a PDF document"),
    (0, b"PK\x03\x04", "a ZIP archive or an office document"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"BM", "a BMP"),
    (0, b"8BPS", "a Photoshop document"),
    (0, b"\x00\x00\x01\x00", "an icon"),
    (0, b"\xff\x0a", "a JPEG XL"),
    (4, b"JXL \r\n", "a JPEG XL"),
    (4, b"jP  \r\n", "a JPEG 2000"),
    (0, b"\x1a\x45\xdf\xa3", "a WebM or Matroska video"),
    (8, b"AVI ", "an AVI video"),
    (8, b"WAVE", "a sound"),
    (0, b"ID3", "a sound"),
    (0, b"OggS", "an Ogg sound or video"),
    (0, b"MZ", "a program"),
    (0, b"\x7fELF", "a program"),
    (4, b"moov", "a QuickTime video"),
    (4, b"mdat", "a QuickTime video"),
    (4, b"wide", "a QuickTime video"),
)
_HEIC = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
_MARKUP: tuple[tuple[bytes, str], ...] = (
    (b"<svg", "an SVG drawing"),
    (b"<?xml", "an SVG drawing or another XML document"),
    (b"<!doctype", "a web page"),
    (b"<html", "a web page"),
)


def seems(head: bytes) -> str:
    """A noun with its article for what starts with `head` (up to 32 bytes)."""
    if not head:
        return "empty"
    if head[4:8] == b"ftyp":
        return _container(head[8:12])
    for offset, magic, name in _MAGICS:
        if head.startswith(magic, offset):
            return name
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for start, name in _MARKUP:
        if text.startswith(start):
            return name
    return "text" if _is_text(head) else "of an unknown kind"


def _container(brand: bytes) -> str:
    if brand in _HEIC:
        return "a HEIC"
    if brand in {b"avif", b"avis"}:
        return "an AVIF"
    if brand == b"crx ":
        return "a raw photo"
    if brand in {b"mif1", b"msf1"}:
        return "a HEIC or an AVIF"
    return "a QuickTime video" if brand == b"qt  " else "an MP4 video"


def _is_text(head: bytes) -> bool:
    controls = {byte for byte in head if byte < 32} - set(b"\t\n\r\f\x1b")
    if controls:
        return False
    try:
        head.decode()
    except UnicodeDecodeError as error:
        return error.end == len(head) and len(head) - error.start < 4  # a character cut in two
    return True
