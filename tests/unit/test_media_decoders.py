"""The pool of decoders: what a crash, a hang, a bomb or an impatient caller costs.

A named pipe in place of an original stops a decoder at the first byte, for as long as a test
wants: no sleeps, no special builds.
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from calotype.kernel.errors import DecoderCrashed, NotAnImage, Unavailable
from calotype.media.decoders import Decoders
from calotype.media.settings import DecoderLimits, MediaSettings
from tests import photos

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc"),
]


@asynccontextmanager
async def pool(
    decoders: int = 1,
    idle_seconds: float = 60.0,
    job_seconds: float = 60.0,
    limits: DecoderLimits | None = None,
    kept: int = 0,
) -> AsyncIterator[Decoders]:
    settings = MediaSettings(decoders, idle_seconds, job_seconds, limits or DecoderLimits())
    decoders_ = Decoders(replace(settings, kept_decoders=kept))
    try:
        yield decoders_
    finally:
        await decoders_.close()
        assert children() == set()


def children(parent: int | str = "self") -> set[int]:
    """The decoders of a process."""
    tasks = Path(f"/proc/{parent}/task").glob("*/children")
    return {int(pid) for task in tasks for pid in task.read_text().split() if alive(int(pid))}


def alive(pid: int) -> bool:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return b"calotype.media.decoder" in command


async def gone(pid: int) -> None:
    """Wait for the end of any process."""
    try:
        watch = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(watch, ended.set)
    try:
        async with asyncio.timeout(20):
            await ended.wait()
    finally:
        loop.remove_reader(watch)
        os.close(watch)


class Pipe:
    """An original that keeps its reader waiting until `feed`."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path
        self._writer: int | None = None

    async def opened(self) -> None:
        """Wait until a decoder has begun to read."""
        self._writer = await asyncio.to_thread(os.open, self.path, os.O_WRONLY)

    def feed(self, data: bytes) -> None:
        """Hand over the bytes (few enough for a pipe's buffer) and their end."""
        assert self._writer is not None
        assert os.write(self._writer, data) == len(data)
        self.close()

    def close(self) -> None:
        if self._writer is not None:
            os.close(self._writer)
            self._writer = None


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    path.write_bytes(photos.small_jpeg())
    return path


@pytest.fixture
def pipe(tmp_path: Path) -> Pipe:
    return Pipe(tmp_path / "pipe")


async def test_a_photo_comes_back_rendered_and_its_decoder_serves_the_next(photo: Path) -> None:
    async with pool() as decoders:
        first = await decoders.render(photo)
        served = children()
        assert first == await decoders.render(photo)
        assert (first.width, first.height) == (320, 240)
        assert len(served) == 1
        assert children() == served


async def test_a_refusal_is_the_photos_and_keeps_the_decoder(photo: Path) -> None:
    async with pool() as decoders:
        await decoders.render(photo)
        served = children()
        with pytest.raises(NotAnImage, match="choose a JPEG"):
            await decoders.render(Path(__file__))
        assert children() == served


async def test_a_killed_decoder_costs_one_job_and_no_place(photo: Path, pipe: Pipe) -> None:
    async with pool() as decoders:
        job = asyncio.create_task(decoders.render(pipe.path))
        await pipe.opened()
        (victim,) = children()
        os.kill(victim, signal.SIGKILL)
        with pytest.raises(DecoderCrashed, match="the decoder died"):
            await job
        assert (await decoders.render(photo)).width == 320
        pipe.close()


async def test_a_decoder_that_died_while_idle_costs_nothing(photo: Path) -> None:
    async with pool() as decoders:
        await decoders.render(photo)
        (victim,) = children()
        os.kill(victim, signal.SIGKILL)
        await gone(victim)
        for _ in range(5):  # turns of the loop, which hears of it too
            await asyncio.sleep(0)
        assert (await decoders.render(photo)).width == 320


async def test_a_hanging_decoder_is_killed_in_time(photo: Path, pipe: Pipe) -> None:
    async with pool(job_seconds=1.0) as decoders:
        with pytest.raises(DecoderCrashed, match="not ready after 1 s"):
            await decoders.render(pipe.path)
        assert children() == set()
        assert (await decoders.render(photo)).width == 320


async def test_a_cancelled_render_takes_its_decoder_with_it(photo: Path, pipe: Pipe) -> None:
    async with pool() as decoders:
        job = asyncio.create_task(decoders.render(pipe.path))
        await pipe.opened()
        job.cancel()
        with pytest.raises(asyncio.CancelledError):
            await job
        assert children() == set()
        assert (await decoders.render(photo)).width == 320
        pipe.close()


async def test_memory_beyond_the_limit_ends_the_decoder_alone(tmp_path: Path, photo: Path) -> None:
    large = tmp_path / "large.jpg"
    large.write_bytes(photos.camera_jpeg(progressive=True))
    async with pool(limits=DecoderLimits(memory_bytes=64 << 20)) as decoders:
        for _ in range(2):
            with pytest.raises(DecoderCrashed):
                await decoders.render(large)
            assert (await decoders.render(photo)).width == 320


async def test_no_more_decoders_than_allowed_and_none_needlessly(tmp_path: Path) -> None:
    pipes = [Pipe(tmp_path / f"pipe{n}") for n in range(4)]
    async with pool(decoders=2) as decoders:
        jobs = [asyncio.create_task(decoders.render(pipe.path)) for pipe in pipes]
        for first, second in (pipes[:2], pipes[2:]):
            await asyncio.gather(first.opened(), second.opened())
            assert len(children()) == 2
            first.feed(photos.small_jpeg())
            second.feed(photos.small_jpeg())
        assert [rendered.width for rendered in await asyncio.gather(*jobs)] == [320] * 4
        assert len(children()) == 2


async def test_an_idle_decoder_leaves(photo: Path) -> None:
    async with pool(idle_seconds=0.01) as decoders:
        await decoders.render(photo)
        for pid in children():
            await gone(pid)
        assert (await decoders.render(photo)).width == 320


async def test_as_many_as_are_to_be_kept_stay(tmp_path: Path) -> None:
    pipes = [Pipe(tmp_path / f"pipe{n}") for n in range(3)]
    async with pool(decoders=3, idle_seconds=0.01, kept=1) as decoders:
        jobs = [asyncio.create_task(decoders.render(pipe.path)) for pipe in pipes]
        await asyncio.gather(*(pipe.opened() for pipe in pipes))
        busy = children()
        assert len(busy) == 3, "as many as the queue is deep"
        for pipe in pipes:
            pipe.feed(photos.small_jpeg())
        await asyncio.gather(*jobs)
        leaving = {asyncio.create_task(gone(pid)) for pid in busy}
        while len(leaving) > 1:
            _, leaving = await asyncio.wait(leaving, return_when=asyncio.FIRST_COMPLETED)
        assert decoders.census() == (0, 1)
        stayed = children()
        assert stayed < busy
        photo = tmp_path / "photo.jpg"
        photo.write_bytes(photos.small_jpeg())
        await decoders.render(photo)
        assert children() == stayed
    await asyncio.gather(*leaving)


async def test_a_closed_pool_takes_no_work_and_leaves_nothing(photo: Path) -> None:
    async with pool() as decoders:
        await decoders.render(photo)
        await decoders.close()
        assert children() == set()
        with pytest.raises(Unavailable):
            await decoders.render(photo)


_PARENT = """
import asyncio, sys
from pathlib import Path
from calotype.media.decoders import Decoders
from calotype.media.settings import MediaSettings
asyncio.run(Decoders(MediaSettings()).render(Path(sys.argv[1])))
"""


async def test_a_decoder_does_not_outlive_its_parent(pipe: Pipe) -> None:
    command = (sys.executable, "-c", _PARENT, str(pipe.path))
    parent = await asyncio.create_subprocess_exec(*command)
    try:
        await pipe.opened()
        (decoder,) = children(parent.pid)
    finally:
        parent.kill()
        await parent.wait()
    await gone(decoder)
    pipe.close()


async def test_a_decoder_ends_when_its_input_closes() -> None:
    command = [sys.executable, "-m", "calotype.media.decoder", "{}"]
    ended = await asyncio.to_thread(subprocess.run, command, input=b"", capture_output=True)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")


async def test_a_decoder_knows_no_secrets(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALOTYPE_SECRET", "silver nitrate")
    async with pool() as decoders:
        job = asyncio.create_task(decoders.render(pipe.path))
        await pipe.opened()
        (decoder,) = children()
        environment = await asyncio.to_thread(Path(f"/proc/{decoder}/environ").read_bytes)
        assert b"PATH=" in environment
        assert b"silver nitrate" not in environment
        pipe.feed(photos.small_jpeg())
        await job


async def test_a_decoder_imports_little() -> None:
    code = "import sys, calotype.media.decoder; print(*sys.modules)"
    ended = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    loaded = {name.partition(".")[0] for name in ended.stdout.split()}
    assert "pyvips" in loaded
    assert not loaded & {"asyncio", "numpy", "sqlalchemy", "litestar", "uvicorn"}
