"""From an original to the files of a video: probe, make, verify, take a poster.

Guarantees: the same original gives the same files; nothing is reported that was not read again
and found to be what was planned. The files are scratch, gone when their context closes; those of
a killed predecessor are removed by `clear`.
"""

import asyncio
import math
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from calotype.kernel.errors import BadMedia, BrokenVideo, DecoderCrashed, StorageFull, TooLong
from calotype.media.renditions import VIDEO_RENDITIONS, VideoRendition
from calotype.media.video import commands
from calotype.media.video.children import Bounds, Ended, confined, run
from calotype.media.video.clip import Animation, Clip, Refused, Report, read_report
from calotype.media.video.plan import Output, outputs_of, poster_comes_along
from calotype.media.video.settings import VideoSettings

_REFUSALS = {kind.code: kind for kind in BadMedia.__subclasses__()}
_PROBE_S = 60.0
_PROBE_BYTES = 1 << 30
_TOLERANCE_S = 0.5
# Of a damaged video, so much must be left.
_LEAST_LEFT = 0.5
_FULL = ("No space left on device", "Disk quota exceeded")
_STARVED = ("Cannot allocate memory", "Resource temporarily unavailable", "get_buffer() failed")
# What ffmpeg exits with when it had no memory or thread, or an encoder could not begin:
# its error numbers -ENOMEM, -EAGAIN and AVERROR_EXTERNAL, cut to a byte.
_FAULTLESS = {244, 245, 187}

Told = Callable[[int], Awaitable[None]]
"""Takes the percentage that is done."""


class Film(msgspec.Struct, frozen=True):
    """A finished video: its files by name, a picture of it, and the facts of its original.

    Width and height are upright, in square pixels, before any reduction.
    """

    files: dict[str, Path]
    poster: Path
    width: int
    height: int
    seconds: float
    sound: bool


async def _untold(_percent: int) -> None: ...


class Transcoder:
    """Makes videos in child processes; `scratch` is a directory for this one's use alone."""

    def __init__(self, settings: VideoSettings, scratch: Path) -> None:
        self._settings = settings
        self._scratch = scratch

    def clear(self) -> None:
        """Remove what a killed predecessor left; before the first video."""
        shutil.rmtree(self._scratch, ignore_errors=True)

    @asynccontextmanager
    async def film(
        self,
        original: Path,
        told: Told = _untold,
        wanted: Sequence[VideoRendition] = VIDEO_RENDITIONS,
    ) -> AsyncIterator[Film]:
        """The video made from `original` (a local file, read only), while the context is open.

        Cancelling kills the processes that work on it.

        Raises:
            BadMedia: the file is at fault, and will be however often it is tried.
            DecoderCrashed: a process died or overran its limits; trying again may help.
            StorageFull, Unavailable: there is no room, or no process can be started.
        """
        directory = await asyncio.to_thread(self._make_room)
        try:
            yield await self._film(original, directory, told, wanted)
        finally:
            shutil.rmtree(directory, ignore_errors=True)

    def _make_room(self) -> Path:
        try:
            self._scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
            return Path(tempfile.mkdtemp(dir=self._scratch))
        except OSError as error:
            raise StorageFull(f"there is no room to make a video: {error.strerror}") from error

    async def _film(
        self, original: Path, directory: Path, told: Told, wanted: Sequence[VideoRendition]
    ) -> Film:
        clip = await self.probe(original)
        outputs = outputs_of(clip, wanted)
        if any(output.copied for output in outputs):
            try:
                made = await self._make(original, clip, outputs, directory, told)
            except BrokenVideo:
                # What lies oddly in its container may still be decoded.
                outputs = outputs_of(clip, wanted, copying=False)
                made = await self._make(original, clip, outputs, directory, told)
        else:
            made = await self._make(original, clip, outputs, directory, told)
        if not poster_comes_along(outputs):
            await self._take_poster(directory / outputs[0].file_name, made, directory)
        poster = directory / commands.POSTER
        if not await asyncio.to_thread(poster.exists):
            raise _unwatchable()
        width, height = clip.upright_size
        return Film(
            files={
                rendition.file_name: directory / output.file_name
                for output in outputs
                for rendition in output.renditions
            },
            poster=poster,
            width=width,
            height=height,
            seconds=made.seconds,
            sound=made.sound is not None,
        )

    async def probe(self, path: Path) -> Clip | Animation:
        """What a file holds. Raises BadMedia, DecoderCrashed, Unavailable."""
        settings = self._settings
        limits = {
            "max_seconds": settings.max_seconds,
            "max_side": settings.max_side,
            "max_pixels": settings.max_pixels,
            "max_animation_pixels": settings.max_animation_pixels,
            "memory_bytes": _PROBE_BYTES,
            "cpu_seconds": int(_PROBE_S),
        }
        arguments = msgspec.json.encode(limits).decode()
        command = (sys.executable, "-P", "-m", "calotype.media.video.prober", arguments)
        bounds = Bounds(_PROBE_BYTES, 0, _PROBE_S, _PROBE_S, threads=1)
        said: list[str] = []

        async def hear(line: str) -> bool:
            said.append(line)
            return True

        ended = await run(command, path, bounds, hear)
        if ended.status:
            raise DecoderCrashed(f"the prober died: {_epitaph(ended)}")
        try:
            return _accepted(read_report("".join(said).encode()))
        except msgspec.MsgspecError as error:
            raise DecoderCrashed("the prober said nothing that makes sense") from error

    async def _make(
        self,
        original: Path,
        clip: Clip | Animation,
        outputs: tuple[Output, ...],
        directory: Path,
        told: Told,
    ) -> Clip:
        """Make every output; the facts of the largest."""
        settings = self._settings
        command = commands.film(clip, outputs, directory, settings.threads, settings.max_seconds)
        seconds = clip.seconds if isinstance(clip, Clip) else 0.0
        progress = _Progress(seconds, told)
        bounds = self._bounds()
        ended = await run(confined(command, bounds), original, bounds, progress.hear)
        _check_end(ended)
        if progress.seconds > settings.max_seconds + _TOLERANCE_S:
            raise _endless(settings.max_seconds)
        made = [await self._verified(clip, output, directory) for output in outputs]
        return made[0]

    async def _verified(self, original: Clip | Animation, output: Output, directory: Path) -> Clip:
        try:
            made = await self.probe(directory / output.file_name)
        except TooLong as error:
            raise _endless(self._settings.max_seconds) from error
        planned = (output.width, output.height)
        if not isinstance(made, Clip) or made.codec != "h264" or made.upright_size != planned:
            raise _unwatchable()
        if made.turn or made.mirrored or made.pixel_format not in {"yuv420p", "yuvj420p"}:
            raise _unwatchable()
        if isinstance(original, Clip) and made.seconds < original.seconds * _LEAST_LEFT:
            raise _unwatchable()
        return made

    async def _take_poster(self, largest: Path, made: Clip, directory: Path) -> None:
        bounds = self._bounds()
        command = confined(commands.poster(made, directory), bounds)
        _check_end(await run(command, largest, bounds, _nothing))

    def _bounds(self) -> Bounds:
        settings = self._settings
        # Twice what the largest rendition may have, with its sound.
        longest = int(settings.max_seconds + 2) * 2 * 1_000_000
        return Bounds(
            settings.memory_bytes,
            longest,
            settings.job_seconds,
            settings.stalled_seconds,
            settings.threads,
        )


class _Progress:
    """Reads ffmpeg's account of its progress, and tells the percentage on.

    The last hundredth is for what comes behind it: verifying, the poster, storing.
    """

    def __init__(self, seconds: float, told: Told) -> None:
        self._whole = seconds
        self._told = told
        self.seconds = 0.0

    async def hear(self, line: str) -> bool:
        name, _, value = line.partition("=")
        if name != "out_time_us" or not value.lstrip("-").isdigit():
            return False
        before, self.seconds = self.seconds, int(value) / 1_000_000
        if self._whole > 0:
            # Several outputs are written in turn, so its time goes back and forth a little.
            share = max(self.seconds, before) / self._whole
            await self._told(min(99, max(0, math.floor(100 * share))))
        self.seconds = max(self.seconds, before)
        return self.seconds > before


async def _nothing(_line: str) -> bool:
    return False


def _accepted(report: Report) -> Clip | Animation:
    if isinstance(report, Refused):
        raise _REFUSALS[report.code](report.message)
    return report


def _check_end(ended: Ended) -> None:
    """Raises whatever a failed ffmpeg stands for."""
    if ended.status == 0:
        return
    if any(words in ended.complaints for words in _FULL):
        raise StorageFull("there is no room to make a video")
    starved = any(words in ended.complaints for words in _STARVED)
    if ended.status < 0 or ended.status in _FAULTLESS or starved:
        raise DecoderCrashed(f"ffmpeg died: {_epitaph(ended)}")
    raise _unwatchable()


def _epitaph(ended: Ended) -> str:
    end = f"signal {-ended.status}" if ended.status < 0 else f"exit status {ended.status}"
    return f"{end}; {ended.complaints[-300:]}" if ended.complaints else end


def _unwatchable() -> BrokenVideo:
    return BrokenVideo(
        "too much of this video is damaged; see whether it plays on your device, save it anew "
        "and send that"
    )


def _endless(limit: float) -> TooLong:
    return TooLong(
        f"this video is longer than {limit:g} seconds, which are the most: "
        "make it shorter and send that",
        limit=limit,
    )
