"""Use cases that several processes run."""

from calotype.bootstrap.shape import Embedded
from calotype.cache.adapters.memory import MemoryCache
from calotype.discovery.index import IndexPeople
from calotype.engagement.forget import ForgetEngagement
from calotype.feed.celebrities import CelebrityLine, CelebrityPosts
from calotype.feed.fanout import FanOut
from calotype.feed.presence import Presence, RebuildTimeline
from calotype.posts.adapters.census import SqlPostCensus
from calotype.posts.adapters.originals import SqlOriginals
from calotype.posts.assemble import AssemblePost
from calotype.posts.census import PostCensus
from calotype.posts.drop import DropMedium
from calotype.posts.outcome import Outcome
from calotype.posts.rebuild_all import RebuildAll
from calotype.posts.reconcile import Reconcile
from calotype.posts.retire import RetireOriginals
from calotype.posts.withdraw import WithdrawPost
from calotype.uploads.abandon import AbandonUpload
from calotype.uploads.finish import FinishUpload
from calotype.uploads.sweep import AllReferences, Sweep
from calotype.uploads.take import TakeUpload

CELEBRITY_CACHE_BYTES = 4 * 1024 * 1024
# Each process has a cache of its own, and none hears of another's posts: a post is to be seen
# within 5 s.
CELEBRITY_KEPT_S = 2.0


def reconcile_posts(shape: Embedded) -> Reconcile:
    stuck_after_ms = shape.settings.posts.stuck_after_s * 1_000
    return Reconcile(shape.core, shape.posts, shape.jobs, shape.clock, stuck_after_ms)


def sweep_blobs(shape: Embedded) -> Sweep:
    references = AllReferences(shape.posts, shape.avatars, shape.uploads)
    return Sweep(shape.blobs, references, shape.clock, shape.settings.uploads)


def withdraw_post(shape: Embedded) -> WithdrawPost:
    return WithdrawPost(
        database=shape.core,
        posts=shape.posts,
        jobs=shape.jobs,
        outbox=shape.outbox,
        blobs=shape.blobs,
        uploads=shape.uploads,
        partials=shape.partials,
    )


def drop_medium(shape: Embedded) -> DropMedium:
    return DropMedium(shape.core, shape.posts, shape.jobs, shape.blobs, outcome(shape))


def forget_engagement(shape: Embedded) -> ForgetEngagement:
    return ForgetEngagement(shape.core, shape.marks, shape.tallies, shape.comments)


def outcome(shape: Embedded) -> Outcome:
    return Outcome(shape.posts, shape.outbox, shape.ids)


def build_post_census(shape: Embedded) -> PostCensus:
    return SqlPostCensus(shape.core)


def rebuild_all(shape: Embedded) -> RebuildAll:
    return RebuildAll(shape.core, shape.rebuilds, shape.jobs, shape.ids)


def retire_originals(shape: Embedded) -> RetireOriginals | None:
    """None where the policy is to keep them."""
    life_ms = shape.settings.media.original_ms
    if life_ms is None:
        return None
    return RetireOriginals(shape.core, SqlOriginals(shape.core), shape.jobs, shape.clock, life_ms)


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


def take_upload(shape: Embedded) -> TakeUpload:
    limits = shape.settings.uploads
    finish = FinishUpload(
        database=shape.core,
        accounts=shape.accounts,
        uploads=shape.uploads,
        partials=shape.partials,
        blobs=shape.blobs,
        waiting=_assemble_post(shape),
        clock=shape.clock,
        limits=limits,
    )
    return TakeUpload(shape.core, shape.uploads, shape.partials, finish, shape.clock, limits)


def abandon_upload(shape: Embedded) -> AbandonUpload:
    return AbandonUpload(
        database=shape.core,
        uploads=shape.uploads,
        partials=shape.partials,
        blobs=shape.blobs,
        waiting=_assemble_post(shape),
        take=take_upload(shape),
        clock=shape.clock,
        limits=shape.settings.uploads,
    )


def _assemble_post(shape: Embedded) -> AssemblePost:
    return AssemblePost(shape.posts, shape.uploads, shape.jobs, shape.outbox, outcome(shape))
