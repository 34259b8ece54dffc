"""Fan-out: a published post into its author's followers' timelines.

Each chunk of followers is a job of its own, so a large fan-out is shared by all workers and goes
on after a crash where it stopped. Celebrities' posts are not fanned out (decision 018).
"""

from dataclasses import dataclass
from functools import partial

import msgspec
from msgspec.structs import replace

from calotype.connections.sql import Database
from calotype.feed.celebrities import CelebrityLine, CelebrityPosts
from calotype.feed.presence import Presence
from calotype.feed.timelines import Push, TimelineStore
from calotype.graph.store import GraphStore
from calotype.jobs.queue import JobQueue, NewJob
from calotype.kernel.ids import shard_of
from calotype.posts.lifecycle import Status
from calotype.posts.post import Post
from calotype.posts.store import PostStore
from calotype.ranking.ranker import Candidate

FANOUT_LANE = "fanout"
FANOUT = "feed.fanout"
CHUNK = 2_000


class Chunk(msgspec.Struct, frozen=True):
    """The followers with ids above `after`, up to and with `upto`.

    `later`: those of them who were not here lately; else those who were.
    """

    post_id: int
    after: int
    upto: int
    later: bool = False


@dataclass(frozen=True)
class FanOut:
    """The use cases, with what they work on."""

    database: Database
    posts: PostStore
    graph: GraphStore
    timelines: TimelineStore
    jobs: JobQueue
    line: CelebrityLine
    celebrity_posts: CelebrityPosts
    presence: Presence

    async def plan(self, post_id: int) -> None:
        """Cut a published post's followers into chunks, a job each. Idempotent by chunk.

        A celebrity's post is put into the cache instead, and merged by whoever reads.
        """
        post = await self._published(post_id)
        if post is None:
            return
        if await self.line.is_beyond(post.author_id):
            await self.celebrity_posts.write_through(post.author_id)
            return
        after = 0
        while ids := await self.graph.follower_ids(post.author_id, after, CHUNK):
            await self._enqueue(post.author_id, Chunk(post_id, after, ids[-1]))
            after = ids[-1]

    async def push(self, chunk: Chunk) -> int | None:
        """Push the post into the timelines of one chunk of followers.

        Who was here in the last days comes first, the others of the chunk by a job of their own;
        who is away for 30 days is left out, and has their timeline rebuilt when they come back.

        Returns:
            The post's published_id, None if it is no longer to be seen.
        """
        post = await self._published(chunk.post_id)
        if post is None or post.published_id is None:
            return None
        entry = Candidate(post.published_id, post.post_id, post.author_id)
        after = chunk.after
        # More than CHUNK if someone in the chunk's range followed since it was planned.
        while after < chunk.upto:
            ids = await self.graph.follower_ids(post.author_id, after, CHUNK)
            readers = await self.presence.sort([id_ for id_ in ids if id_ <= chunk.upto])
            now = readers.later if chunk.later else readers.present
            await self.timelines.push([Push(id_, entry) for id_ in now])
            if readers.later and not chunk.later:
                await self._enqueue(post.author_id, replace(chunk, later=True))
            after = ids[-1] if ids else chunk.upto
        return post.published_id

    async def _enqueue(self, author_id: int, chunk: Chunk) -> None:
        job = _job(author_id, chunk)
        await self.database.write(job.shard, partial(self.jobs.enqueue, jobs=[job]))

    async def _published(self, post_id: int) -> Post | None:
        post = await self.posts.get(post_id)
        return post if post is not None and post.status == Status.PUBLISHED else None


def _job(author_id: int, chunk: Chunk) -> NewJob:
    return NewJob(
        shard=shard_of(chunk.post_id),
        lane=FANOUT_LANE,
        kind=FANOUT,
        key=f"{chunk.post_id}/{chunk.after}{'/later' if chunk.later else ''}",
        payload=msgspec.msgpack.encode(chunk),
        account=author_id,
    )
