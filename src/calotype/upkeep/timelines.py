"""The check of timelines against the posts of those who are followed."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from calotype.feed.backfill import BACKFILLED, Backfill
from calotype.feed.presence import Presence
from calotype.feed.timelines import TimelineStore
from calotype.graph.celebrities import CelebrityStore
from calotype.graph.census import Follows, GraphCensus
from calotype.kernel.clock import Clock
from calotype.kernel.ids import MAX_ID, time_of
from calotype.posts.post import Audience
from calotype.posts.store import PostStore
from calotype.upkeep.checks import Flaw, Skipped

# What was published, or followed, more lately may still be on its way.
GRACE_MS = 600_000


@dataclass(frozen=True)
class MissingEntries:
    """Recent posts that are not in the timelines of their author's followers.

    Of each followee the last 10 are looked at, as a new follow brings them.
    """

    census: GraphCensus
    posts: PostStore
    timelines: TimelineStore
    backfill: Backfill
    celebrities: CelebrityStore
    presence: Presence
    clock: Clock
    is_busy: Callable[[], Awaitable[bool]]
    what: str = "follows whose last posts are not all in the timeline"
    cure: str = "pushes the last 10 posts again"

    async def flaws(self) -> AsyncIterator[Flaw]:
        if await self.is_busy():
            raise Skipped("posts are on their way into timelines just now")
        async for edges in self.census.edges():
            for edge in edges:
                if await self._lacks(edge):
                    yield Flaw(
                        f"{edge.follower_id} follows {edge.followee_id}",
                        partial(self.backfill.backfill, edge.follower_id, edge.followee_id),
                    )

    async def _lacks(self, edge: Follows) -> bool:
        settled_ms = self.clock.now_ms() - GRACE_MS
        if time_of(edge.edge_id) > settled_ms:
            return False
        if await self.presence.is_away(edge.follower_id):
            return False  # skipped by fan-outs, and rebuilt on return
        latest = await self.posts.published_ids(edge.followee_id, MAX_ID, BACKFILLED, set(Audience))
        fame = await self.celebrities.fame(edge.followee_id)
        # What a celebrity publishes is merged at read, and lies in no timeline.
        until_ms = min(settled_ms, fame.since_ms) if fame else settled_ms
        wanted = {published_id for published_id, _ in latest if time_of(published_id) < until_ms}
        return bool(wanted - await self.timelines.holds(edge.follower_id, wanted))
