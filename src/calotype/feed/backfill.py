"""Backfill: a new follow brings the followee's last posts into the follower's timeline."""

from dataclasses import dataclass

from calotype.feed.timelines import Push, TimelineStore
from calotype.graph.store import GraphStore
from calotype.kernel.ids import MAX_ID
from calotype.posts.post import Audience
from calotype.posts.store import PostStore
from calotype.ranking.ranker import Candidate

BACKFILLED = 10


@dataclass(frozen=True)
class Backfill:
    """The use case, with what it works on."""

    posts: PostStore
    graph: GraphStore
    timelines: TimelineStore

    async def backfill(self, follower_id: int, followee_id: int) -> None:
        """Push the followee's last 10 posts, if the follow still stands. Idempotent."""
        if await self.graph.edge(follower_id, followee_id) is None:
            return
        latest = await self.posts.published_ids(followee_id, MAX_ID, BACKFILLED, set(Audience))
        await self.timelines.push(
            [
                Push(follower_id, Candidate(published_id, post_id, followee_id))
                for published_id, post_id in latest
            ]
        )
