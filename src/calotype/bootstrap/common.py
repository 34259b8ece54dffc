"""Use cases that several processes run."""

from calotype.bootstrap.shape import Embedded
from calotype.cache.adapters.memory import MemoryCache
from calotype.discovery.index import IndexPeople
from calotype.engagement.forget import ForgetEngagement
from calotype.feed.celebrities import CelebrityLine, CelebrityPosts
from calotype.feed.fanout import FanOut
from calotype.feed.presence import Presence, RebuildTimeline
from calotype.posts.adapters.census import SqlPostCensus
from calotype.posts.census import PostCensus
from calotype.posts.drop import DropMedium
from calotype.posts.outcome import Outcome
from calotype.posts.reconcile import Reconcile
from calotype.posts.withdraw import WithdrawPost
from calotype.uploads.sweep import AllReferences, Sweep

CELEBRITY_CACHE_BYTES = 4 * 1024 * 1024
# Each process has a cache of its own, and none hears of another's posts: a post is to be seen
# within 5 s.
CELEBRITY_KEPT_S = 2.0


def reconcile_posts(shape: Embedded) -> Reconcile:
    stuck_after_ms = shape.settings.posts.stuck_after_s * 1_000
    return Reconcile(shape.core, shape.posts, shape.jobs, shape.clock, stuck_after_ms)


def sweep_blobs(shape: Embedded) -> Sweep:
    references = AllReferences(shape.posts, shape.avatars)
    return Sweep(shape.blobs, references, shape.clock, shape.settings.uploads)


def withdraw_post(shape: Embedded) -> WithdrawPost:
    return WithdrawPost(shape.core, shape.posts, shape.jobs, shape.outbox, shape.blobs)


def drop_medium(shape: Embedded) -> DropMedium:
    return DropMedium(shape.core, shape.posts, shape.jobs, shape.blobs, outcome(shape))


def forget_engagement(shape: Embedded) -> ForgetEngagement:
    return ForgetEngagement(shape.core, shape.marks, shape.tallies, shape.comments)


def outcome(shape: Embedded) -> Outcome:
    return Outcome(shape.posts, shape.outbox, shape.ids)


def build_post_census(shape: Embedded) -> PostCensus:
    return SqlPostCensus(shape.core)


def fan_out(shape: Embedded) -> FanOut:
    threshold = shape.settings.feed.celebrity_threshold
    line = CelebrityLine(shape.core, shape.graph, shape.celebrities, shape.clock, threshold)
    return FanOut(
        database=shape.core,
        posts=shape.posts,
        graph=shape.graph,
        timelines=shape.timelines,
        jobs=shape.jobs,
        line=line,
        celebrity_posts=celebrity_posts(shape),
        presence=Presence(shape.visits, shape.clock),
    )


def rebuild_timeline(shape: Embedded) -> RebuildTimeline:
    return RebuildTimeline(shape.graph, shape.recent, shape.timelines)


def celebrity_posts(shape: Embedded) -> CelebrityPosts:
    return CelebrityPosts(
        celebrities=shape.celebrities,
        recent=shape.recent,
        cache=MemoryCache(CELEBRITY_CACHE_BYTES, shape.clock),
        clock=shape.clock,
        affinities=shape.affinities,
        kept_s=CELEBRITY_KEPT_S,
    )


def index_people(shape: Embedded) -> IndexPeople:
    return IndexPeople(
        database=shape.core,
        accounts=shape.people.accounts,
        account_store=shape.accounts,
        graph=shape.graph,
        people=shape.people_index,
    )
