"""Forms on their way in: what is stored, what is refused, and what a refusal leaves behind."""

import asyncio
import hashlib
import io
import itertools
import os
import random
import struct
import tracemalloc
import zlib
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from calotype.blobs.adapters.disk import DiskBlobs
from calotype.blobs.store import BlobInfo
from calotype.kernel.errors import (
    AlreadyExists,
    CalotypeError,
    Invalid,
    Malformed,
    NotAnImage,
    StorageFull,
    TooLarge,
    TooSlow,
    TruncatedImage,
    Unavailable,
    Unsupported,
)
from calotype.uploads.pace import drain, paced
from calotype.uploads.receive import NewFile, ReceivePlan, fingerprint, receive
from calotype.uploads.settings import UploadSettings

pytestmark = pytest.mark.anyio

MIB = 1024 * 1024
BOUNDARY = "----boundary7"
FORM = f'multipart/form-data; boundary="{BOUNDARY}"'


def picture(seed: int = 1, width: int = 64) -> bytes:
    pixels = random.Random(seed).randbytes(width * 48 * 3)
    buffer = io.BytesIO()
    Image.frombytes("RGB", (width, 48), pixels).save(buffer, "JPEG")
    return buffer.getvalue()


ONE, TWO = picture(1), picture(2)


def file(content: bytes, name: str = "mediaFile", filename: str = "photo.jpg") -> bytes:
    head = f'Content-Disposition: form-data; name="{name}"; filename="{filename}"'
    return f"--{BOUNDARY}\r\n{head}\r\nContent-Type: x/y\r\n\r\n".encode() + content + b"\r\n"


def text(name: str, value: bytes) -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
    return head.encode() + value + b"\r\n"


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


async def sent(data: bytes, size: int = 4096) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


@pytest.fixture
def blobs(tmp_path: Path) -> Iterator[DiskBlobs]:
    blobs = DiskBlobs(tmp_path / "blobs")
    yield blobs
    blobs.close()


def plan_for(blobs: Any, **limits: Any) -> ReceivePlan:
    numbers = itertools.count(1)

    def new_file() -> NewFile:
        number = next(numbers)
        return NewFile(number, f"originals/7/{number}")

    return ReceivePlan(
        file_fields=frozenset({"mediaFile"}),
        text_fields=frozenset({"caption", "tags"}),
        new_file=new_file,
        blobs=blobs,
        limits=msgspec.structs.replace(UploadSettings(), **limits),
    )


async def left(blobs: DiskBlobs) -> list[str]:
    await blobs.sweep(0)
    temporary = await blobs.sweep(1 << 50)
    return [info.key async for info in blobs.list("")] + ["temporary file"] * temporary


async def test_a_form_is_stored_checked_and_hashed(blobs: DiskBlobs) -> None:
    body = form(
        text("tags", "Grüße".encode()), file(ONE), text("tags", b""), file(TWO, filename="a.png")
    )
    received = await receive(sent(body), FORM, plan_for(blobs))
    assert received.fields == [("tags", "Grüße"), ("tags", "")]
    one, two = received.files
    assert (one.media_id, one.key, one.size) == (1, "originals/7/1", len(ONE))
    assert (two.filename, two.header.format, two.header.width) == ("a.png", "jpeg", 64)
    for got, content in ((one, ONE), (two, TWO)):
        assert got.sha256 == hashlib.sha256(content).hexdigest()
        assert b"".join([chunk async for chunk in blobs.stream(got.key)]) == content


@settings(max_examples=25, deadline=None)
@given(size=st.integers(1, 3000), tail=st.sampled_from([b"", b"\r\n", b"epilogue" * 1000]))
def test_the_chunks_never_change_what_is_received(size: int, tail: bytes) -> None:
    caption = b"\r\n--" + BOUNDARY[:-1].encode()
    body = form(text("caption", caption), file(ONE), file(TWO)) + tail

    async def run(chunk: int) -> str:
        return await fingerprint(sent(body, chunk), FORM, plan_for(None))

    assert asyncio.run(run(size)) == asyncio.run(run(len(body)))


async def test_an_empty_chunk_is_not_the_end(blobs: DiskBlobs) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield file(ONE)
        yield b""
        yield form(file(TWO))

    assert len((await receive(body(), FORM, plan_for(blobs))).files) == 2


async def test_the_fingerprint_knows_the_content_and_nothing_else(blobs: DiskBlobs) -> None:
    plan = plan_for(blobs)
    body = form(text("caption", b"x"), file(ONE), file(TWO))
    received = await receive(sent(body), FORM, plan)
    stored = await left(blobs)
    other_boundary = body.replace(BOUNDARY.encode(), b"other"), "multipart/form-data;boundary=other"
    for data, kind in ((body, FORM), other_boundary):
        assert await fingerprint(sent(data), kind, plan) == received.fingerprint()
    for different in (
        form(text("caption", b"y"), file(ONE), file(TWO)),
        form(text("tags", b"x"), file(ONE), file(TWO)),
        form(text("caption", b"x"), file(TWO), file(ONE)),
        form(text("caption", b"x"), file(ONE)),
    ):
        assert await fingerprint(sent(different), FORM, plan) != received.fingerprint()
    assert await left(blobs) == stored


REFUSED: dict[str, tuple[bytes, type[CalotypeError], dict[str, Any]]] = {
    "unknown field": (form(file(ONE), text("title", b"x")), Invalid, {"field": "title"}),
    "unknown file": (form(file(ONE), file(TWO, "photo")), Invalid, {"field": "photo"}),
    "too many files": (form(*[file(ONE)] * 3), Invalid, {"field": "mediaFile", "limit": 2}),
    "too many parts": (form(*[text("tags", b"x")] * 7), Invalid, {}),
    "no image": (form(file(ONE), file(b"x" * 99)), NotAnImage, {"field": "mediaFile", "index": 1}),
    "empty file": (form(file(ONE), file(b"")), NotAnImage, {"index": 1}),
    "cut image": (form(file(ONE), file(TWO[:-2])), TruncatedImage, {"index": 1}),
    "large file": (form(file(ONE), file(ONE + b"x" * 9000)), TooLarge, {"limit": 9000}),
    "large text": (form(file(ONE), text("caption", b"x" * 501)), TooLarge, {"limit": 500}),
    "large texts": (form(*[text("tags", b"x" * 251)] * 2), TooLarge, {"limit": 500}),
    "not UTF-8": (form(file(ONE), text("caption", b"\xff")), Invalid, {"field": "caption"}),
    "no end": (file(ONE) + file(TWO), Malformed, {}),
    "stops within a file": (file(ONE) + file(TWO)[:-100], Malformed, {}),
    "not a form": (b"hello", Malformed, {}),
    "nothing": (b"", Malformed, {}),
    "no name": (f"--{BOUNDARY}\r\nContent-Disposition: form-data\r\n\r\n".encode(), Invalid, {}),
    "long header": (form(file(ONE), file(ONE, filename="x" * 5000)), Invalid, {}),
    "endless preamble": (b"x" * 3 * MIB, TooLarge, {}),
    "endless epilogue": (form(file(ONE)) + b"x" * 3 * MIB, TooLarge, {}),
}


@pytest.mark.parametrize("name", list(REFUSED))
async def test_a_refusal_names_its_reason_and_leaves_nothing(blobs: DiskBlobs, name: str) -> None:
    body, error, details = REFUSED[name]
    plan = plan_for(blobs, max_files=2, max_parts=6, max_text_bytes=500, max_file_bytes=9000)
    for act in (receive, fingerprint):
        with pytest.raises(error) as caught:
            await act(sent(body), FORM, plan)
        assert caught.type is error
        assert details.items() <= caught.value.details.items()
    assert await left(blobs) == []


@pytest.mark.parametrize(
    ("content_type", "error"),
    [
        ("", Unsupported),
        ("application/json", Unsupported),
        ("multipart/mixed; boundary=x", Unsupported),
        ("multipart/form-data", Malformed),
        ("multipart/form-data; boundary=", Malformed),
        ("multipart/form-data; boundary=" + "x" * 300, Malformed),
    ],
)
async def test_other_content_types_are_refused(
    blobs: DiskBlobs, content_type: str, error: type[CalotypeError]
) -> None:
    with pytest.raises(error):
        await receive(sent(form(file(ONE))), content_type, plan_for(blobs))


async def test_an_unknown_field_is_told_which_ones_there_are(blobs: DiskBlobs) -> None:
    with pytest.raises(Invalid, match="'title' here, only caption, mediaFile, tags"):
        await receive(sent(form(text("title", b"x"))), FORM, plan_for(blobs))


async def test_a_refused_file_is_not_read_to_its_end(blobs: DiskBlobs) -> None:
    body = sent(form(file(b"%PDF-1.7\n" + b"x" * MIB)))
    with pytest.raises(NotAnImage):
        await receive(body, FORM, plan_for(blobs))
    assert sum([len(chunk) async for chunk in body]) > MIB - 3 * 4096


class Gone(Exception):
    pass


async def test_a_client_that_leaves_takes_its_files_along(blobs: DiskBlobs) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield file(ONE) + file(TWO)[:-200]
        raise Gone

    with pytest.raises(Gone):
        await receive(body(), FORM, plan_for(blobs))
    assert await left(blobs) == []


async def test_a_cancelled_request_leaves_nothing(blobs: DiskBlobs) -> None:
    waiting = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield file(ONE) + file(TWO)[:-200]
        waiting.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(receive(body(), FORM, plan_for(blobs)))
    await waiting.wait()
    assert await left(blobs) == ["originals/7/1", "temporary file"]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await left(blobs) == []


async def test_a_silent_client_is_too_slow(blobs: DiskBlobs) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield file(ONE) + file(TWO)[:-200]
        await asyncio.Event().wait()

    with pytest.raises(TooSlow):
        await receive(body(), FORM, plan_for(blobs, idle_s=0.01))
    assert await left(blobs) == []


class Ticking:
    """A clock that goes on by `step` seconds each time somebody looks."""

    def __init__(self, step: float) -> None:
        self._now = 0.0
        self._step = step

    def __call__(self) -> float:
        self._now += self._step
        return self._now


async def count(body: AsyncIterator[bytes], limits: UploadSettings, step: float) -> int:
    return sum([len(chunk) async for chunk in paced(body, limits, Ticking(step))])


async def test_a_trickle_is_too_slow_but_not_at_first() -> None:
    limits = UploadSettings(min_rate=100, min_rate_after_s=30)
    assert await count(sent(b"x" * 30, 1), limits, step=1) == 30
    with pytest.raises(TooSlow, match="100 bytes a second"):
        await count(sent(b"x" * 31, 1), limits, step=1)
    assert await count(sent(b"x" * 20_000, 100), limits, step=1) == 20_000


async def test_a_request_may_not_last_for_ever() -> None:
    limits = UploadSettings(min_rate=1, total_s=100)
    with pytest.raises(TooSlow, match="longer than 100 seconds"):
        await count(sent(b"x" * 200, 1), limits, step=1)


async def test_drain_reads_the_rest_within_its_bounds() -> None:
    body = sent(b"x" * 100_000, 1000)
    await drain(body, max_bytes=30_000, seconds=5)
    assert len([chunk async for chunk in body]) == 70
    await drain(sent(b"x"), max_bytes=30_000, seconds=5)

    async def stuck() -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.Event().wait()

    async def broken() -> AsyncIterator[bytes]:
        yield b"x"
        raise Gone

    await drain(stuck(), max_bytes=10, seconds=0.01)
    await drain(broken(), max_bytes=10, seconds=5)


class FailingBlobs:
    """A store whose every put after the first one fails, and which cannot delete either."""

    def __init__(self, error: CalotypeError) -> None:
        self._error = error
        self.deleted: list[str] = []
        self.puts = 0

    async def put(self, key: str, chunks: AsyncIterable[bytes]) -> BlobInfo:
        self.puts += 1
        size = 0
        async for chunk in chunks:
            size += len(chunk)
            if self.puts > 1:
                raise self._error
        return BlobInfo(key, size, 0)

    async def delete(self, key: str) -> None:
        self.deleted.append(key)
        raise Unavailable("away")


@pytest.mark.parametrize(
    ("raised", "seen"),
    [(StorageFull("full"), StorageFull), (AlreadyExists("taken"), Unavailable)],
)
async def test_a_failing_store_fails_the_request_with_its_first_reason(
    raised: CalotypeError, seen: type[CalotypeError]
) -> None:
    store = FailingBlobs(raised)
    with pytest.raises(seen) as caught:
        await receive(sent(form(file(ONE), file(TWO))), FORM, plan_for(store))
    assert caught.type is seen
    assert store.deleted == ["originals/7/1"]


def big_png(size: int) -> Iterator[bytes]:
    """A PNG of `size` bytes and a bit, in 64 KiB chunks, never whole in memory."""
    header = struct.pack(">IIBBBBB", 100, 100, 8, 2, 0, 0, 0)
    yield b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + header
    yield struct.pack(">I", zlib.crc32(b"IHDR" + header)) + struct.pack(">I", size) + b"IDAT"
    chunk = os.urandom(65_536)
    for _ in range(size // len(chunk)):
        yield chunk
    yield b"crc!" + struct.pack(">I", 0) + b"IEND\xae\x42\x60\x82"


async def big_form(size: int) -> AsyncIterator[bytes]:
    head, tail = file(b"|").split(b"|")
    yield head
    for chunk in big_png(size):
        yield chunk
    yield form(tail)


async def test_memory_does_not_grow_with_the_file(blobs: DiskBlobs) -> None:
    plan = plan_for(blobs)
    tracemalloc.start()
    try:
        received = await receive(big_form(49 * MIB), FORM, plan)
        with pytest.raises(TooLarge):
            await receive(big_form(200 * MIB), FORM, plan)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert received.files[0].size > 49 * MIB
    assert peak < 8 * MIB
    assert await left(blobs) == ["originals/7/1"]
