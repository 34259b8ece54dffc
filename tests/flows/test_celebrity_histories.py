"""Random histories around the line of celebrities, against a pull of everything.

Authors gain and lose followers, so that they cross the line up and down, publish, archive and restore;
what the worker has to do is done at any moment after. In the end every reader's feed in the order
of time is what a pull of all their authors' posts would find.
"""

import asyncio
import dataclasses
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from calotype.bootstrap import Embedded, celebrity_posts, fan_out
from calotype.cache.adapters.memory import MemoryCache
from calotype.feed.backfill import Backfill
from calotype.feed.candidates import Candidates
from calotype.feed.fanout import FANOUT_LANE, Chunk
from calotype.feed.lists import ReadyLists
from calotype.feed.read import Order, ReadFeed
from calotype.feed.snapshot import Snapshots
from calotype.posts.lifecycle import Status
from calotype.ranking.features import StoredFeatures
from calotype.ranking.ranker import PlainRanker
from calotype.ranking.served import SampledServedLog
from tests.clocks import TickingClock
from tests.stores import graph_of, move, opened, published

READERS, AUTHORS = 5, 3
THRESHOLD = 3
# As many as a new follow brings: what lies further back comes by pull, whoever the author is.
MOST_POSTS = 10

readers, authors = st.integers(0, READERS - 1), st.integers(0, AUTHORS - 1)
steps = st.one_of(
    st.tuples(st.just("follow"), readers, authors),
    st.tuples(st.just("follow"), readers, authors),
    st.tuples(st.just("unfollow"), readers, authors),
    st.tuples(st.just("publish"), authors, st.just(0)),
    st.tuples(st.just("archive"), authors, st.integers(0, MOST_POSTS)),
    st.tuples(st.just("restore"), authors, st.integers(0, MOST_POSTS)),
    st.tuples(st.just("work"), st.integers(0, 20), st.just(0)),
)


@dataclass
class History:
    """A place, what is to be done in it, and the model: edges and published posts."""

    shape: Embedded
    todo: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    follows: set[tuple[int, int]] = field(default_factory=set)
    posts: dict[int, dict[int, int]] = field(default_factory=dict)
    archived: dict[int, dict[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shape = self.shape
        self.readers = [shape.ids.new(shard) for shard in range(10, 10 + READERS)]
        self.authors = [shape.ids.new(shard) for shard in range(AUTHORS)]
        self.posts = {author: {} for author in self.authors}
        self.archived = {author: {} for author in self.authors}
        self.fanout = fan_out(shape)
        self.backfill = Backfill(shape.posts, shape.graph, shape.timelines)

    async def follow(self, reader: int, author: int) -> None:
        edge = self.readers[reader], self.authors[author]
        await graph_of(self.shape).follow(*edge)
        self.follows.add(edge)
        self.todo.append(partial(self.backfill.backfill, *edge))

    async def unfollow(self, reader: int, author: int) -> None:
        edge = self.readers[reader], self.authors[author]
        await graph_of(self.shape).unfollow(*edge)
        self.follows.discard(edge)

    async def publish(self, author: int, _: int) -> None:
        author_id = self.authors[author]
        if len(self.posts[author_id]) + len(self.archived[author_id]) < MOST_POSTS:
            post = await published(self.shape, author_id)
            assert post.published_id is not None
            self.posts[author_id][post.post_id] = post.published_id
            self.todo.append(partial(self.fanout.plan, post.post_id))

    async def archive(self, author: int, which: int) -> None:
        await self._move(author, which, self.posts, self.archived, Status.ARCHIVED)

    async def restore(self, author: int, which: int) -> None:
        post_id = await self._move(author, which, self.archived, self.posts, Status.PUBLISHED)
        if post_id:
            self.todo.append(partial(self.fanout.plan, post_id))

    async def work(self, which: int, _: int) -> None:
        """Do one of the things that are to be done, in whatever order."""
        if self.todo:
            await self.todo.pop(which % len(self.todo))()
        for job in await self.shape.jobs.lease(FANOUT_LANE, 10, "ada"):
            chunk = msgspec.msgpack.decode(job.payload, type=Chunk)
            self.todo.append(partial(self._push, chunk))
            await self.shape.jobs.finish(job)

    async def work_off(self) -> None:
        while self.todo:
            await self.work(0, 0)

    async def feed(self, reader_id: int) -> list[int]:
        """Page by page, in the order of time."""
        shape = self.shape
        read = ReadFeed(
            posts=shape.posts,
            candidates=Candidates(
                shape.posts, shape.graph, shape.timelines, celebrity_posts(shape)
            ),
            features=StoredFeatures(shape.affinities, shape.tallies),
            ranker=PlainRanker(),
            served=SampledServedLog(shape.impressions, share=0),
            snapshots=Snapshots(MemoryCache(1 << 20, shape.clock), 1_800),
            lists=ReadyLists(shape.versions, shape.clock, 0, 1),
            clock=shape.clock,
            ranked_together=500,
        )
        found: list[int] = []
        cursor: str | None = None
        while True:
            page = await read.read(reader_id, cursor, 4, Order.CHRONOLOGICAL)
            found += page.post_ids
            cursor = page.next_cursor
            if cursor is None:
                return found

    def pulled(self, reader_id: int) -> list[int]:
        """The model."""
        every = {
            post_id: at
            for author_id, posts in self.posts.items()
            if (reader_id, author_id) in self.follows
            for post_id, at in posts.items()
        }
        return sorted(every, key=lambda post_id: -every[post_id])

    async def _push(self, chunk: Chunk) -> None:
        await self.fanout.push(chunk)

    async def _move(
        self,
        author: int,
        which: int,
        source: dict[int, dict[int, int]],
        target: dict[int, dict[int, int]],
        to: Status,
    ) -> int:
        posts = source[self.authors[author]]
        if not posts:
            return 0
        post_id = sorted(posts)[which % len(posts)]
        target[self.authors[author]][post_id] = posts.pop(post_id)
        await move(self.shape, post_id, to)
        return post_id


@settings(max_examples=25, deadline=None)
@given(st.lists(steps, min_size=5, max_size=50))
def test_who_crosses_the_line_loses_no_post_for_anyone(history: list[tuple[str, int, int]]) -> None:
    asyncio.run(_live(history))


async def _live(steps: list[tuple[str, int, int]]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        async with opened(Path(directory), TickingClock()) as shape:
            feed = msgspec.structs.replace(shape.settings.feed, celebrity_threshold=THRESHOLD)
            few = msgspec.structs.replace(shape.settings, feed=feed)
            lived = History(dataclasses.replace(shape, settings=few))
            for name, one, other in steps:
                await getattr(lived, name)(one, other)
            await lived.work_off()
            for reader_id in lived.readers:
                assert await lived.feed(reader_id) == lived.pulled(reader_id)
