"""What a decoder and its pool say to each other: MessagePack behind a 4-byte big-endian length.

The pool sends one `Request`, the decoder answers with one `Answer`; one at a time.
"""

from enum import StrEnum
from typing import BinaryIO

import msgspec

from calotype.media.look import AS_IT_IS, Look

HEADER_BYTES = 4
# Five renditions of the tallest picture that is let through are far below this.
MAX_FRAME_BYTES = 256 << 20


class Task(StrEnum):
    """What a decoder is to do with a photo."""

    RENDER = "render"
    MASTER = "master"
    MEASURE = "measure"


class Request(msgspec.Struct, frozen=True):
    """The path of a photo, what to do with it, and how its author wants it to look."""

    path: str
    look: Look = AS_IT_IS
    task: Task = Task.RENDER


class RenderedFile(msgspec.Struct, frozen=True):
    """One rendition: its declared name, its size in pixels, its bytes."""

    name: str
    width: int
    height: int
    data: bytes


class Rendered(msgspec.Struct, frozen=True, tag="rendered"):
    """A photo's renditions, and its facts: content type, and size in pixels as its look left it."""

    width: int
    height: int
    content_type: str
    blurhash: str
    files: tuple[RenderedFile, ...]


class Measured(msgspec.Struct, frozen=True, tag="measured"):
    """A photo all of whose pixels could be decoded: its type, and its size in pixels as stored."""

    width: int
    height: int
    content_type: str


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """The photo is at fault, and will be however often it is tried."""

    code: str
    message: str


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """The decoder is at fault or out of memory; it ends after saying so."""

    message: str


Answer = Rendered | Measured | Refused | Failed

_ANSWERS: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)
_ENCODER = msgspec.msgpack.Encoder()


def frame(message: Request | Answer) -> bytes:
    body = _ENCODER.encode(message)
    return len(body).to_bytes(HEADER_BYTES, "big") + body


def frame_length(header: bytes) -> int:
    """The length of the body that follows; ValueError when no decoder would send so much."""
    length = int.from_bytes(header, "big")
    if length > MAX_FRAME_BYTES:
        raise ValueError(f"a frame of {length} bytes")
    return length


def read_answer(body: bytes) -> Answer:
    """Raises msgspec.MsgspecError when the body is no answer."""
    return _ANSWERS.decode(body)


def read_request(stream: BinaryIO) -> Request | None:
    """What to render next; None when the pool has closed the stream."""
    header = stream.read(HEADER_BYTES)
    if len(header) < HEADER_BYTES:
        return None
    return msgspec.msgpack.decode(stream.read(frame_length(header)), type=Request)
