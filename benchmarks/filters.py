"""Filters: what the dearest of them adds to the photo pipeline."""

import os
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.report import Report

DESCRIPTION = "12 MP JPEG with the dearest filter, against the same without one"

ROUNDS = 7
# Width, height, orientation: a portrait has more pixels at 1080 than a landscape.
_PHOTOS = ((4000, 3000, 1), (3000, 4000, 6))


def run(report: Report) -> None:
    # As in a decoder; libvips reads it when it is loaded.
    os.environ["VIPS_CONCURRENCY"] = "1"
    from calotype.media.process import prepare_libvips
    from tests.photos import camera_jpeg

    prepare_libvips()
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number, (width, height, orientation) in enumerate(_PHOTOS):
            path = Path(folder) / f"{number}.jpg"
            path.write_bytes(camera_jpeg(width, height, orientation))
            paths.append(path)
        dearest = _dearest()
        plain, filtered = _cpu_seconds(
            [partial(_rendered, path, "") for path in paths],
            [partial(_rendered, path, dearest) for path in paths],
        )
    report.figure("plain", plain / len(paths) * 1000, "ms")
    report.figure(f"with_{dearest}", filtered / len(paths) * 1000, "ms")
    report.figure("extra_share", filtered / plain - 1, "of the plain time", at_most=0.25)


def _dearest() -> str:
    """The filter that takes longest for a portrait at its largest width."""
    from calotype.media.grading import graded
    from calotype.media.palette import FILTERS
    from tests.photos import scene

    picture = scene(1080, 1440)
    each = [_cpu_seconds([partial(graded, picture, one, 1.0)])[0] for one in FILTERS]
    return FILTERS[each.index(max(each))].name


def _rendered(path: Path, filter_: str) -> Any:
    from calotype.media.look import Look
    from calotype.media.process import process
    from calotype.media.settings import DecoderLimits

    return process(path, DecoderLimits(), Look(filter=filter_))


def _cpu_seconds(*contestants: Sequence[Callable[[], object]]) -> list[float]:
    """CPU seconds of each contestant's tasks, the best of some rounds in which they take turns."""
    best = [[float("inf")] * len(tasks) for tasks in contestants]
    for _ in range(ROUNDS):
        for times, tasks in zip(best, contestants, strict=True):
            for number, task in enumerate(tasks):
                start = time.process_time()
                task()
                times[number] = min(times[number], time.process_time() - start)
    return [sum(times) for times in best]
