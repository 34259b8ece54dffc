"""What every PartialStore promises, run against each adapter over data that outlives it."""

import asyncio
import hashlib
import os
import time
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calotype.blobs.adapters.disk import DiskBlobs
from calotype.blobs.adapters.partials import DiskPartials
from calotype.blobs.partials import Partial, PartialStore
from calotype.blobs.store import BlobStore
from calotype.kernel.errors import AlreadyExists, Busy, DamagedChunk, Invalid, NotFound

pytestmark = pytest.mark.anyio

KIB = 1024
MIB = 1024 * KIB


class Closable(Protocol):
    def close(self) -> None: ...


class ClosablePartials(PartialStore, Closable, Protocol): ...


class ClosableBlobs(BlobStore, Closable, Protocol): ...


class Shelf:
    """Partial blobs and the blobs that they become, which can be opened again and again."""

    def __init__(
        self, partials: Callable[[], ClosablePartials], blobs: Callable[[], ClosableBlobs]
    ) -> None:
        self._partials, self._blobs = partials, blobs
        self._opened: list[Closable] = []

    def open(self) -> PartialStore:
        store = self._partials()
        self._opened.append(store)
        return store

    def blobs(self) -> BlobStore:
        store = self._blobs()
        self._opened.append(store)
        return store

    def close(self) -> None:
        for store in self._opened:
            store.close()


def disk(directory: Path) -> Shelf:
    return Shelf(lambda: DiskPartials(directory), lambda: DiskBlobs(directory))


@pytest.fixture(params=[disk])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shelf]:
    shelf: Shelf = request.param(tmp_path / "blobs")
    yield shelf
    shelf.close()


@pytest.fixture
def partials(shelf: Shelf) -> PartialStore:
    return shelf.open()


class Sha256:
    def __init__(self, wanted: bytes) -> None:
        self._hash, self._wanted = hashlib.sha256(), hashlib.sha256(wanted).digest()

    def update(self, data: bytes | bytearray, /) -> None:
        self._hash.update(data)

    def agrees(self) -> bool:
        return self._hash.digest() == self._wanted


class Broken(Exception):
    pass


async def chunked(data: bytes, size: int = 64 * KIB) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def broken(data: bytes, size: int = 64 * KIB) -> AsyncIterator[bytes]:
    async for chunk in chunked(data, size):
        yield chunk
    raise Broken


async def content(partial: Partial) -> bytes:
    seen = bytearray()
    await partial.scan(seen.extend)
    return bytes(seen)


async def names(partials: PartialStore) -> set[str]:
    return {info.name async for info in partials.list()}


async def test_pieces_follow_one_another_over_cold_starts(shelf: Shelf) -> None:
    pieces = [os.urandom(size) for size in (1, 3 * MIB + 7, 0, 100 * KIB)]
    await shelf.open().create("a")
    for number, piece in enumerate(pieces):
        partials = shelf.open()
        before = b"".join(pieces[:number])
        assert await partials.size("a") == len(before)
        async with partials.hold("a") as partial:
            assert partial.size == len(before)
            await partial.append(chunked(piece))
            assert partial.size == len(before) + len(piece)
    async with shelf.open().hold("a") as partial:
        assert await content(partial) == b"".join(pieces)


async def test_a_name_is_made_once_and_is_in_the_list(partials: PartialStore) -> None:
    before_ms = time.time_ns() // 1_000_000
    await partials.create("a")
    await partials.create("B-2_c")
    with pytest.raises(AlreadyExists):
        await partials.create("a")
    infos = [info async for info in partials.list()]
    assert {info.name for info in infos} == {"a", "B-2_c"}
    # A file system's clock ticks coarsely.
    assert all(before_ms - 20 <= info.modified_ms <= time.time_ns() // 1_000_000 for info in infos)


@pytest.mark.parametrize("name", ["", "a/b", "..", "a.b", "é", "a" * 101, "a\n"])
async def test_other_names_are_refused(partials: PartialStore, name: str) -> None:
    for refused in (partials.create(name), partials.size(name), partials.discard(name)):
        with pytest.raises(Invalid):
            await refused
    with pytest.raises(Invalid):
        async with partials.hold(name):
            pass


async def test_what_is_absent_is_not_found(partials: PartialStore) -> None:
    with pytest.raises(NotFound):
        await partials.size("a")
    with pytest.raises(NotFound):
        async with partials.hold("a"):
            pass
    await partials.discard("a")
    assert await names(partials) == set()


async def test_of_two_holders_one_is_refused_until_the_other_lets_go(shelf: Shelf) -> None:
    first, second = shelf.open(), shelf.open()
    await first.create("a")
    async with first.hold("a") as partial:
        for other in (first, second):
            with pytest.raises(Busy):
                async with other.hold("a"):
                    pass
        await partial.append(chunked(b"x"))
        assert await second.size("a") == 1
    async with second.hold("a") as partial:
        assert partial.size == 1


async def test_a_holder_that_was_cancelled_lets_go(partials: PartialStore) -> None:
    await partials.create("a")

    async def hold() -> None:
        async with partials.hold("a") as partial:
            await partial.append(chunked(b"x" * 3000, 1000))

    for turns in range(40):
        task = asyncio.create_task(hold())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        async with partials.hold("a") as partial:
            assert partial.size % 1000 == 0
            await partial.clear()


@pytest.mark.parametrize("size", [1000, 5 * MIB + 1])
async def test_a_piece_that_breaks_off_is_kept_as_far_as_it_came(shelf: Shelf, size: int) -> None:
    partials, data = shelf.open(), os.urandom(size)
    await partials.create("a")
    with pytest.raises(Broken):
        async with partials.hold("a") as partial:
            await partial.append(broken(data))
    async with shelf.open().hold("a") as partial:
        assert partial.size == size
        assert await content(partial) == data


async def test_a_cancelled_piece_is_kept_as_far_as_it_came(partials: PartialStore) -> None:
    await partials.create("a")
    waiting = asyncio.Event()

    async def source() -> AsyncIterator[bytes]:
        yield b"x" * 3 * MIB
        yield b"y" * 10
        waiting.set()
        await asyncio.Event().wait()

    async def send() -> None:
        async with partials.hold("a") as partial:
            await partial.append(source())

    task = asyncio.create_task(send())
    await waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await partials.size("a") == 3 * MIB + 10


async def test_a_piece_with_a_digest_comes_whole_or_not_at_all(shelf: Shelf) -> None:
    partials, good = shelf.open(), os.urandom(2 * MIB + 5)
    await partials.create("a")
    async with partials.hold("a") as partial:
        await partial.append(chunked(b"first"))
        with pytest.raises(DamagedChunk):
            await partial.append(chunked(good), Sha256(b"another"))
        assert partial.size == 5
        with pytest.raises(Broken):
            await partial.append(broken(good), Sha256(good))
        assert partial.size == 5
        await partial.append(chunked(good), Sha256(good))
    async with shelf.open().hold("a") as partial:
        assert await content(partial) == b"first" + good


async def test_unchecked_bytes_never_count(shelf: Shelf) -> None:
    """While a piece with a digest is on its way, and whatever becomes of its writer."""
    partials, other = shelf.open(), shelf.open()
    await partials.create("a")

    async def source() -> AsyncIterator[bytes]:
        yield b"x" * 3 * MIB
        assert await other.size("a") == 5
        raise Broken

    async with partials.hold("a") as partial:
        await partial.append(chunked(b"first"))
        with pytest.raises(Broken):
            await partial.append(source(), Sha256(b""))
    assert await other.size("a") == 5


async def test_cleared_is_as_new(partials: PartialStore) -> None:
    await partials.create("a")
    async with partials.hold("a") as partial:
        await partial.append(chunked(b"other"))
        await partial.clear()
        assert partial.size == 0
        await partial.append(chunked(b"new"))
        assert await content(partial) == b"new"


async def test_placed_it_is_a_blob_and_can_be_placed_again(shelf: Shelf) -> None:
    partials, blobs, data = shelf.open(), shelf.blobs(), os.urandom(MIB + 3)
    await partials.create("a")
    async with partials.hold("a") as partial:
        await partial.append(chunked(data))
        placed = await partial.place("originals/1/2")
        assert placed == await blobs.stat("originals/1/2")
        assert placed.size == len(data)
    async with shelf.open().hold("a") as partial:
        assert await partial.place("originals/1/2") == placed
    assert await names(partials) == {"a"}
    await partials.discard("a")
    assert b"".join([chunk async for chunk in blobs.stream("originals/1/2")]) == data


async def test_another_blob_is_never_replaced(shelf: Shelf) -> None:
    partials, blobs = shelf.open(), shelf.blobs()
    await blobs.put("originals/1/2", chunked(b"first"))
    await partials.create("a")
    async with partials.hold("a") as partial:
        await partial.append(chunked(b"second"))
        with pytest.raises(AlreadyExists):
            await partial.place("originals/1/2")
        with pytest.raises(Invalid):
            await partial.place("originals/1/2/3")
        with pytest.raises(Invalid):
            await partial.place("partial/b")
    assert b"".join([chunk async for chunk in blobs.stream("originals/1/2")]) == b"first"


async def test_what_is_discarded_is_gone_even_for_its_holder(shelf: Shelf) -> None:
    partials, blobs = shelf.open(), shelf.blobs()
    await partials.create("a")
    async with partials.hold("a") as partial:
        await partial.append(chunked(b"x"))
        await partials.discard("a")
        await partials.discard("a")
        with pytest.raises(NotFound):
            await partials.size("a")
        with pytest.raises(NotFound):
            await partial.place("originals/1/2")
    assert await names(partials) == set()
    with pytest.raises(NotFound):
        await blobs.stat("originals/1/2")


async def test_partial_blobs_are_no_blobs(shelf: Shelf) -> None:
    partials, blobs = shelf.open(), shelf.blobs()
    await partials.create("a")
    assert [info async for info in blobs.list("")] == []
    assert await blobs.sweep(1 << 50) == 0
    assert await names(partials) == {"a"}


async def test_memory_is_a_few_chunks_whatever_the_size(partials: PartialStore) -> None:
    chunk = os.urandom(256 * KIB)

    async def source() -> AsyncIterator[bytes]:
        for _ in range(256):
            yield chunk

    await partials.create("a")
    tracemalloc.start()
    try:
        async with partials.hold("a") as partial:
            await partial.append(source())
            await partial.scan(lambda _: None)
        assert tracemalloc.get_traced_memory()[1] < 8 * MIB
    finally:
        tracemalloc.stop()
    assert await partials.size("a") == 64 * MIB


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    pieces=st.lists(
        st.tuples(st.integers(0, 40 * KIB), st.sampled_from(["whole", "breaks", "good", "bad"])),
        max_size=8,
    )
)
def test_it_holds_what_was_kept_of_each_piece(
    tmp_path: Path, pieces: list[tuple[int, str]]
) -> None:
    async def run() -> None:
        partials, kept = DiskPartials(tmp_path / "pieces"), b""
        try:
            await partials.create("p")
            for size, fate in pieces:
                data = os.urandom(size)
                source = broken(data, 1000) if fate == "breaks" else chunked(data, 1000)
                digest = {"good": Sha256(data), "bad": Sha256(data + b"!")}.get(fate)
                try:
                    async with partials.hold("p") as partial:
                        await partial.append(source, digest)
                except (Broken, DamagedChunk):
                    pass
                kept += b"" if fate == "bad" else data
                assert await partials.size("p") == len(kept)
            async with partials.hold("p") as partial:
                assert await content(partial) == kept
            await partials.discard("p")
        finally:
            partials.close()

    asyncio.run(run())
