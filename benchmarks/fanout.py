"""From the event of a post to the last of its followers' timelines, through the worker's own path.

The ceiling is SQLite's own bulk insert of the same rows: one prepared statement, 500 rows a
transaction, nothing else. Meanwhile another process writes single rows, as web requests do.
"""

import asyncio
import multiprocessing
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks.report import Report
from calotype.bootstrap import (
    Embedded,
    build_handlers,
    build_lanes,
    open_embedded,
    prepare,
)
from calotype.connections.sql import Transaction
from calotype.feed.adapters.sql import CHUNK, timelines_table
from calotype.feed.timelines import Push
from calotype.graph.adapters.sql import follow_counts_table, followers_table
from calotype.kernel.ids import SHARDS, shard_of
from calotype.media.decoders import Decoders
from calotype.posts.events import PUBLISHED, post_event
from calotype.posts.post import Post
from calotype.ranking.ranker import Candidate
from calotype.settings import Settings
from calotype.workers.figures import WorkerFigures
from tests.stores import published

DESCRIPTION = "timeline entries a second for one post, and others' writes meanwhile"

# The figure's own, and just under the line of celebrities.
FOLLOWERS = (50_000, 499_999)
FEW = 100
# A web process under load.
WRITE_EVERY_S = 0.005
LOOK_S = 0.01
BIG, SMALL = 7 << 10, 9 << 10


def run(report: Report) -> None:
    for followers in FOLLOWERS:
        with tempfile.TemporaryDirectory() as folder:
            settings = Settings(data=folder)
            prepare(settings)
            asyncio.run(_measure(report, settings, followers))


async def _measure(report: Report, settings: Settings, followers: int) -> None:
    shape = open_embedded(settings, "worker")
    try:
        chance = random.Random(1835)
        readers = [shape.ids.new(chance.randrange(SHARDS)) for _ in range(followers)]
        await _follow(shape, BIG, readers)
        await _follow(shape, SMALL, readers[:FEW])
        ceiling = followers / _bulk_insert(settings.directory, readers)
        with _others(settings) as latencies:
            async with _working(shape):
                worked = time.process_time()
                seconds, small_s = await _fan_out(shape, readers)
                worked = time.process_time() - worked
    finally:
        await shape.close()
    size = f"{followers:,} followers"
    report.figure(f"entries, {size}", followers / seconds, "1/s", at_least=20_000)
    report.figure(f"entries, {size}, of a bulk insert", followers / seconds, "1/s", ceiling=ceiling)
    report.figure(f"entries a core, {size}", followers / worked, "1/s", at_least=20_000)
    report.figure(f"last follower, {size}", seconds, "s")
    report.figure(f"another author's {FEW} followers meanwhile, {size}", small_s, "s", at_most=5)
    for name, found in latencies.items():
        p99 = statistics.quantiles(found, n=100)[98] * 1000
        report.figure(f"another process's write to {name}, p99, {size}", p99, "ms", at_most=100)


async def _follow(shape: Embedded, author_id: int, readers: Sequence[int]) -> None:
    """The followers' end of the edges and their count, all that a fan-out looks at."""
    shard = shard_of(author_id)
    rows = [
        {"shard": shard, "followee_id": author_id, "follower_id": id_, "edge_id": id_}
        for id_ in readers
    ]
    count = {"shard": shard, "user_id": author_id, "followers": len(rows), "following": 0}

    def insert(tx: Transaction) -> None:
        tx.insert_many(followers_table, rows)
        tx.insert_new(follow_counts_table, [count])

    await shape.core.write(shard, insert)


async def _fan_out(shape: Embedded, readers: Sequence[int]) -> tuple[float, float]:
    """Seconds from the huge post's event to its last entry, and from the small one's to its."""
    began = time.perf_counter()
    huge = await _publish(shape, BIG)
    # Chunks rise by id: once the lowest has it, the huge one's jobs wait in their lane.
    await _until_visible(shape, huge, min(readers))
    small_began = time.perf_counter()
    small = await _publish(shape, SMALL)
    await _until_visible(shape, small, max(readers[:FEW]))
    small_s = time.perf_counter() - small_began
    await _until(partial(_idle, shape))
    seconds = time.perf_counter() - began
    c = timelines_table.c
    count = sa.select(sa.func.count()).where(c.post_id == huge.post_id)
    row = await shape.timeline_database.read(0, lambda tx: tx.first(count))
    assert row is not None
    assert row[0] == len(readers)
    return seconds, small_s


async def _publish(shape: Embedded, author_id: int) -> Post:
    post = await published(shape, author_id)
    event = post_event(PUBLISHED, post.post_id, author_id)
    await shape.core.write(event.shard, lambda tx: shape.outbox.append(tx, event))
    return post


async def _until_visible(shape: Embedded, post: Post, reader_id: int) -> None:
    assert post.published_id is not None
    await _until(partial(shape.timelines.holds, reader_id, [post.published_id]))


async def _idle(shape: Embedded) -> bool:
    backlogs = [*await shape.events.backlog(), *await shape.jobs.backlog()]
    return not any(each.waiting for each in backlogs)


async def _until(look: Callable[[], Awaitable[object]]) -> None:
    never = asyncio.Event()
    while not await look():
        with suppress(TimeoutError):
            await asyncio.wait_for(never.wait(), LOOK_S)


@asynccontextmanager
async def _working(shape: Embedded) -> AsyncIterator[None]:
    """The worker's lanes, as they run in a place."""
    decoders = Decoders(shape.settings.media)
    handlers = build_handlers(shape, decoders, WorkerFigures(shape.clock, decoders.census))
    stopping = asyncio.Event()
    shape.doorbell.open()
    running = asyncio.create_task(build_lanes(shape, handlers).run(stopping))
    try:
        yield
    finally:
        stopping.set()
        await running
        await decoders.close()


def _bulk_insert(directory: Path, readers: Sequence[int]) -> float:
    """Seconds that SQLite takes for the same rows in a file like the timelines' own."""
    connection = sqlite3.connect(directory / "ceiling.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(
        "CREATE TABLE timelines (shard INT, reader_id INT, published_id INT, post_id INT, "
        "author_id INT, PRIMARY KEY (shard, reader_id, published_id)) WITHOUT ROWID"
    )
    rows = [(shard_of(id_), id_, BIG, BIG, BIG) for id_ in sorted(readers)]
    began = time.perf_counter()
    for start in range(0, len(rows), CHUNK):
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(
            "INSERT INTO timelines VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            rows[start : start + CHUNK],
        )
        connection.execute("COMMIT")
    seconds = time.perf_counter() - began
    connection.close()
    return seconds


@contextmanager
def _others(settings: Settings) -> Iterator[dict[str, list[float]]]:
    """Another process that writes; the seconds that each of its writes took, by database."""
    latencies: dict[str, list[float]] = {}
    spawning = multiprocessing.get_context("spawn")
    stopping, answers = spawning.Event(), spawning.SimpleQueue()
    process = spawning.Process(target=_write_until, args=(settings, stopping, answers))
    process.start()
    try:
        answers.get()  # it is up
        yield latencies
    finally:
        stopping.set()
        latencies |= answers.get()
        process.join()


def _write_until(settings: Settings, stopping: Event, answers: Any) -> None:
    asyncio.run(_write(settings, stopping, answers))


async def _write(settings: Settings, stopping: Event, answers: Any) -> None:
    shape = open_embedded(settings, "web")
    found: dict[str, list[float]] = {"core": [], "timelines": []}
    chance = random.Random(1839)
    answers.put(None)
    while not stopping.is_set():
        follower, entry = chance.randrange(1, 1 << 40), Candidate(1, 1, 1)
        began = time.perf_counter()
        await shape.core.write(0, partial(_one_edge, shape, follower))
        edged = time.perf_counter()
        await shape.timelines.push([Push(follower, entry)])
        found["core"].append(edged - began)
        found["timelines"].append(time.perf_counter() - edged)
        await asyncio.sleep(WRITE_EVERY_S)
    await shape.close()
    answers.put(found)


def _one_edge(shape: Embedded, follower: int, tx: Transaction) -> None:
    shape.graph.add(tx, follower, 1)
