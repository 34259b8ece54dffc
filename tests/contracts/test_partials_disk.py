"""What DiskPartials promises beyond the contract: what is fsynced when, and what a kill leaves."""

import errno
import os
import stat
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import anyio
import pytest

from calotype.blobs.adapters import disk
from calotype.blobs.adapters.partials import DiskPartials
from calotype.kernel.errors import StorageFull, Unavailable
from tests.contracts.test_partials import Broken, Sha256, chunked, content

pytestmark = pytest.mark.anyio

# Takes a piece, the second of its upload, says so when some of it is written, and goes on for ever.
WRITER = """
import asyncio, sys
from pathlib import Path
from calotype.blobs.adapters.partials import DiskPartials

class Digest:
    def update(self, data): ...
    def agrees(self): return True

async def source():
    yield b"y" * 2_000_000
    yield b"y" * 10
    print("written", flush=True)
    await asyncio.Event().wait()

async def main():
    async with DiskPartials(Path(sys.argv[1])).hold("a") as partial:
        await partial.append(source(), Digest() if sys.argv[2] == "checked" else None)

asyncio.run(main())
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "blobs"


@pytest.fixture
def partials(root: Path) -> Iterator[DiskPartials]:
    partials = DiskPartials(root)
    yield partials
    partials.close()


@pytest.mark.parametrize(("kind", "kept"), [("checked", 5), ("unchecked", 2_000_005)])
async def test_a_killed_writer_leaves_what_counts_and_no_lock(
    partials: DiskPartials, root: Path, kind: str, kept: int
) -> None:
    await partials.create("a")
    async with partials.hold("a") as partial:
        await partial.append(chunked(b"first"))
    command = [sys.executable, "-c", WRITER, str(root), kind]
    async with await anyio.open_process(command, stderr=None) as writer:
        assert writer.stdout is not None
        assert await writer.stdout.receive() in {b"written", b"written\n"}
        writer.kill()
    assert await partials.size("a") == kept
    async with partials.hold("a") as partial:
        assert partial.size == kept
        await partial.append(chunked(b"last"), Sha256(b"last"))
        assert await content(partial) == b"first" + b"y" * (kept - 5) + b"last"
    assert [path.name for path in (root / "partial").iterdir()] == ["a"]


class Recorder:
    """What was done to which file, in order."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[tuple[str, str]] = []
        fsync, pwrite, link = os.fsync, os.pwrite, os.link

        def recorded_fsync(descriptor: int) -> None:
            self.calls.append(("fsync", Path(f"/proc/self/fd/{descriptor}").readlink().name))
            fsync(descriptor)

        def recorded_pwrite(descriptor: int, data: memoryview, position: int) -> int:
            self.calls.append(("write", Path(f"/proc/self/fd/{descriptor}").readlink().name))
            return pwrite(descriptor, data, position)

        def recorded_link(source: Path, target: Path) -> None:
            self.calls.append(("link", target.name))
            link(source, target)

        monkeypatch.setattr(os, "fsync", recorded_fsync)
        monkeypatch.setattr(os, "pwrite", recorded_pwrite)
        monkeypatch.setattr(os, "link", recorded_link)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="names descriptors through /proc")
async def test_what_is_acknowledged_was_fsynced_before(
    partials: DiskPartials, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = Recorder(monkeypatch)
    await partials.create("a")
    assert recorder.calls == [("fsync", "partial")]
    async with partials.hold("a") as partial:
        recorder.calls.clear()
        await partial.append(chunked(b"x"))
        assert recorder.calls == [("write", "a"), ("fsync", "a")]
        recorder.calls.clear()
        with pytest.raises(Broken):
            await partial.append(_broken())
        assert recorder.calls == [("write", "a"), ("fsync", "a")]
        recorder.calls.clear()
        await partial.append(chunked(b"z"), Sha256(b"z"))
        # The mark before the first byte; and it goes behind the last.
        assert recorder.calls == [
            ("fsync", "partial"),
            ("write", "a"),
            ("fsync", "a"),
            ("fsync", "partial"),
        ]
        recorder.calls.clear()
        await partial.place("b/c")
        assert recorder.calls == [("link", "c"), ("fsync", "b"), ("fsync", "blobs")]
    recorder.calls.clear()
    await partials.size("a")
    assert recorder.calls == [("fsync", "a")]


async def test_a_full_disk_keeps_what_was_acknowledged_and_nothing_else(
    partials: DiskPartials, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await partials.create("a")
    async with partials.hold("a") as partial:
        await partial.append(chunked(b"first"))
        with monkeypatch.context() as patch:
            patch.setattr(os, "pwrite", _fills_up(after=disk.WRITE_BATCH + 100))
            with pytest.raises(StorageFull):
                await partial.append(chunked(b"x" * 3 * disk.WRITE_BATCH))
        assert partial.size == 5
        assert (root / "partial" / "a").stat().st_size == 5
        await partial.append(chunked(b"last"))
        assert await content(partial) == b"firstlast"


@pytest.mark.parametrize("digest", [None, Sha256(b"x" * 10)])
async def test_what_could_not_be_fsynced_does_not_count(
    partials: DiskPartials, root: Path, monkeypatch: pytest.MonkeyPatch, digest: Sha256 | None
) -> None:
    await partials.create("a")
    async with partials.hold("a") as partial:
        await partial.append(chunked(b"first"))
        file = (root / "partial" / "a").stat().st_ino
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", _fails_for(file))
            with pytest.raises(Unavailable):
                await partial.append(chunked(b"x" * 10), digest)
        assert partial.size == 5
    assert await partials.size("a") == 5


async def test_they_are_the_owners_alone(partials: DiskPartials, root: Path) -> None:
    await partials.create("a")
    assert stat.S_IMODE((root / "partial").stat().st_mode) == 0o700
    assert stat.S_IMODE((root / "partial" / "a").stat().st_mode) == 0o600


async def _broken() -> AsyncIterator[bytes]:
    yield b"y"
    raise Broken


def _fills_up(after: int) -> Callable[[int, memoryview, int], int]:
    """A pwrite for which the disk is full after so many bytes."""
    pwrite = os.pwrite
    left = after

    def limited(descriptor: int, data: memoryview, position: int) -> int:
        nonlocal left
        if not left:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = pwrite(descriptor, data[:left], position)
        left -= written
        return written

    return limited


def _fails_for(inode: int) -> Callable[[int], None]:
    fsync = os.fsync

    def failing(descriptor: int) -> None:
        if os.fstat(descriptor).st_ino == inode:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        fsync(descriptor)

    return failing
