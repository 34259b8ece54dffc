"""What every BlobStore promises, run against each adapter over data that outlives it."""

import asyncio
import hashlib
import os
import time
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Protocol

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calotype.blobs.adapters import disk
from calotype.blobs.adapters.disk import DiskBlobs
from calotype.blobs.keys import MAX_KEY_CHARS
from calotype.blobs.store import BlobInfo, BlobPart, BlobStore
from calotype.kernel.errors import AlreadyExists, Invalid, NotFound, Unavailable

pytestmark = pytest.mark.anyio

KIB = 1024
MIB = 1024 * KIB


class Closable(BlobStore, Protocol):
    def close(self) -> None: ...


class Shelf:
    """One adapter's data, which can be opened again and again."""

    def __init__(self, build: Callable[[], Closable]) -> None:
        self._build = build
        self._opened: list[Closable] = []

    def open(self) -> BlobStore:
        self._opened.append(self._build())
        return self._opened[-1]

    def close(self) -> None:
        for store in self._opened:
            store.close()


@pytest.fixture(params=["disk"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shelf]:
    shelf = Shelf({"disk": lambda: DiskBlobs(tmp_path / "blobs")}[request.param])
    yield shelf
    shelf.close()


@pytest.fixture
def blobs(shelf: Shelf) -> BlobStore:
    return shelf.open()


async def chunked(data: bytes, size: int = 64 * KIB) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def read(blobs: BlobStore, key: str, start: int = 0, end: int | None = None) -> bytes:
    return b"".join([chunk async for chunk in blobs.stream(key, start, end)])


async def keys(blobs: BlobStore, prefix: str = "") -> set[str]:
    return {info.key async for info in blobs.list(prefix)}


async def test_a_blob_comes_back_whole_after_a_cold_start(shelf: Shelf) -> None:
    data = os.urandom(3 * MIB + 17)
    before = time.time_ns() // 1_000_000
    put = await shelf.open().put("originals/1/2", chunked(data))
    again = shelf.open()
    assert await again.stat("originals/1/2") == put
    assert (put.key, put.size) == ("originals/1/2", len(data))
    assert before - 20 <= put.modified_ms <= time.time_ns() // 1_000_000
    assert await read(again, "originals/1/2") == data
    async with again.local("originals/1/2") as path:
        assert path.read_bytes() == data


async def test_an_empty_blob_is_a_blob(blobs: BlobStore) -> None:
    await blobs.put("empty", chunked(b""))
    assert (await blobs.stat("empty")).size == 0
    assert await read(blobs, "empty") == b""


@pytest.mark.parametrize("key", ["absent", "there/below", "dir"])
async def test_what_is_absent_is_not_found(blobs: BlobStore, key: str) -> None:
    await blobs.put("there", chunked(b"x"))
    await blobs.put("dir/x", chunked(b"x"))
    with pytest.raises(NotFound):
        await blobs.stat(key)
    with pytest.raises(NotFound):
        await read(blobs, key)
    with pytest.raises(NotFound):
        await read(blobs, key, 5, 5)
    with pytest.raises(NotFound):
        async with blobs.local(key):
            pass
    await blobs.delete(key)
    assert await keys(blobs) == {"there", "dir/x"}


async def test_a_second_put_leaves_the_first_blob_as_it_is(shelf: Shelf) -> None:
    await shelf.open().put("a/b", chunked(b"first"))
    again = shelf.open()
    with pytest.raises(AlreadyExists):
        await again.put("a/b", chunked(b"second"))
    assert await read(again, "a/b") == b"first"


async def test_of_twenty_puts_of_one_key_one_wins_whole(shelf: Shelf) -> None:
    stores = [shelf.open(), shelf.open()]
    contents = [bytes([number]) * (MIB + number) for number in range(20)]
    outcomes = await asyncio.gather(
        *(stores[i % 2].put("race/key", chunked(data)) for i, data in enumerate(contents)),
        return_exceptions=True,
    )
    winners = [i for i, outcome in enumerate(outcomes) if isinstance(outcome, BlobInfo)]
    losers = [outcome for outcome in outcomes if isinstance(outcome, AlreadyExists)]
    assert (len(winners), len(losers)) == (1, 19)
    assert await read(stores[0], "race/key") == contents[winners[0]]
    assert await stores[0].sweep(_later()) == 0


async def test_one_key_is_never_anothers_directory(blobs: BlobStore) -> None:
    await blobs.put("a/b", chunked(b"x"))
    for key in ("a", "a/b/c"):
        with pytest.raises(Invalid):
            await blobs.put(key, chunked(b"y"))
    assert await keys(blobs) == {"a/b"}
    assert await blobs.sweep(_later()) == 0


class Broken(Exception):
    pass


async def test_a_put_whose_source_breaks_leaves_nothing(blobs: BlobStore) -> None:
    async def source() -> AsyncIterator[bytes]:
        yield b"x" * 2 * MIB
        raise Broken

    with pytest.raises(Broken):
        await blobs.put("a/b", source())
    assert await keys(blobs) == set()
    assert await blobs.sweep(_later()) == 0


async def test_a_cancelled_put_leaves_nothing(blobs: BlobStore) -> None:
    waiting = asyncio.Event()

    async def source() -> AsyncIterator[bytes]:
        yield b"x" * 2 * MIB
        waiting.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(blobs.put("a/b", source()))
    await waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await keys(blobs) == set()
    assert await blobs.sweep(_later()) == 0


async def test_cancelling_at_any_moment_leaves_the_whole_blob_or_nothing(blobs: BlobStore) -> None:
    for turns in range(60):
        key = f"cancel/{turns}"
        task = asyncio.create_task(blobs.put(key, chunked(b"x" * 3000, 1000)))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            with pytest.raises(NotFound):
                await blobs.stat(key)
        else:
            assert await read(blobs, key) == b"x" * 3000
    assert await blobs.sweep(_later()) == 0


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    size=st.integers(0, 600 * KIB),
    start=st.integers(0, 700 * KIB),
    length=st.none() | st.integers(0, 700 * KIB),
)
def test_a_range_is_a_slice(tmp_path: Path, size: int, start: int, length: int | None) -> None:
    async def run() -> None:
        blobs = DiskBlobs(tmp_path / "ranges")
        data = os.urandom(size)
        end = None if length is None else start + length
        try:
            await blobs.delete("k")
            await blobs.put("k", chunked(data))
            assert await read(blobs, "k", start, end) == data[start:end]
            assert await read(blobs, "k", end or 0, start) == data[end or 0 : start]
        finally:
            blobs.close()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("start", "size"), [(0, 0), (0, 1), (0, 10), (3, 4), (3, 100), (10, 5), (99, 1)]
)
async def test_a_part_is_a_slice_with_the_facts_of_the_whole(
    blobs: BlobStore, start: int, size: int
) -> None:
    info = await blobs.put("a/b", chunked(b"0123456789"))
    part = await blobs.read("a/b", start, size)
    assert part == BlobPart(info, b"0123456789"[start : start + size])


async def test_parts_are_refused_like_streams(blobs: BlobStore) -> None:
    await blobs.put("a/b", chunked(b"0123456789"))
    for key in ("a", "a/c"):
        with pytest.raises(NotFound):
            await blobs.read(key, 0, 0)
    for start, size in ((-1, 5), (0, -1)):
        with pytest.raises(Invalid):
            await blobs.read("a/b", start, size)


async def test_a_range_before_the_start_is_refused(blobs: BlobStore) -> None:
    await blobs.put("k", chunked(b"abc"))
    for start, end in ((-1, None), (0, -1)):
        with pytest.raises(Invalid):
            await read(blobs, "k", start, end)


async def test_a_stream_that_began_outlives_a_delete(blobs: BlobStore) -> None:
    data = os.urandom(MIB)
    await blobs.put("a/b", chunked(data))
    stream = blobs.stream("a/b")
    got = await anext(stream)
    await blobs.delete("a/b")
    assert got + b"".join([chunk async for chunk in stream]) == data


async def test_list_gives_what_lies_under_the_prefix(shelf: Shelf) -> None:
    blobs = shelf.open()
    for key in ("a/1", "a/b/2", "ab/3", "c"):
        await blobs.put(key, chunked(key.encode()))
    assert await keys(blobs) == {"a/1", "a/b/2", "ab/3", "c"}
    assert await keys(shelf.open(), "a/") == {"a/1", "a/b/2"}
    assert await keys(blobs, "a/b/") == {"a/b/2"}
    assert await keys(blobs, "c/") == set()
    assert await keys(blobs, "absent/") == set()
    infos = [info async for info in blobs.list("a/b/")]
    assert infos == [await blobs.stat("a/b/2")]
    for prefix in ("a", "/", "../", "tmp/"):
        with pytest.raises(Invalid):
            await keys(blobs, prefix)


async def test_list_goes_on_beyond_one_batch_and_may_be_left_early(
    blobs: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, "LIST_BATCH", 3)
    names = {f"a/{number}" for number in range(10)}
    for name in names:
        await blobs.put(name, chunked(b"x"))
    assert await keys(blobs, "a/") == names
    async with aclosing(blobs.list("a/")) as listing:  # type: ignore[type-var]
        assert (await anext(listing)).key in names


async def test_list_leaves_out_what_is_being_written(blobs: BlobStore) -> None:
    seen: set[str] = set()

    async def source() -> AsyncIterator[bytes]:
        yield b"x" * 2 * MIB
        seen.update(await keys(blobs))
        yield b"y"

    await blobs.put("a", source())
    assert seen == set()
    assert await keys(blobs) == {"a"}


async def test_deletes_beside_puts_in_one_directory_lose_nothing(shelf: Shelf) -> None:
    one, other = shelf.open(), shelf.open()

    async def come_and_go(blobs: BlobStore, name: str) -> None:
        for turn in range(25):
            await blobs.put(f"d/e/{name}", chunked(f"{name}{turn}".encode()))
            assert await read(blobs, f"d/e/{name}") == f"{name}{turn}".encode()
            await blobs.delete(f"d/e/{name}")

    await asyncio.gather(*(come_and_go((one, other)[i % 2], f"n{i}") for i in range(4)))
    assert await keys(one) == set()
    assert await one.sweep(_later()) == 0


async def test_sweep_removes_only_leftovers_older_than_the_given_time(
    blobs: BlobStore, shelf: Shelf
) -> None:
    swept: list[int] = []

    async def source() -> AsyncIterator[bytes]:
        yield b"x" * 2 * MIB
        swept.append(await shelf.open().sweep(1000))

    await blobs.put("a", source())
    assert swept == [0]
    assert await keys(blobs) == {"a"}


async def test_a_put_whose_temporary_file_was_swept_fails_and_leaves_nothing(
    blobs: BlobStore,
) -> None:
    async def source() -> AsyncIterator[bytes]:
        yield b"x" * 2 * MIB
        assert await blobs.sweep(_later()) == 1

    with pytest.raises(Unavailable):
        await blobs.put("a/b", source())
    assert await keys(blobs) == set()


async def test_a_big_blob_takes_little_memory(blobs: BlobStore) -> None:
    chunk = os.urandom(64 * KIB)
    count = 1024

    async def source() -> AsyncIterator[bytes]:
        for _ in range(count):
            yield chunk

    tracemalloc.start()
    try:
        await blobs.put("big", source())
        digest = hashlib.sha256()
        async for piece in blobs.stream("big"):
            digest.update(piece)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert digest.digest() == hashlib.sha256(chunk * count).digest()
    assert peak < 8 * MIB


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/a",
        "a/",
        "a//b",
        ".",
        "..",
        "a/../b",
        "./a",
        "a\\b",
        "a b",
        "a\n",
        "é",
        "a\x00",
        "tmp/a",
        "tmp",
        "a" * (MAX_KEY_CHARS + 1),
    ],
)
async def test_keys_outside_the_rules_are_refused_everywhere(blobs: BlobStore, key: str) -> None:
    with pytest.raises(Invalid):
        await blobs.put(key, chunked(b"x"))
    with pytest.raises(Invalid):
        await blobs.stat(key)
    with pytest.raises(Invalid):
        await read(blobs, key)
    with pytest.raises(Invalid):
        await blobs.delete(key)
    with pytest.raises(Invalid):
        async with blobs.local(key):
            pass


def _later() -> int:
    return time.time_ns() // 1_000_000 + 60_000
