"""What DiskBlobs promises beyond the contract: what is fsynced, who may read, what a failure is."""

import asyncio
import errno
import os
import stat
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from calotype.blobs.adapters.disk import DiskBlobs
from calotype.kernel.errors import ReadOnly, StorageFull, Unavailable

pytestmark = pytest.mark.anyio

LATER_MS = 1 << 50


async def content() -> AsyncIterator[bytes]:
    yield b"x"


async def keys(blobs: DiskBlobs) -> set[str]:
    return {info.key async for info in blobs.list("")}


@pytest.fixture
def blobs(tmp_path: Path) -> Iterator[DiskBlobs]:
    blobs = DiskBlobs(tmp_path / "blobs")
    yield blobs
    blobs.close()


class Recorder:
    """Notes which paths were fsynced, and when the blob's name appeared."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[tuple[str, Path]] = []
        fsync, link = os.fsync, os.link

        def recorded_fsync(descriptor: int) -> None:
            self.calls.append(("fsync", Path(f"/proc/self/fd/{descriptor}").readlink()))
            fsync(descriptor)

        def recorded_link(source: Path, target: Path) -> None:
            self.calls.append(("link", target))
            link(source, target)

        monkeypatch.setattr(os, "fsync", recorded_fsync)
        monkeypatch.setattr(os, "link", recorded_link)


needs_proc = pytest.mark.skipif(
    not Path("/proc/self/fd").exists(), reason="names descriptors through /proc"
)


@needs_proc
async def test_a_put_on_disk_syncs_the_file_then_every_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "new" / "blobs"
    recorder = Recorder(monkeypatch)
    blobs = DiskBlobs(root)
    assert {path for _, path in recorder.calls} == {tmp_path, tmp_path / "new", root}
    for key in ("a/b/one", "a/b/two"):
        recorder.calls.clear()
        await blobs.put(key, content())
        (first, temporary), *rest = recorder.calls
        assert (first, temporary.parent) == ("fsync", root / "tmp")
        assert rest == [
            ("link", root / key),
            ("fsync", root / "a" / "b"),
            ("fsync", root / "a"),
            ("fsync", root),
        ]
    recorder.calls.clear()
    await blobs.delete("a/b/one")
    await blobs.delete("a/b/two")
    assert recorder.calls == [("fsync", root / "a" / "b"), ("fsync", root)]
    assert not (root / "a").exists()
    blobs.close()


async def test_a_cancelled_put_waits_for_the_thread_that_holds_its_file(
    blobs: DiskBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, write = asyncio.get_running_loop(), os.write
    writing, go_on, written = asyncio.Event(), threading.Event(), threading.Event()

    def slow(descriptor: int, data: bytes) -> int:
        loop.call_soon_threadsafe(writing.set)
        go_on.wait()
        count = write(descriptor, data)  # fails if the put has closed the file meanwhile
        written.set()
        return count

    monkeypatch.setattr(os, "write", slow)
    task = asyncio.create_task(blobs.put("a", content()))
    await writing.wait()
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0)
    assert not task.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert written.is_set()
    assert await blobs.sweep(LATER_MS) == 0


@pytest.mark.parametrize("number", [1, 2, 3, 4])
async def test_a_failing_sync_means_no_blob(
    blobs: DiskBlobs, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    calls = 0

    def failing(descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls == number:
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(Unavailable):
        await blobs.put("a/b/c", content())
    assert await keys(blobs) == set()
    assert await blobs.sweep(LATER_MS) == 0


@pytest.mark.parametrize(
    ("number", "error"),
    [
        (errno.ENOSPC, StorageFull),
        (errno.EDQUOT, StorageFull),
        (errno.EROFS, ReadOnly),
        (errno.EACCES, ReadOnly),
    ],
)
async def test_what_the_disk_refuses_has_a_name(
    blobs: DiskBlobs, monkeypatch: pytest.MonkeyPatch, number: int, error: type[Exception]
) -> None:
    def refusing(descriptor: int, data: bytes) -> int:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", refusing)
        with pytest.raises(error) as caught:
            await blobs.put("a", content())
    assert caught.type is error
    assert await keys(blobs) == set()
    assert await blobs.sweep(LATER_MS) == 0


async def test_files_and_directories_are_the_owners_alone(blobs: DiskBlobs, tmp_path: Path) -> None:
    await blobs.put("a/b", content())
    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode)
        for path in [tmp_path / "blobs", *(tmp_path / "blobs").rglob("*")]
    }
    assert modes == {"blobs": 0o700, "tmp": 0o700, "a": 0o700, "b": 0o600}


async def test_a_deleted_blob_takes_its_empty_directories_along(
    blobs: DiskBlobs, tmp_path: Path
) -> None:
    await blobs.put("a/b/c", content())
    await blobs.put("a/d", content())
    await blobs.delete("a/b/c")
    assert not (tmp_path / "blobs" / "a" / "b").exists()
    await blobs.delete("a/d")
    assert [path.name for path in (tmp_path / "blobs").iterdir()] == ["tmp"]
