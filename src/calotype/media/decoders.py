"""The pool of decoder processes.

Guarantees: at most the configured number of decoders; a decoder that crashes, hangs, overruns its
memory, or whose caller went away is killed and reaped before its place is given to the next job,
and no place is ever lost; idle decoders leave, down to the number that is to be kept. Refuses: work after `close`.
"""

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from calotype.kernel.errors import BadMedia, CalotypeError, DecoderCrashed, Unavailable
from calotype.media import wire
from calotype.media.look import AS_IT_IS, Look
from calotype.media.settings import DecoderLimits, MediaSettings
from calotype.media.wire import Answer, Failed, Measured, Refused, Rendered, Request, Task

_REFUSALS = {kind.code: kind for kind in BadMedia.__subclasses__()}
_PIPE_BYTES = 1 << 20  # read the answer in few, large pieces
# What a decoder may know of its parent's environment: never its secrets.
_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "TMPDIR")
_TUNING = {
    # One process a core: more threads or arenas only take memory.
    "VIPS_CONCURRENCY": "1",
    "MALLOC_ARENA_MAX": "1",
    # Between photos glibc keeps the memory that the next one takes; asking the kernel for it
    # anew, page by page, costs up to a tenth of the time.
    "MALLOC_MMAP_THRESHOLD_": str(16 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(64 << 20),
    # Beyond the threshold above, so that a large picture's memory goes back when it is done: a
    # decoder that rendered 24 MP AVIFs kept 200 MiB of it, and keeps 70.
    "PILLOW_BLOCK_SIZE": "32m",
}


class Decoders:
    """Renders photos in decoder processes, spawned on demand, for one event loop."""

    def __init__(self, settings: MediaSettings) -> None:
        self._settings = settings
        self._places = asyncio.Semaphore(settings.decoders)
        self._idle: list[_Decoder] = []
        self._leaving: set[asyncio.Task[None]] = set()
        self._busy = 0
        self._closed = False

    async def render(self, path: Path, look: Look = AS_IT_IS) -> Rendered:
        """Render the photo at `path` (a local file, read only); waits for a free decoder.

        The same file and look give the same renditions.

        Cancelling kills the decoder that works on it.

        Raises:
            BadMedia: the photo is at fault, and will be however often it is tried.
            DecoderCrashed: the decoder died or overran its limits; trying again may help.
            Unavailable: the pool is closed, or no process can be started.
        """
        return _rendered(await self._answer(Request(str(path), look)))

    async def master(self, path: Path) -> Rendered:
        """The master of the photo at `path`, a single file; otherwise as `render`."""
        return _rendered(await self._answer(Request(str(path), task=Task.MASTER)))

    async def measure(self, path: Path) -> Measured:
        """Decode every pixel of the photo at `path`; otherwise as `render`."""
        answer = await self._answer(Request(str(path), task=Task.MEASURE))
        if not isinstance(answer, Measured):
            raise _failure(answer)
        return answer

    async def _answer(self, request: Request) -> Answer:
        async with self._places:
            decoder = await self._take()
            self._busy += 1
            kept = False
            try:
                answer = await self._ask(decoder, request)
                kept = not isinstance(answer, Failed)
            finally:
                self._busy -= 1
                if kept and not self._closed:
                    self._put_back(decoder)
                else:
                    # Shielded, so that the place is free only when the process is gone, also
                    # when this task is cancelled.
                    await asyncio.shield(self._dismiss(decoder))
        return answer

    def census(self) -> tuple[int, int]:
        """How many decoders are busy, and how many idle."""
        return self._busy, len(self._idle)

    async def close(self) -> None:
        """Let idle decoders leave, and wait until all are gone; a render under way is its caller's."""
        self._closed = True
        for decoder in self._idle:
            self._dismiss(decoder)
        self._idle.clear()
        while self._leaving:
            await asyncio.wait(self._leaving)

    async def _take(self) -> "_Decoder":
        if self._closed:
            raise Unavailable("this worker is stopping; the job is for another")
        while self._idle:
            decoder = self._idle.pop()
            decoder.stop_waiting()
            if decoder.alive:
                return decoder
            self._dismiss(decoder)
        return await _Decoder.start(self._settings.limits)

    def _put_back(self, decoder: "_Decoder") -> None:
        self._idle.append(decoder)
        decoder.wait_at_most(self._settings.idle_seconds, self._leave)

    def _leave(self, decoder: "_Decoder") -> None:
        if self._busy + len(self._idle) <= self._settings.kept_decoders:
            decoder.wait_at_most(self._settings.idle_seconds, self._leave)
            return
        self._idle.remove(decoder)
        self._dismiss(decoder)

    def _dismiss(self, decoder: "_Decoder") -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(decoder.end())
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)
        return task

    async def _ask(self, decoder: "_Decoder", request: Request) -> Answer:
        seconds = self._settings.job_seconds
        try:
            async with asyncio.timeout(seconds):
                return await decoder.ask(request)
        except TimeoutError as error:
            raise DecoderCrashed(f"the photo was not ready after {seconds:g} s") from error
        # RuntimeError: what uvloop raises for writing to a process whose pipe has just closed.
        except (OSError, EOFError, ValueError, RuntimeError, msgspec.MsgspecError) as error:
            raise DecoderCrashed(f"the decoder died: {await decoder.epitaph()}") from error


class _Decoder:
    """One process, and the conversation with it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._leave: asyncio.TimerHandle | None = None

    @classmethod
    async def start(cls, limits: DecoderLimits) -> "_Decoder":
        inherited = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        # -P: a module lying in the working directory must not be imported.
        command = (sys.executable, "-P", "-m", "calotype.media.decoder")
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                msgspec.json.encode(limits).decode(),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                limit=_PIPE_BYTES,
                env=inherited | _TUNING,
            )
        except OSError as error:
            raise Unavailable(f"no decoder could be started: {error}", retry_after=1) from error
        return cls(process)

    @property
    def alive(self) -> bool:
        # Its closed output is noticed sooner than its end.
        closed = self._process.stdout is None or self._process.stdout.at_eof()
        return self._process.returncode is None and not closed

    async def ask(self, request: Request) -> Answer:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(wire.frame(request))
        await self._process.stdin.drain()
        header = await self._process.stdout.readexactly(wire.HEADER_BYTES)
        body = await self._process.stdout.readexactly(wire.frame_length(header))
        return wire.read_answer(body)

    async def epitaph(self) -> str:
        """Kill it if need be, and say how it ended."""
        code = await self._killed()
        return f"signal {-code}" if code < 0 else f"exit status {code}"

    async def end(self) -> None:
        self.stop_waiting()
        await self._killed()

    async def _killed(self) -> int:
        if self._process.returncode is None:
            self._process.kill()
        return await self._process.wait()

    def wait_at_most(self, seconds: float, leave: "Callable[[_Decoder], None]") -> None:
        loop = asyncio.get_running_loop()
        self._leave = loop.call_later(seconds, leave, self)

    def stop_waiting(self) -> None:
        if self._leave is not None:
            self._leave.cancel()
            self._leave = None


def _rendered(answer: Answer) -> Rendered:
    if not isinstance(answer, Rendered):
        raise _failure(answer)
    return answer


def _failure(answer: Answer) -> CalotypeError:
    if isinstance(answer, Refused):
        return _REFUSALS[answer.code](answer.message)
    reason = answer.message if isinstance(answer, Failed) else "it did something else"
    return DecoderCrashed(f"the decoder gave up: {reason}")
