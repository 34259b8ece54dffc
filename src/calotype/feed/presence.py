"""Presence: who reads their feed, so that fan-out serves them first and skips who is long away.

Guarantees: at most one write an account a day; who comes back after 30 days has their timeline
rebuilt, also if the process dies in the middle. Refuses: to tell when someone was here more exactly
than by the day.
"""

from collections import OrderedDict
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Protocol

from calotype.connections.sql import Database, Transaction
from calotype.feed.timelines import KEPT, Push, TimelineStore
from calotype.graph.store import GraphStore
from calotype.jobs.queue import JobQueue, NewJob
from calotype.kernel.clock import Clock
from calotype.kernel.errors import Unavailable
from calotype.kernel.ids import MAX_ID, shard_of
from calotype.posts.recent import RecentPosts
from calotype.ranking.ranker import Candidate

REBUILD = "feed.rebuild"
DAY_MS = 86_400_000
# Seen no longer ago than this, a reader is served before the others.
PRESENT_DAYS = 2
AWAY_DAYS = 30
# Of each author that is pulled; and authors at once, of whom each takes part in a statement.
PULLED_POSTS, PULLED_AUTHORS = 50, 100
# Readers whose last day a process remembers, 200 bytes each.
REMEMBERED = 50_000


class Visits(Protocol):
    """The day (since 1970, in UTC) on which each reader last read their feed."""

    async def last(self, reader_ids: Collection[int]) -> dict[int, int]:
        """Of those who ever did; one round trip for any number up to 10,000."""
        ...

    def note(self, tx: Transaction, reader_id: int, day: int) -> None: ...

    async def forget(self, user_id: int) -> None:
        """Idempotent."""
        ...


@dataclass(frozen=True)
class Sorted:
    """Followers by when a fan-out comes to them; who is away is in neither."""

    present: list[int]
    later: list[int]


@dataclass(frozen=True)
class Presence:
    """Tells readers apart by their last visit. Who never read a feed counts as present."""

    visits: Visits
    clock: Clock

    async def sort(self, reader_ids: Sequence[int]) -> Sorted:
        """One round trip."""
        days = await self.visits.last(reader_ids)
        today = self.clock.now_ms() // DAY_MS
        ages = {reader_id: today - day for reader_id, day in days.items()}
        return Sorted(
            present=[each for each in reader_ids if ages.get(each, 0) <= PRESENT_DAYS],
            later=[each for each in reader_ids if PRESENT_DAYS < ages.get(each, 0) <= AWAY_DAYS],
        )

    async def is_away(self, reader_id: int) -> bool:
        """Whether fan-outs skip this reader."""
        readers = await self.sort([reader_id])
        return not readers.present and not readers.later


@dataclass(frozen=True)
class RebuildTimeline:
    """The use case for one reader's timeline: a pull of what their authors published last."""

    graph: GraphStore
    recent: RecentPosts
    timelines: TimelineStore

    async def rebuild(self, reader_id: int) -> None:
        """Push the newest 800 of the newest 50 of everyone whom they follow. Idempotent.

        Three round trips for each 100 authors.
        """
        found: list[Candidate] = []
        before = MAX_ID
        while edges := await self.graph.following(reader_id, before, PULLED_AUTHORS):
            before = edges[-1].edge_id
            authors = [edge.user_id for edge in edges]
            newest = await self.recent.newest_of(authors, MAX_ID, PULLED_POSTS)
            found += [
                Candidate(each.published_id, each.post_id, each.author_id)
                for posts in newest.values()
                for each in posts
            ]
        found.sort(key=lambda each: -each.published_id)
        await self.timelines.push([Push(reader_id, each) for each in islice(found, KEPT)])


@dataclass(frozen=True)
class WelcomeReader:
    """Notes that a reader is here, before their feed is read."""

    database: Database
    visits: Visits
    jobs: JobQueue
    rebuild: RebuildTimeline
    clock: Clock
    lane: str
    known: OrderedDict[int, int] = field(default_factory=OrderedDict)

    async def welcome(self, reader_id: int) -> None:
        """Free but for the first time a day, which takes a read and a write.

        Who was away for longer than 30 days has their timeline when this returns; a job promises
        it in the transaction from which on fan-outs serve them again. Where nothing can be
        written nothing is noted: a feed is read all the same.
        """
        today = self.clock.now_ms() // DAY_MS
        if self.known.get(reader_id) == today:
            return
        with suppress(Unavailable):
            await self._first_today(reader_id, today)
            self.known[reader_id] = today
        if len(self.known) > REMEMBERED:
            self.known.popitem(last=False)

    async def _first_today(self, reader_id: int, today: int) -> None:
        last = (await self.visits.last([reader_id])).get(reader_id)
        was_away = last is not None and today - last > AWAY_DAYS
        if last is None or last < today:
            note = partial(self._note, reader_id=reader_id, day=today, was_away=was_away)
            await self.database.write(shard_of(reader_id), note)
        if was_away:
            await self.rebuild.rebuild(reader_id)

    def _note(self, tx: Transaction, reader_id: int, day: int, *, was_away: bool) -> None:
        self.visits.note(tx, reader_id, day)
        if was_away:
            job = NewJob(shard_of(reader_id), self.lane, REBUILD, str(reader_id))
            self.jobs.enqueue(tx, [job])
