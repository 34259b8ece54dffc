"""From the 201 of an upload to the post in a follower's feed, over HTTP, on an idle machine."""

import statistics
import tempfile
import time
from functools import partial
from pathlib import Path

from benchmarks.report import Report
from tests import photos
from tests.server import Person, Server, eventually

DESCRIPTION = "seconds from 201 to a follower's feed, one 12 MP photo at a time"

PHOTOS = 12


def run(report: Report) -> None:

    pictures = [photos.camera_jpeg.__wrapped__(seed=seed) for seed in range(PHOTOS)]
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder)) as server:
        author, follower = server.person("author"), server.person("follower")
        follower.follow(author)
        seconds = []
        for picture in pictures:
            created = author.post(picture)["postId"]
            started = time.perf_counter()
            eventually(partial(_first_is, follower, created), created)
            seconds.append(time.perf_counter() - started)
    report.figure("first", seconds[0], "s", at_most=1)
    report.figure("median", statistics.median(seconds[1:]), "s", at_most=1)
    report.figure("slowest", max(seconds), "s", at_most=1)


def _first_is(reader: Person, post_id: str) -> bool:
    return reader.feed_ids(limit=1) == [post_id]
