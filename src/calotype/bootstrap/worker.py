"""What the worker process does."""

from collections.abc import Sequence

from calotype.audience.rule import AudienceRule
from calotype.bootstrap.common import (
    abandon_upload,
    drop_medium,
    fan_out,
    forget_engagement,
    index_people,
    outcome,
    rebuild_all,
    rebuild_timeline,
    reconcile_posts,
    retire_originals,
    sweep_blobs,
    withdraw_post,
)
from calotype.bootstrap.shape import Embedded
from calotype.departure.leave import Forget
from calotype.engagement.affinities import KeepAffinities
from calotype.engagement.project import ProjectEngagement
from calotype.events.adapters.sql import OUTBOX_TOPIC
from calotype.feed.backfill import Backfill
from calotype.feed.fanout import FANOUT_LANE
from calotype.media.decoders import Decoders
from calotype.media.video.transcoder import Transcoder
from calotype.notify.notices import topic
from calotype.notify.people import TellPeople
from calotype.notify.tell import TellAuthor
from calotype.posts.create import PHOTO_LANE, VIDEO_LANE
from calotype.posts.erase import ErasePosts
from calotype.posts.post import MediumKind
from calotype.posts.process import ProcessMedium
from calotype.posts.progress import ReportProgress
from calotype.posts.rebuild import RebuildRenditions
from calotype.posts.rekey import Rekey
from calotype.posts.remake import RemakeRenditions
from calotype.posts.render import Renderer, RenderPhoto, RenderVideo
from calotype.posts.retire import RetireOriginal
from calotype.posts.withdraw import UPKEEP_LANE
from calotype.profiles.process_avatar import ProcessAvatar
from calotype.workers.batches import BatchLane
from calotype.workers.figures import WorkerFigures
from calotype.workers.handlers import GROUPS, Handlers
from calotype.workers.lane import Lane
from calotype.workers.routine import Routine
from calotype.workers.run import Worker

# Work at once in lanes that wait for the database, not for a processor.
FANOUT_WIDTH = 2
EVENT_WIDTH = 4
SWEEP_EVERY_S = 900.0
TIDY_EVERY_S = 3_600.0
TRIM_EVERY_S = 86_400.0
RETIRE_EVERY_S = 600.0
RECALL_EVERY_S = 20.0


def build_worker(shape: Embedded, decoders: Decoders, figures: WorkerFigures) -> Worker:
    """The worker that does everything: all lanes, all groups, the relay, the routines."""
    return build_lanes(shape, build_handlers(shape, decoders, figures), _routines(shape))


def build_handlers(shape: Embedded, decoders: Decoders, figures: WorkerFigures) -> Handlers:
    """The use cases that workers run."""
    renderers = _renderers(shape, decoders)
    avatars = ProcessAvatar(shape.core, shape.accounts, shape.avatars, shape.blobs, decoders)
    return Handlers(
        process=ProcessMedium(
            database=shape.core,
            posts=shape.posts,
            blobs=shape.blobs,
            renderers=renderers,
            outcome=outcome(shape),
        ),
        remake=RemakeRenditions(shape.posts, shape.blobs, renderers),
        rebuild_media=RebuildRenditions(
            shape.core, shape.posts, shape.jobs, shape.blobs, renderers
        ),
        rebuild_all=rebuild_all(shape),
        retire=RetireOriginal(shape.core, shape.posts, shape.blobs, renderers),
        withdraw=withdraw_post(shape),
        drop=drop_medium(shape),
        rekey=Rekey(shape.posts, shape.blobs),
        fanout=fan_out(shape),
        rebuild=rebuild_timeline(shape),
        forget_engagement=forget_engagement(shape),
        backfill=Backfill(shape.posts, shape.graph, shape.timelines),
        author=TellAuthor(shape.posts, shape.notices),
        people=TellPeople(
            posts=shape.posts,
            accounts=shape.people.accounts,
            graph=shape.graph,
            rule=AudienceRule(shape.graph),
            tallies=shape.tallies,
            comments=shape.comments,
            notices=shape.notices,
        ),
        engagement=ProjectEngagement(
            posts=shape.posts,
            accounts=shape.people.accounts,
            tallies=shape.tallies,
            comments=shape.comments,
        ),
        affinities=KeepAffinities(shape.people.accounts, shape.affinities),
        index=index_people(shape),
        avatars=avatars,
        forget=build_forget(shape, avatars),
        figures=figures,
    )


def build_lanes(shape: Embedded, handlers: Handlers, routines: Sequence[Routine] = ()) -> Worker:
    """A worker of these handlers over all lanes and groups."""
    widths = {
        PHOTO_LANE: shape.settings.media.decoders,
        VIDEO_LANE: shape.settings.media.video.transcodes,
        FANOUT_LANE: FANOUT_WIDTH,
        UPKEEP_LANE: 1,
    }
    tally, owner, clock = handlers.figures.tally, shape.owner, shape.clock
    jobs, events = shape.jobs, shape.events
    lanes = [
        Lane(jobs, name, widths[name], kinds, owner, clock, tally(jobs.source, name))
        for name, kinds in handlers.jobs().items()
    ] + [
        Lane(events, group, EVENT_WIDTH, kinds, owner, clock, tally(events.source, group))
        for group, kinds in handlers.events().items()
    ]
    batches = [
        BatchLane(events, group, handle, GROUPS[group], owner, clock, tally(events.source, group))
        for group, handle in handlers.batches().items()
    ]
    return Worker(shape.doorbell, shape.events, OUTBOX_TOPIC, lanes, batches, routines)


def _renderers(shape: Embedded, decoders: Decoders) -> dict[MediumKind, Renderer]:
    scratch = shape.settings.directory / "run" / f"{shape.role}.video"
    transcoder = Transcoder(shape.settings.media.video, scratch)
    transcoder.clear()
    progress = ReportProgress(shape.core, shape.posts, topic)
    return {
        MediumKind.PHOTO: RenderPhoto(decoders),
        MediumKind.VIDEO: RenderVideo(decoders, transcoder, progress),
    }


def build_forget(shape: Embedded, avatars: ProcessAvatar) -> Forget:
    """Every room that keeps something of a person.

    Posts first and what is made of them last: work that had read a post before it was erased has
    written by then.
    """
    engagement = forget_engagement(shape)
    return Forget(
        (
            abandon_upload(shape),
            ErasePosts(shape.core, shape.posts, shape.blobs, engagement),
            engagement,
            avatars,
            shape.graph,
            shape.celebrities,
            shape.visits,
            shape.keys,
            shape.rebuilds,
            shape.people.forget_names,
            shape.affinities,
            shape.notices,
            shape.people_index,
            shape.timelines,
            shape.impressions,
        )
    )


def _routines(shape: Embedded) -> list[Routine]:
    posts = shape.settings.posts
    reconcile = reconcile_posts(shape)

    async def tidy_accounts() -> None:
        await shape.people.sweep(shape.clock.now_ms())

    sweep = sweep_blobs(shape)
    retire = retire_originals(shape)
    by_policy = [Routine("retire originals", RETIRE_EVERY_S, retire.hand_out)] if retire else []
    return [
        *by_policy,
        Routine("reconcile", posts.reconcile_every_s, reconcile.reconcile),
        Routine("uploads", SWEEP_EVERY_S, abandon_upload(shape).expire),
        Routine("sweep", SWEEP_EVERY_S, sweep.run),
        Routine("rebuild", RECALL_EVERY_S, rebuild_all(shape).hand_out),
        Routine("recall jobs", RECALL_EVERY_S, shape.jobs.recall),
        Routine("recall events", RECALL_EVERY_S, shape.events.recall),
        Routine("tidy accounts", TIDY_EVERY_S, tidy_accounts),
        Routine("tidy keys", TIDY_EVERY_S, shape.keys.sweep),
        Routine("trim timelines", TRIM_EVERY_S, shape.timelines.trim),
        Routine("tidy notices", TIDY_EVERY_S, shape.notices.sweep),
        Routine("tidy impressions", TIDY_EVERY_S, shape.impressions.sweep),
    ]
