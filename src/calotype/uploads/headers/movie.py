"""MP4 and MOV (ISO/IEC 14496-12): boxes from the first to the end of the file.

The index (`moov`) may lie anywhere; its boxes are read as they come, and media data are passed
over. What follows the known boxes of a whole movie, such as cameras append, is not looked at.
"""

import struct
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Literal

from calotype.kernel.errors import BrokenVideo, NoPictures, ProtectedVideo
from calotype.uploads.headers.walker import Header, Request, Skip, Take, TakeOrEnd, ToEnd, Walk

# A file of QuickTime's early days may begin with any of these.
_FIRST = {b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"}
_KNOWN = _FIRST | {b"ftyp", b"moof", b"mfra", b"uuid", b"meta", b"sidx", b"styp", b"emsg", b"prft"}
_HOLDERS = {b"trak", b"mdia", b"minf", b"stbl"}
_ENCRYPTED = {b"encv", b"drmi"}
# The brands of still pictures in the same boxes.
_STILLS = {
    b"mif1", b"msf1", b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs",
    b"avif", b"avis", b"crx ", b"jp2 ", b"jpx ",
}  # fmt: skip
_DEEPEST = 6
_BROKEN = "a part of this video is damaged; save it anew and send that"

Check = Callable[[Header], None]


@dataclass
class _Movie:
    """What its index has told so far."""

    seconds: float = 0.0
    compressed: bool = False
    tracks: list["_Track"] = field(default_factory=list)


@dataclass
class _Track:
    width: int = 0
    height: int = 0
    handler: bytes = b""
    coding: bytes = b""


def is_movie(head: bytes) -> bool:
    if head[4:8] == b"ftyp":
        return head[8:12] not in _STILLS
    return head[4:8] in _FIRST


def walk(head: bytes, check: Check) -> Walk:
    """Calls `check` with the header as soon as the index was read.

    Args:
        head: the file's first 12 bytes, which the walk is given again.
        check: refuses what is too long or too large.

    Raises:
        BrokenVideo: the boxes contradict each other, or there is no index.
        NoPictures: there is no track of pictures.
        ProtectedVideo: its pictures are encrypted.
    """
    format_: Literal["mov", "mp4"] = "mp4"
    if head[8:12] == b"qt  " or head[4:8] != b"ftyp":
        format_ = "mov"
    header: Header | None = None
    data = False
    while start := (yield TakeOrEnd(8)):
        kind = start[4:]
        if kind not in _KNOWN and header and data:
            yield ToEnd()
            break
        size = yield from _body_size(start)
        data = data or kind == b"mdat"
        if kind == b"moov" and not header:
            if size is None:
                raise BrokenVideo(_BROKEN)
            movie = _Movie()
            yield from _boxes(size, kind, movie, 0)
            header = _header(format_, movie)
            check(header)
        elif size is None:
            yield ToEnd()
            break
        else:
            yield Skip(size)
    if not header:
        raise BrokenVideo(
            "this video has no index, as when a recording is cut off; it cannot be played: "
            "save it anew and send that"
        )
    return header


def _body_size(start: bytes) -> Generator[Request, bytes, int | None]:
    """The bytes of a box behind its header; None: all to the end of the file."""
    size = int.from_bytes(start[:4], "big")
    if size == 0:
        return None
    rest = size - 8
    if size == 1:
        rest = int.from_bytes((yield Take(8)), "big") - 16
    if rest < 0 or rest >= 1 << 62:
        raise BrokenVideo(_BROKEN)
    return rest


def _boxes(left: int, holder: bytes, movie: _Movie, depth: int) -> Generator[Request, bytes, None]:
    if depth > _DEEPEST:
        raise BrokenVideo(_BROKEN)
    while left >= 8:
        start = yield Take(8)
        before = left - 8
        size = yield from _body_size(start)
        left = before - (8 if start[:4] == b"\0\0\0\1" else 0)
        size = left if size is None else size
        if size > left:
            raise BrokenVideo(_BROKEN)
        yield from _box(start[4:], size, holder, movie, depth)
        left -= size
    yield Skip(left)


def _box(
    kind: bytes, size: int, holder: bytes, movie: _Movie, depth: int
) -> Generator[Request, bytes, None]:
    if (holder, kind) == (b"moov", b"cmov"):
        movie.compressed = True  # as QuickTime could, long ago: what it holds is found out later
    if kind in _HOLDERS:
        if kind == b"trak":
            movie.tracks.append(_Track())
        yield from _boxes(size, kind, movie, depth + 1)
        return
    read = _READERS.get((holder, kind))
    taken = min(size, read.count) if read else 0
    if read and taken >= read.least:
        read.take((yield Take(taken)), movie)
        size -= taken
    yield Skip(size)


def _movie_header(body: bytes, movie: _Movie) -> None:
    wide = body[0] == 1
    if len(body) < (32 if wide else 20):
        return
    scale, duration = struct.unpack_from(">IQ" if wide else ">II", body, 20 if wide else 12)
    unknown = (1 << 64) - 1 if wide else (1 << 32) - 1
    if scale and duration != unknown:
        movie.seconds = duration / scale


def _track_header(body: bytes, movie: _Movie) -> None:
    size = 96 if body[0] == 1 else 84
    if len(body) >= size and movie.tracks:
        # Fixed point, 16 bits behind the point.
        width, height = struct.unpack_from(">II", body, size - 8)
        movie.tracks[-1].width, movie.tracks[-1].height = width >> 16, height >> 16


def _handler(body: bytes, movie: _Movie) -> None:
    if movie.tracks:
        movie.tracks[-1].handler = body[8:12]


def _descriptions(body: bytes, movie: _Movie) -> None:
    if movie.tracks:
        movie.tracks[-1].coding = body[12:16]


@dataclass(frozen=True)
class _Reader:
    """What is read of a box: so many bytes, if there are at least `least`."""

    count: int
    least: int
    take: Callable[[bytes, _Movie], None]


_READERS = {
    (b"moov", b"mvhd"): _Reader(32, 20, _movie_header),
    (b"trak", b"tkhd"): _Reader(96, 84, _track_header),
    (b"mdia", b"hdlr"): _Reader(12, 12, _handler),
    (b"stbl", b"stsd"): _Reader(16, 16, _descriptions),
}


def _header(format_: Literal["mov", "mp4"], movie: _Movie) -> Header:
    if movie.compressed:
        return Header(format_, 0, 0)
    pictures = [track for track in movie.tracks if track.handler == b"vide"]
    if not pictures:
        raise NoPictures("this file has no pictures in it, at most a sound; choose a video")
    if any(track.coding in _ENCRYPTED for track in pictures):
        raise ProtectedVideo(
            "this video is protected against copying, so it cannot be shown here; choose another"
        )
    largest = max(pictures, key=lambda track: track.width * track.height)
    return Header(format_, largest.width, largest.height, seconds=movie.seconds)
