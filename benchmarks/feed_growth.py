"""Growth: what a feed read costs the more one follows, and the more posts there are."""

import tempfile
from collections.abc import Iterable
from pathlib import Path

from benchmarks.processes import cpu_seconds
from benchmarks.report import Report
from benchmarks.rows import Bulk, id_at
from tests.server import Person, Server

DESCRIPTION = "CPU of a feed read at 10 to 10,000 follows, and at 1,000 and 1,000,000 posts"

FOLLOWS = (10, 100, 1_000, 10_000)
# In the timeline of each reader: twice what is ranked together.
POSTS = 1_000
ALL_POSTS = 1_000_000
# What grows is the making of a feed, not the reading of one that is kept.
COLD = {"CALOTYPE_FEED_CACHE_S": "0"}
ROUNDS, READS = 5, 10
# Each read ranks its feed: one that is at hand costs the same for everybody.
UNCACHED = {"CALOTYPE_FEED_CACHE_S": "0"}


def run(report: Report) -> None:
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder), COLD) as server:
        pid, bulk = server.children()["web"], Bulk(server.data)
        bulk.people(id_at(number) for number in range(max(FOLLOWS)))
        readers = {follows: server.person(f"follows{follows}") for follows in FOLLOWS}
        few = readers[100]
        _fill(bulk, int(few.id), 100, 0)
        small = _cheapest(pid, [few])[0]
        for number, (follows, reader) in enumerate(readers.items(), start=1):
            if reader is not few:
                _fill(bulk, int(reader.id), follows, number * POSTS)
        by_follows = _cheapest(pid, readers.values())
        _fill_up(bulk)
        large = _cheapest(pid, [few])[0]
    for follows, milliseconds in zip(FOLLOWS, by_follows, strict=True):
        report.figure(f"follows_{follows}", milliseconds, "ms of CPU")
    report.figure("follows_growth", max(by_follows) / min(by_follows), "times", at_most=1.5)
    report.figure(f"posts_{POSTS}", small, "ms of CPU")
    report.figure(f"posts_{ALL_POSTS}", large, "ms of CPU")
    report.figure("posts_growth", max(small, large) / min(small, large), "times", at_most=1.5)


def _fill(bulk: Bulk, reader_id: int, follows: int, first: int) -> None:
    """A timeline in which the people followed take turns."""
    posts = [(id_at(first + number), id_at(number % follows)) for number in range(POSTS)]
    bulk.follow((reader_id, id_at(number)) for number in range(follows))
    bulk.posts(posts)
    bulk.timelines((reader_id, post, author) for post, author in posts)


def _fill_up(bulk: Bulk) -> None:
    """Posts of everybody, each in the timeline of one reader who is not asked."""
    authors = max(FOLLOWS)
    numbers = range((len(FOLLOWS) + 1) * POSTS, ALL_POSTS)
    bulk.posts([(id_at(number), id_at(number % authors)) for number in numbers])
    bulk.timelines(
        (id_at((number + 1) % authors), id_at(number), id_at(number % authors))
        for number in numbers
    )


def _cheapest(pid: int, readers: Iterable[Person]) -> list[float]:
    """Milliseconds of CPU that a read costs each of them, the best of some rounds in turns."""
    readers = list(readers)
    best = [float("inf")] * len(readers)
    for _ in range(ROUNDS):
        for number, reader in enumerate(readers):
            before = cpu_seconds(pid)
            for _ in range(READS):
                assert len(reader.feed_ids(limit=20)) == 20
            best[number] = min(best[number], (cpu_seconds(pid) - before) / READS * 1000)
    return best
