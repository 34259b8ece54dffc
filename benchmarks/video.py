"""Videos: the transcoder against ffmpeg by itself with the same settings."""

import asyncio
import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.report import Report
from calotype.media.video import commands
from calotype.media.video.plan import outputs_of
from calotype.media.video.settings import VideoSettings
from calotype.media.video.transcoder import Transcoder

DESCRIPTION = "10 s of 1080p30 to 720p and 480p; a copy of what fits; the preset's bytes and SSIM"
ROUNDS = 3
# Broad light that moves slowly, edges, and a sensor's noise.
_SCENE = (
    "gradients=s=1920x1080:r=30:n=6:speed=0.02:seed=7,noise=alls=8:allf=t,"
    "drawgrid=w=160:h=90:t=3:c=white,format=yuv420p"
)
_SOUND = "anoisesrc=d={seconds}:r=48000:a=0.1,lowpass=2000"


def run(report: Report) -> None:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        recorded = directory / "recorded.mp4"
        _record(recorded, _SCENE, 10, "-b:v", "17M")
        fitting = directory / "fitting.mp4"
        _record(fitting, f"{_SCENE},scale=854:480", 10, "-b:v", "1500k")
        _against_ffmpeg(report, recorded, directory)
        _copying(report, fitting, directory)
        _quality(report, recorded, directory)


def _record(target: Path, pictures: str, seconds: int, *options: str) -> None:
    sound = _SOUND.format(seconds=seconds)
    _ffmpeg(
        "-f", "lavfi", "-i", pictures, "-f", "lavfi", "-i", sound, "-t", str(seconds),
        "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", *options,
        "-c:a", "aac", "-b:a", "96k", str(target),
    )  # fmt: skip


def _against_ffmpeg(report: Report, recorded: Path, directory: Path) -> None:
    """In turns, so that both meet the same disturbances of the machine; the best of each."""
    settings = VideoSettings()
    transcoder = Transcoder(settings, directory / "scratch")
    clip = asyncio.run(transcoder.probe(recorded))
    command = commands.film(clip, outputs_of(clip), directory, settings.threads, 60.0)
    ours: list[tuple[float, float]] = []
    theirs: list[tuple[float, float]] = []
    for _ in range(ROUNDS):
        theirs.append(_timed(lambda: _piped(command, recorded)))
        ours.append(_timed(lambda: asyncio.run(_film(transcoder, recorded))))
    (wall, processor), (floor, floor_processor) = min(ours), min(theirs)
    report.figure("transcode", wall, "s", ceiling=floor, at_most=1.1)
    report.figure("transcode_cpu", processor, "s", ceiling=floor_processor, at_most=1.1)


def _copying(report: Report, fitting: Path, directory: Path) -> None:
    transcoder = Transcoder(VideoSettings(), directory / "scratch")
    best = min(_timed(lambda: asyncio.run(_film(transcoder, fitting)))[0] for _ in range(ROUNDS))
    report.figure("copy", best * 1_000, "ms")


def _quality(report: Report, recorded: Path, directory: Path) -> None:
    """What other presets would make of the 720p rendition, at the same CRF."""
    reference = directory / "reference.mkv"
    scaled = "scale=1280:720:flags=bicubic,format=yuv420p"
    _ffmpeg("-i", str(recorded), "-vf", scaled, "-an", "-t", "2", "-c:v", "ffv1", str(reference))
    for preset in ("superfast", "veryfast", "fast"):
        made = directory / f"{preset}.mp4"
        encode = ("-c:v", "libx264", "-preset", preset, "-crf", "23")
        _, processor = _timed(lambda: _ffmpeg("-i", str(reference), *encode, str(made)))  # noqa: B023
        report.figure(f"{preset}_cpu", processor, "s")
        report.figure(f"{preset}_bytes", made.stat().st_size / 1e6, "MB")
        report.figure(f"{preset}_ssim", _ssim(made, reference), "")


def _ssim(made: Path, reference: Path) -> float:
    said = _ffmpeg(
        "-i", str(made), "-i", str(reference), "-lavfi", "ssim", "-f", "null", "-", level="info"
    )
    return float(said.rpartition("All:")[2].split()[0])


def _ffmpeg(*arguments: str, level: str = "error") -> str:
    command = [commands.ffmpeg(), "-hide_banner", "-nostdin", "-y", "-loglevel", level, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stderr


def _piped(command: Sequence[str], recorded: Path) -> None:
    with recorded.open("rb") as source:
        # As nice as ours, or what else the machine does would slow ours alone.
        subprocess.run(
            ["nice", "-n", "15", *command], check=True, stdin=source, stdout=subprocess.DEVNULL
        )


async def _film(transcoder: Transcoder, original: Path) -> None:
    async with transcoder.film(original):
        pass


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds of the clock, and of the processor with all children."""
    before, start = _processor_s(), time.perf_counter()
    work()
    return time.perf_counter() - start, _processor_s() - before


def _processor_s() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    own = os.times()
    return children.ru_utime + children.ru_stime + own.user + own.system
