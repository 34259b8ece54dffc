"""WebM and Matroska (RFC 9559): the elements of one segment.

A recording that a browser streamed has segments and clusters of unknown size, and no duration:
its end is the file's, and its length is measured when it is processed.
"""

import struct
from collections.abc import Callable, Generator, Iterator

from calotype.kernel.errors import BrokenVideo, NoPictures, ProtectedVideo
from calotype.uploads.headers.walker import Header, Request, Skip, Take, TakeOrEnd, ToEnd, Walk

MAGIC = b"\x1a\x45\xdf\xa3"

_EBML, _DOC_TYPE = 0x1A45DFA3, 0x4282
_SEGMENT, _INFO, _TRACKS, _CLUSTER = 0x18538067, 0x1549A966, 0x1654AE6B, 0x1F43B675
_SCALE, _DURATION = 0x2AD7B1, 0x4489
_TRACK, _TYPE, _VIDEO, _WIDTH, _HEIGHT = 0xAE, 0x83, 0xE0, 0xB0, 0xBA
_ENCODINGS, _ENCODING, _ENCRYPTION = 0x6D80, 0x6240, 0x5035
_PICTURES = 1  # a track's type
_SCALE_NS = 1_000_000  # a tick, where the file does not say
# Held until complete: descriptions of tracks are some 100 bytes each.
_MAX_HELD = 1 << 20
_BROKEN = "a part of this video is damaged; save it anew and send that"

Check = Callable[[Header], None]


def walk(check: Check) -> Walk:
    """Calls `check` with the header as soon as the tracks were read.

    Raises:
        BrokenVideo: the elements break the format's rules.
        NoPictures: there is no track of pictures.
        ProtectedVideo: its pictures are encrypted.
    """
    format_ = yield from _format()
    kind, left = yield from _element(Take(1))
    if kind != _SEGMENT:
        raise BrokenVideo(_BROKEN)
    seconds, header = 0.0, None
    while left is None or left > 0:
        start = yield TakeOrEnd(1) if left is None else Take(1)
        if not start:
            break
        kind, size, taken = yield from _header_of(start)
        if kind == _CLUSTER and size is None and header:
            yield ToEnd()
            break
        if size is None or (kind == _CLUSTER and not header):
            raise BrokenVideo(_BROKEN)
        if kind == _INFO:
            seconds = _seconds((yield from _held(size)))
        elif kind == _TRACKS and not header:
            header = _tracks(format_, (yield from _held(size)), seconds)
            check(header)
        else:
            yield Skip(size)
        left = None if left is None else left - taken - size
    if not header:
        raise NoPictures("this file has no pictures in it; choose a video")
    return header


def _format() -> Generator[Request, bytes, str]:
    _, size = yield from _element(Take(1))
    types = [body for kind, body in _elements((yield from _held(size))) if kind == _DOC_TYPE]
    type_ = types[0].rstrip(b"\0") if types else b"matroska"
    if type_ not in {b"webm", b"matroska"}:
        raise BrokenVideo("this file is of a kind that cannot be played; save it as MP4")
    return "webm" if type_ == b"webm" else "matroska"


def _held(size: int | None) -> Generator[Request, bytes, bytes]:
    if size is None or size > _MAX_HELD:
        raise BrokenVideo(_BROKEN)
    return (yield Take(size))


def _element(first: Take) -> Generator[Request, bytes, tuple[int, int | None]]:
    kind, size, _ = yield from _header_of((yield first))
    return kind, size


def _header_of(start: bytes) -> Generator[Request, bytes, tuple[int, int | None, int]]:
    """An element's id, its size (None: unknown), and how many bytes told that."""
    id_bytes = 9 - start[0].bit_length()
    if id_bytes > 4:
        raise BrokenVideo(_BROKEN)
    kind = int.from_bytes(start + (yield Take(id_bytes - 1)), "big")
    first = yield Take(1)
    size_bytes = 9 - first[0].bit_length()
    if size_bytes > 8:
        raise BrokenVideo(_BROKEN)
    value = int.from_bytes(first + (yield Take(size_bytes - 1)), "big")
    most = (1 << 7 * size_bytes) - 1
    size = value & most
    return kind, None if size == most else size, id_bytes + size_bytes


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The elements within bytes that are held."""
    position = 0
    while position < len(data):
        kind, size, taken = _header_at(data, position)
        position += taken
        if size is None or position + size > len(data):
            raise BrokenVideo(_BROKEN)
        yield kind, data[position : position + size]
        position += size


def _header_at(data: bytes, position: int) -> tuple[int, int | None, int]:
    """As `_header_of`, of bytes that are held."""
    walk = _header_of(data[position : position + 1])
    position += 1
    try:
        request = next(walk)
        while True:
            assert isinstance(request, Take)
            part = data[position : position + request.count]
            if len(part) < request.count:
                raise BrokenVideo(_BROKEN)
            position += request.count
            request = walk.send(part)
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]  # what _header_of returns


def _seconds(info: bytes) -> float:
    found = dict(_elements(info))
    scale = int.from_bytes(found.get(_SCALE, b""), "big") or _SCALE_NS
    duration = found.get(_DURATION, b"")
    if len(duration) not in {4, 8}:
        return 0.0
    ticks: float = struct.unpack(">f" if len(duration) == 4 else ">d", duration)[0]
    return ticks * scale / 1e9


def _tracks(format_: str, body: bytes, seconds: float) -> Header:
    largest: tuple[int, int] | None = None
    for kind, entry in _elements(body):
        track = dict(_elements(entry)) if kind == _TRACK else {}
        if int.from_bytes(track.get(_TYPE, b""), "big") != _PICTURES:
            continue
        if _is_encrypted(track.get(_ENCODINGS, b"")):
            raise ProtectedVideo(
                "this video is protected against copying, so it cannot be shown here; "
                "choose another"
            )
        video = dict(_elements(track.get(_VIDEO, b"")))
        size = (_number(video, _WIDTH), _number(video, _HEIGHT))
        largest = max(largest or size, size)
    if largest is None:
        raise NoPictures("this file has no pictures in it, at most a sound; choose a video")
    return Header("webm" if format_ == "webm" else "matroska", *largest, seconds=seconds)


def _number(elements: dict[int, bytes], kind: int) -> int:
    return int.from_bytes(elements.get(kind, b""), "big")


def _is_encrypted(encodings: bytes) -> bool:
    return any(
        kind == _ENCODING and _ENCRYPTION in dict(_elements(encoding))
        for kind, encoding in _elements(encodings)
    )
