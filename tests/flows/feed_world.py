"""A world in which a feed is read while it changes, and a model of what it should show."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from hypothesis import strategies as st

from calotype.bootstrap import Embedded, celebrity_posts, fan_out
from calotype.feed.backfill import Backfill
from calotype.feed.candidates import Candidates
from calotype.feed.fanout import Chunk
from calotype.feed.lists import ReadyLists
from calotype.feed.read import ReadFeed
from calotype.feed.snapshot import Snapshots
from calotype.kernel.ids import MAX_ID
from calotype.posts.lifecycle import Status
from calotype.posts.post import Audience, Post
from calotype.ranking.features import StoredFeatures
from calotype.ranking.ranker import PlainRanker
from calotype.ranking.served import SampledServedLog
from tests.caches import ForgetfulCache
from tests.clocks import TickingClock
from tests.stores import graph_of, move, new_post, publish, publish_many, start

AUTHORS = 4
HOUR_MS = 3_600_000


@dataclass
class World:
    """A reader, some authors, and a model of who has published what."""

    shape: Embedded
    clock: TickingClock
    ranked_together: int = 7
    cache: ForgetfulCache = field(default_factory=ForgetfulCache)
    following: set[int] = field(default_factory=set)
    posts: dict[int, Post] = field(default_factory=dict)
    timeline: set[int] = field(default_factory=set)
    unpushed: list[int] = field(default_factory=list)
    processing: list[int] = field(default_factory=list)
    archived: set[int] = field(default_factory=set)
    hidden_once: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        ids = self.shape.ids
        self.reader, *self.authors = (ids.new(shard) for shard in (9, 4_000, 2, 9, 77))
        self.lists = ReadyLists(self.shape.versions, self.clock, 60, 100)
        self.feed = ReadFeed(
            posts=self.shape.posts,
            candidates=Candidates(
                self.shape.posts,
                self.shape.graph,
                self.shape.timelines,
                celebrity_posts(self.shape),
            ),
            features=StoredFeatures(self.shape.affinities, self.shape.tallies),
            ranker=PlainRanker(),
            served=SampledServedLog(self.shape.impressions, share=0),
            snapshots=Snapshots(self.cache, 1_800),
            lists=self.lists,
            clock=self.clock,
            ranked_together=self.ranked_together,
        )

    def visible(self) -> set[int]:
        """What the model says is in the reader's feed now."""
        return {
            post_id
            for post_id, post in self.posts.items()
            if post_id not in self.archived
            and (
                post.author_id == self.reader
                or (post.author_id in self.following and post_id in self.timeline)
            )
        }

    async def follow(self, which: int) -> None:
        author = self.authors[which % AUTHORS]
        if author in self.following:
            return
        shape = self.shape
        await graph_of(shape).follow(self.reader, author)
        await Backfill(shape.posts, shape.graph, shape.timelines).backfill(self.reader, author)
        self.following.add(author)
        published = [
            id_
            for id_, post in self.posts.items()
            if post.author_id == author and id_ not in self.archived
        ]
        self.timeline |= set(published[-10:])

    async def unfollow(self, which: int) -> None:
        author = self.authors[which % AUTHORS]
        before = self.visible()
        await graph_of(self.shape).unfollow(self.reader, author)
        self.following.discard(author)
        self.hidden_once |= before - self.visible()

    async def arrive(self, which: int) -> None:
        """An author publishes; the fan-out comes later."""
        self.clock.advance(ms=1)  # within a millisecond ids go by shard, not by time
        author = self.authors[which % AUTHORS]
        audience = Audience.FOLLOWERS if which % 3 else Audience.EVERYONE
        post = await start(self.shape, new_post(self.shape, author, audience))
        self.posts[post.post_id] = await publish(self.shape, post.post_id)
        self.unpushed.append(post.post_id)

    async def publish_at_once(self, authors: list[int]) -> None:
        """The same for many posts, fanned out at once: it is quicker."""
        posts = await publish_many(self.shape, self.clock, authors, [self.reader])
        self.posts |= {post.post_id: post for post in posts}
        self.timeline |= set(self.posts)

    async def push(self, which: int = -1) -> None:
        """Fan out one waiting post, whatever their order; by default all."""
        chosen = self.unpushed[:] if which < 0 else self.unpushed[which % AUTHORS :][:1]
        for post_id in chosen:
            self.unpushed.remove(post_id)
            shape = self.shape
            await fan_out(shape).push(Chunk(post_id, 0, MAX_ID))
            post = self.posts[post_id]
            if post.author_id in self.following and post_id not in self.archived:
                self.timeline.add(post_id)

    async def begin_own(self, _which: int) -> None:
        post = await start(self.shape, new_post(self.shape, self.reader))
        self.processing.append(post.post_id)

    async def publish_own(self, _which: int) -> None:
        if self.processing:
            self.clock.advance(ms=1)
            post_id = self.processing.pop(0)
            self.posts[post_id] = await publish(self.shape, post_id)

    async def archive(self, which: int) -> None:
        standing = [post_id for post_id in self.posts if post_id not in self.archived]
        if standing:
            post_id = standing[which % len(standing)]
            await move(self.shape, post_id, Status.ARCHIVED)
            self.archived.add(post_id)
            self.hidden_once.add(post_id)

    async def forget(self, _which: int) -> None:
        self.cache.forget()
        self.lists.forget_all()

    async def wait(self, which: int) -> None:
        self.clock.advance(ms=which * which * HOUR_MS // 8)


STEPS: dict[str, Callable[[World, int], Awaitable[None]]] = {
    "arrive": World.arrive,
    "push": World.push,
    "follow": World.follow,
    "unfollow": World.unfollow,
    "begin_own": World.begin_own,
    "publish_own": World.publish_own,
    "archive": World.archive,
    "forget": World.forget,
    "wait": World.wait,
}
step = st.tuples(st.sampled_from([*STEPS, "follow", "forget", "forget"]), st.integers(0, 11))
beginnings = st.lists(
    st.tuples(
        st.sampled_from(["arrive", "arrive", "begin_own", "publish_own", "wait"]),
        st.integers(0, 11),
    ),
    max_size=25,
)
