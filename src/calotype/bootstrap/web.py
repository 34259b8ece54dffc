"""What the web process works with."""

import asyncio
from functools import partial
from pathlib import Path
from shutil import disk_usage

import calotype
from calotype.accounts.adapters.census import SqlNameCensus
from calotype.audience.rule import AudienceRule
from calotype.bootstrap.common import (
    abandon_upload,
    build_post_census,
    celebrity_posts,
    drop_medium,
    outcome,
    rebuild_timeline,
    take_upload,
    withdraw_post,
)
from calotype.bootstrap.shape import DATABASES, Embedded
from calotype.cache.adapters.memory import MemoryCache
from calotype.connections.figures import fetch_figures, figures_path
from calotype.delivery.serve import ServeMedia
from calotype.delivery.urls import MediaUrls
from calotype.departure.leave import Leave
from calotype.departure.take_along import TakeAlong
from calotype.discovery.explore import Explore
from calotype.discovery.find import FindPeople
from calotype.discovery.suggest import SuggestPeople
from calotype.engagement.affinities import KeepAffinities
from calotype.engagement.discuss import Discuss
from calotype.engagement.gate import Gate
from calotype.engagement.kept import KeptEngagement
from calotype.engagement.profile_visits import ProfileVisits
from calotype.engagement.react import React
from calotype.engagement.read import ReadMarks, ViewEngagement
from calotype.events.adapters.sql import OUTBOX_TOPIC
from calotype.feed.candidates import Candidates
from calotype.feed.fanout import FANOUT_LANE
from calotype.feed.lists import ReadyLists
from calotype.feed.presence import WelcomeReader
from calotype.feed.read import ReadFeed
from calotype.feed.snapshot import Snapshots
from calotype.graph.follow import Follow
from calotype.notify.read import ReadNotices
from calotype.notify.stream import LiveStream
from calotype.posts.create import PHOTO_LANE, VIDEO_LANE, CreatePost
from calotype.posts.create_from_uploads import CreateFromUploads
from calotype.posts.edit import EditPost
from calotype.posts.once import Once
from calotype.posts.retry import RetryPost
from calotype.posts.withdraw import UPKEEP_LANE
from calotype.profiles.change_avatar import ChangeAvatar
from calotype.profiles.read import ReadProfile
from calotype.ranking.features import StoredFeatures
from calotype.ranking.ranker import PlainRanker
from calotype.ranking.served import SampledServedLog
from calotype.upkeep.dead_letters import AllDeadLetters
from calotype.upkeep.overview import Disk, ViewPlace
from calotype.upkeep.queues import Queues
from calotype.uploads.adapters.own import OwnTarget
from calotype.uploads.begin import BeginUpload
from calotype.web.bundle import load_bundle
from calotype.web.figures import PATIENCE_S, Scrape, WebFigures
from calotype.web.fragments import Fragments, JoinedPages
from calotype.web.hot import HotFiles
from calotype.web.limits import MemoryLimiter
from calotype.web.rates import Rates
from calotype.web.services import (
    Discovery,
    Engaging,
    Notices,
    OwnersView,
    Posting,
    Services,
    Uploads,
)
from calotype.web.streams import Streams
from calotype.workers.handlers import GROUPS

# Where the build of the web client puts it.
BUNDLE = Path(calotype.__file__).parent / "web" / "static"
SNAPSHOT_CACHE_BYTES = 32 * 1024 * 1024


def build_services(shape: Embedded) -> Services:
    """What the HTTP edge works with."""
    rule = AudienceRule(shape.graph)
    secret = (shape.settings.directory / "secret").read_bytes()
    urls = MediaUrls(secret, shape.settings.public_url, shape.clock)

    web, feed = shape.settings.web, shape.settings.feed
    streams = Streams(web.streams_per_account)
    figures = WebFigures(streams)
    queues = _queues(shape)
    visits = ProfileVisits(KeepAffinities(shape.people.accounts, shape.affinities), shape.clock)

    return Services(
        people=shape.people,
        graph=shape.graph,
        follow=Follow(shape.core, shape.accounts, shape.graph, shape.outbox),
        posts=shape.posts,
        posting=_posting(shape),
        uploads=_uploads(shape, secret),
        audience=rule,
        welcome=_welcome(shape),
        feed=_feed(shape),
        fragments=Fragments(shape.versions, shape.clock, feed.cache_s, feed.fragment_bytes),
        joined=JoinedPages(shape.versions, shape.clock, feed.cached_lists),
        engagement=_engaging(shape, rule),
        profiles=ReadProfile(shape.people.accounts, shape.posts, shape.graph, rule),
        discovery=_discovery(shape, rule),
        change_avatar=_change_avatar(shape),
        avatars=shape.avatars,
        leave=Leave(shape.people.close_account, shape.jobs),
        hot=HotFiles(shape.versions, shape.clock, web.hot_media_bytes),
        take_along=TakeAlong(shape.people.accounts, shape.posts, shape.graph, shape.blobs),
        media=ServeMedia(shape.posts, shape.avatars, shape.blobs, rule, urls),
        urls=urls,
        bundle=load_bundle(BUNDLE),
        site_url=shape.settings.public_url.rstrip("/"),
        impressions=shape.impressions,
        profile_visits=visits,
        notices=_notices(shape, rule),
        settings=web,
        rates=Rates(web.rates, MemoryLimiter(web.rates.remembered)),
        streams=streams,
        figures=figures,
        scrape=Scrape(figures, queues, figures_path(shape.settings.directory / "run", "worker")),
        owner=OwnersView(_view_place(shape, queues), AllDeadLetters(shape.dead_letters)),
        ready=partial(_ready, shape),
        flush=partial(_flush, shape, visits),
        clock=shape.clock,
    )


def _posting(shape: Embedded) -> Posting:
    return Posting(
        create=_create_post(shape),
        create_from_uploads=_create_from_uploads(shape),
        edit=EditPost(shape.core, shape.posts, shape.jobs, shape.clock),
        withdraw=withdraw_post(shape),
        drop=drop_medium(shape),
        retry=RetryPost(shape.core, shape.posts, shape.jobs, outcome(shape)),
    )


def _uploads(shape: Embedded, secret: bytes) -> Uploads:
    settings = shape.settings
    return Uploads(
        begin=_begin_upload(shape),
        take=take_upload(shape),
        abandon=abandon_upload(shape),
        target=OwnTarget(secret, settings.public_url, shape.clock, settings.uploads.direct_s),
    )


def _discovery(shape: Embedded, rule: AudienceRule) -> Discovery:
    people = (shape.people.accounts, shape.graph, shape.people_index)
    return Discovery(
        find=FindPeople(*people),
        suggest=SuggestPeople(*people),
        explore=Explore(shape.recent, shape.posts, rule),
    )


def _engaging(shape: Embedded, rule: AudienceRule) -> Engaging:
    gate = Gate(shape.posts, shape.people.accounts, rule)
    react = React(shape.core, shape.accounts, gate, shape.marks, shape.outbox)
    view = ViewEngagement(shape.tallies, shape.marks)
    feed = shape.settings.feed
    return Engaging(
        kept=KeptEngagement(view, shape.versions, shape.clock, feed.cache_s, feed.cached_lists),
        marks=ReadMarks(shape.posts, rule, gate, shape.marks, shape.tallies),
        react=react,
        discuss=Discuss(
            database=shape.core,
            accounts=shape.accounts,
            gate=gate,
            comments=shape.comments,
            outbox=shape.outbox,
            react=react,
            ids=shape.ids,
            clock=shape.clock,
        ),
    )


def _notices(shape: Embedded, rule: AudienceRule) -> Notices:
    return Notices(
        store=shape.notices,
        read=ReadNotices(
            posts=shape.posts,
            accounts=shape.people.accounts,
            rule=rule,
            tallies=shape.tallies,
            comments=shape.comments,
            notices=shape.notices,
        ),
        live=LiveStream(shape.notices, shape.posts, shape.doorbell.listen),
    )


async def _ready(shape: Embedded) -> None:
    await shape.people.accounts.by_ids([1])
    await shape.timelines.page(1, 1, 1)


async def _flush(shape: Embedded, visits: ProfileVisits) -> None:
    await visits.flush()
    await shape.impressions.flush()


def _welcome(shape: Embedded) -> WelcomeReader:
    return WelcomeReader(
        database=shape.core,
        visits=shape.visits,
        jobs=shape.jobs,
        rebuild=rebuild_timeline(shape),
        clock=shape.clock,
        lane=FANOUT_LANE,
    )


def _create_post(shape: Embedded) -> CreatePost:
    return CreatePost(
        database=shape.core,
        accounts=shape.accounts,
        posts=shape.posts,
        jobs=shape.jobs,
        outbox=shape.outbox,
        once=Once(shape.keys, shape.posts),
        blobs=shape.blobs,
        ids=shape.ids,
        uploads=shape.settings.uploads,
    )


def _create_from_uploads(shape: Embedded) -> CreateFromUploads:
    return CreateFromUploads(
        database=shape.core,
        accounts=shape.accounts,
        posts=shape.posts,
        uploads=shape.uploads,
        jobs=shape.jobs,
        outbox=shape.outbox,
        once=Once(shape.keys, shape.posts),
        ids=shape.ids,
    )


def _begin_upload(shape: Embedded) -> BeginUpload:
    return BeginUpload(
        database=shape.core,
        accounts=shape.accounts,
        uploads=shape.uploads,
        partials=shape.partials,
        ids=shape.ids,
        clock=shape.clock,
        limits=shape.settings.uploads,
    )


def _feed(shape: Embedded) -> ReadFeed:
    settings = shape.settings.feed
    cache = MemoryCache(SNAPSHOT_CACHE_BYTES, shape.clock)
    return ReadFeed(
        posts=shape.posts,
        candidates=Candidates(shape.posts, shape.graph, shape.timelines, celebrity_posts(shape)),
        snapshots=Snapshots(cache, settings.snapshot_s),
        lists=ReadyLists(shape.versions, shape.clock, settings.cache_s, settings.cached_lists),
        features=StoredFeatures(shape.affinities, shape.tallies),
        ranker=PlainRanker(),
        served=SampledServedLog(shape.impressions, shape.settings.feed.logged_share),
        clock=shape.clock,
        ranked_together=settings.candidates,
    )


def _change_avatar(shape: Embedded) -> ChangeAvatar:
    return ChangeAvatar(
        database=shape.core,
        accounts=shape.accounts,
        avatars=shape.avatars,
        jobs=shape.jobs,
        blobs=shape.blobs,
        ids=shape.ids,
        uploads=shape.settings.uploads,
    )


def _queues(shape: Embedded) -> Queues:
    lanes = {
        shape.jobs.source: (PHOTO_LANE, VIDEO_LANE, FANOUT_LANE, UPKEEP_LANE),
        shape.events.source: (OUTBOX_TOPIC, *GROUPS),
    }
    return Queues((shape.jobs, shape.events), lanes, shape.clock)


def _view_place(shape: Embedded, queues: Queues) -> ViewPlace:
    directory = shape.settings.directory
    worker = figures_path(directory / "run", "worker")
    return ViewPlace(
        names=SqlNameCensus(shape.core),
        posts=build_post_census(shape),
        queues=queues,
        disk=lambda: asyncio.to_thread(_disk, directory),
        probes={
            "database": lambda: shape.people.accounts.by_ids([1]),
            "timelines": lambda: shape.timelines.page(1, 1, 1),
            "worker": lambda: fetch_figures(worker, PATIENCE_S),
        },
    )


def _disk(directory: Path) -> Disk:
    usage = disk_usage(directory)
    sizes = {name: (directory / f"{name}.db").stat().st_size for name in DATABASES}
    return Disk(usage.free, usage.total, sizes)
