"""Photos: from an original to every rendition and a BlurHash.

12 MP JPEGs against the floor in C and against sharp; then every format, at 12 and at 24 MP.
"""

import asyncio
import io
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.photo_formats import FORMATS, make_photo
from benchmarks.photo_sharp import Absent, installed_sharp
from benchmarks.report import Report

DESCRIPTION = "photos to all renditions: one core, the pool, every format; against C and sharp"

PHOTOS = 12
ROUNDS = 3
SIZES = {"12mp": (4000, 3000), "24mp": (6000, 4000)}
MOST_MIB = 200


def run(report: Report) -> None:
    with tempfile.TemporaryDirectory() as folder:
        paths = _make_photos(Path(folder))
        every_core = _pin({max(_cores())})
        ours = _one_core(report, paths)
        _pin(every_core)
        asyncio.run(_pool(report, paths, ours))
        _every_format(report, Path(folder))


def _make_photos(folder: Path) -> list[Path]:
    """Half of them landscapes, half portraits that their orientation turns upright."""
    from tests import photos

    paths = []
    for seed in range(PHOTOS):
        path = folder / f"{seed}.jpg"
        width, height, turn = (4000, 3000, 1) if seed % 2 else (3000, 4000, 6)
        path.write_bytes(photos.camera_jpeg.__wrapped__(width, height, turn, seed=seed))
        paths.append(path)
        photos.scene.cache_clear()
    return paths


def _one_core(report: Report, paths: Sequence[Path]) -> float:
    """Photos a CPU second of one decoder, against the floor in C and against sharp."""
    floor = [_timed(_floor(path)) for path in paths]
    with _one_decoder() as render:
        ours = [partial(render, path) for path in paths]
        try:
            with installed_sharp() as sharp:
                once = [partial(sharp.render, path, "once") for path in paths]
                each = [partial(sharp.render, path, "each") for path in paths]
                rate, most, other, slow = _rates(ours, floor, once, each)
            report.figure("one_core_vs_sharp", rate, "photos/s", ceiling=other, at_least=1.3)
            report.figure(
                "one_core_vs_sharp_per_output", rate, "photos/s", ceiling=slow, at_least=2.5
            )
        except Absent as reason:
            report.skip("one_core_vs_sharp", str(reason))
            rate, most = _rates(ours, floor)
    report.figure("one_core_vs_c", rate, "photos/s", ceiling=most, at_least=0.65)
    return rate


@contextmanager
def _one_decoder() -> Iterator[Callable[[Path], float]]:
    """Render a photo through a pool of one; CPU seconds of the decoder and of its pool."""
    from calotype.media.decoders import Decoders
    from calotype.media.settings import MediaSettings

    with asyncio.Runner() as runner:
        decoders = Decoders(MediaSettings(decoders=1, idle_seconds=3600))
        pids: list[int] = []

        def spent() -> float:
            return time.process_time() + sum(map(_cpu_seconds, pids))

        def render(path: Path) -> float:
            start = spent()
            runner.run(decoders.render(path))
            if not pids:
                pids.extend(_children())
            return spent() - start

        yield render
        runner.run(decoders.close())


def _timed(work: Callable[[], object]) -> Callable[[], float]:
    """CPU seconds of this process: what others do on the core does not count."""

    def measure() -> float:
        start = time.process_time()
        work()
        return time.process_time() - start

    return measure


def _cpu_seconds(pid: int) -> float:
    """CPU seconds that a process has used in all its threads; elsewhere than on Linux, time."""
    if sys.platform != "linux":
        return time.perf_counter()
    return time.clock_gettime(~pid << 3 | 2)  # as clock_getcpuclockid(3) makes it


def _children() -> list[int]:
    tasks = Path("/proc/self/task").glob("*/children")
    return [int(pid) for task in tasks for pid in task.read_text().split()]


def _floor(path: Path) -> Callable[[], None]:
    """The codec work alone, on pictures that lie ready.

    Pillow is a thin layer over libjpeg-turbo and libwebp: DCT-scaled decoding at 1/2, four WebP
    of method 2, one progressive JPEG; no resizing, no turning, no colour, no file reading.
    """
    from PIL import Image, ImageOps

    from calotype.media.renditions import RENDITIONS, Encoding

    data = path.read_bytes()
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    ready = [
        (rendition.encoding, upright.resize((rendition.width, _height(upright, rendition.width))))
        for rendition in RENDITIONS
    ]

    def work() -> None:
        picture = Image.open(io.BytesIO(data))
        picture.draft("RGB", (picture.width // 2, picture.height // 2))
        picture.load()
        for encoding, small in ready:
            if encoding is Encoding.WEBP:
                small.save(io.BytesIO(), "WEBP", quality=80, method=2)
            else:
                small.save(io.BytesIO(), "JPEG", quality=75, progressive=True)

    return work


def _height(picture: Any, width: int) -> int:
    height: int = round(picture.height * width / picture.width)
    return height


def _rates(*contestants: Sequence[Callable[[], float]]) -> list[float]:
    """Photos a second of each contestant, from the best time of each photo.

    They take turns photo by photo, so that all meet the same disturbances of the machine.
    """
    best = [[float("inf")] * len(tasks) for tasks in contestants]
    for _ in range(ROUNDS):
        for photo in range(PHOTOS):
            for times, tasks in zip(best, contestants, strict=True):
                times[photo] = min(times[photo], tasks[photo]())
    return [PHOTOS / sum(times) for times in best]


async def _pool(report: Report, paths: Sequence[Path], one_core: float) -> None:
    """The pool of decoder processes: its throughput, a cold start, and its memory."""
    from calotype.media.decoders import Decoders
    from calotype.media.settings import MediaSettings

    decoders = Decoders(MediaSettings(decoders=2))
    start = time.perf_counter()
    await decoders.render(paths[0])
    report.figure("first_photo_after_idle", (time.perf_counter() - start) * 1000, "ms")
    await asyncio.gather(*(decoders.render(path) for path in paths[:2]))
    rates = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        await asyncio.gather(*(decoders.render(path) for path in paths))
        rates.append(len(paths) / (time.perf_counter() - start))
    if len(_cores()) < 2:
        report.skip("two_decoders", "this machine has one core")
    else:
        report.figure("two_decoders", max(rates), "photos/s", ceiling=one_core, at_least=1.85)
    if sys.platform == "linux":
        _report_memory(report)
    await decoders.close()


def _every_format(report: Report, folder: Path) -> None:
    """CPU time of a photo of each format in a warm decoder, and the most that decoder held."""
    for format_ in FORMATS:
        for name, size in SIZES.items():
            path = make_photo(folder, format_, *size)
            with _one_decoder() as render:
                render(path)
                best = min(render(path) for _ in range(ROUNDS))
                report.figure(f"{format_}_{name}", best * 1000, "ms")
                if sys.platform == "linux":
                    peak = max(_kib(f"/proc/{pid}/status", "VmHWM") for pid in _children())
                    report.figure(
                        f"{format_}_{name}_peak_rss", peak / 1024, "MiB", at_most=MOST_MIB
                    )
            path.unlink()


def _report_memory(report: Report) -> None:
    pids = _children()
    peak = max(_kib(f"/proc/{pid}/status", "VmHWM") for pid in pids)
    resting = max(_kib(f"/proc/{pid}/smaps_rollup", "Pss") for pid in pids)
    report.figure("decoder_peak_rss", peak / 1024, "MiB", at_most=MOST_MIB)
    report.figure("decoder_pss_after_work", resting / 1024, "MiB")


def _kib(file: str, field: str) -> int:
    lines = Path(file).read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))


def _cores() -> set[int]:
    if sys.platform != "linux":
        return set(range(os.cpu_count() or 1))
    return os.sched_getaffinity(0)


def _pin(cores: set[int]) -> set[int]:
    """Run on these cores, where the system can do that; returns those of before."""
    before = _cores()
    if sys.platform == "linux":
        os.sched_setaffinity(0, cores)
    return before
