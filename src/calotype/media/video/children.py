"""Child processes that read an original: started, listened to, and always ended.

Guarantees: whatever happens to the caller (an error, a cancellation, its own death), the child
ends too, and is reaped before `run` returns; what it says is bounded.
"""

import asyncio
import os
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from calotype.kernel.errors import DecoderCrashed, Unavailable
from calotype.kernel.shielding import to_the_end

# What a child may know of its parent's environment: never its secrets.
_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "TMPDIR")
_LINES = 20
_LINE_BYTES = 64 << 10

Hear = Callable[[str], Awaitable[bool]]
"""Takes a line of standard output; True if it tells of progress."""


class Bounds(msgspec.Struct, frozen=True):
    """What a child may use: private memory, its longest file, seconds of clock and processor.

    `stalled_seconds`: how long it may go without progress.
    """

    memory_bytes: int
    file_bytes: int
    seconds: float
    stalled_seconds: float
    threads: int


class Ended(msgspec.Struct, frozen=True):
    """How a child ended: its exit status (minus the signal that killed it), its last words."""

    status: int
    complaints: str


async def run(command: Sequence[str], original: Path, bounds: Bounds, hear: Hear) -> Ended:
    """Run a program, with the file as its standard input, for as long as the bounds allow.

    The other bounds are for the program to keep: see `confined`.

    Raises:
        DecoderCrashed: it took too long.
        Unavailable: no process can be started.
    """
    child = await _start(command, original)
    try:
        async with asyncio.timeout(bounds.seconds):
            complaints = asyncio.create_task(_complaints(child))
            try:
                await _listen(child, bounds, hear)
                return Ended(await child.wait(), await complaints)
            finally:
                complaints.cancel()
    except TimeoutError as error:
        raise DecoderCrashed("the video's making took too long, or stood still") from error
    finally:
        await to_the_end(_end(child))


def confined(command: Sequence[str], bounds: Bounds) -> list[str]:
    """The command behind one that first puts the bounds on itself."""
    processor_s = int(bounds.seconds * bounds.threads)
    limits = map(str, (bounds.memory_bytes, bounds.file_bytes, processor_s))
    # -P: a module lying in the working directory must not be imported.
    launcher = (sys.executable, "-P", "-m", "calotype.media.video.confined")
    return [*launcher, *limits, *command]


async def _start(command: Sequence[str], original: Path) -> asyncio.subprocess.Process:
    descriptor = await asyncio.to_thread(os.open, original, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return await asyncio.create_subprocess_exec(
            *command,
            stdin=descriptor,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,  # an interrupt from the terminal is its parent's to deal with
            limit=_LINE_BYTES,
            env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
        )
    except OSError as error:
        raise Unavailable(f"no process could be started: {error}", retry_after=1) from error
    finally:
        os.close(descriptor)


async def _listen(child: asyncio.subprocess.Process, bounds: Bounds, hear: Hear) -> None:
    assert child.stdout is not None
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(bounds.stalled_seconds) as patience:
        while line := await child.stdout.readline():
            if await hear(line.decode(errors="replace").strip()):
                patience.reschedule(loop.time() + bounds.stalled_seconds)


async def _complaints(child: asyncio.subprocess.Process) -> str:
    """The last lines of standard error, read all along so that the child never waits for it."""
    assert child.stderr is not None
    last: deque[str] = deque(maxlen=_LINES)
    while chunk := await child.stderr.read(_LINE_BYTES):
        last.extend(chunk.decode(errors="replace").splitlines()[-_LINES:])
    return "\n".join(last)


async def _end(child: asyncio.subprocess.Process) -> None:
    if child.returncode is None:
        with suppress(ProcessLookupError):
            child.kill()
    await child.wait()
