"""What the web process works with."""

from calotype.audience.rule import AudienceRule
from calotype.bootstrap.common import (
    celebrity_posts,
    drop_medium,
    outcome,
    rebuild_timeline,
    withdraw_post,
)
from calotype.bootstrap.shape import Embedded
from calotype.cache.adapters.memory import MemoryCache
from calotype.connections.figures import figures_path
from calotype.delivery.serve import ServeMedia
from calotype.delivery.urls import MediaUrls
from calotype.departure.leave import Leave
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
from calotype.posts.edit import EditPost
from calotype.posts.retry import RetryPost
from calotype.posts.withdraw import UPKEEP_LANE
from calotype.profiles.change_avatar import ChangeAvatar
from calotype.profiles.read import ReadProfile
from calotype.ranking.features import StoredFeatures
from calotype.ranking.ranker import PlainRanker
from calotype.ranking.served import SampledServedLog
from calotype.web.figures import Scrape, WebFigures
from calotype.web.fragments import Fragments
from calotype.web.limits import MemoryLimiter
from calotype.web.rates import Rates
from calotype.web.services import Services
from calotype.web.streams import Streams
from calotype.workers.handlers import GROUPS

SNAPSHOT_CACHE_BYTES = 32 * 1024 * 1024


def build_services(shape: Embedded) -> Services:
    """What the HTTP edge works with."""
    rule = AudienceRule(shape.graph)
    gate = Gate(shape.posts, shape.people.accounts, rule)
    react = React(shape.core, shape.accounts, gate, shape.marks, shape.outbox)
    secret = (shape.settings.directory / "secret").read_bytes()
    urls = MediaUrls(secret, shape.settings.public_url, shape.clock)

    web, feed = shape.settings.web, shape.settings.feed
    streams = Streams(web.streams_per_account)
    figures = WebFigures(streams)

    profile_visits = ProfileVisits(
        KeepAffinities(shape.people.accounts, shape.affinities), shape.clock
    )

    async def flush() -> None:
        await profile_visits.flush()
        await shape.impressions.flush()

    async def ready() -> None:
        await shape.people.accounts.by_ids([1])
        await shape.timelines.page(1, 1, 1)

    return Services(
        people=shape.people,
        graph=shape.graph,
        follow=Follow(shape.core, shape.accounts, shape.graph, shape.outbox),
        posts=shape.posts,
        create_post=_create_post(shape),
        edit_post=EditPost(shape.core, shape.posts, shape.jobs, shape.clock),
        withdraw_post=withdraw_post(shape),
        drop_medium=drop_medium(shape),
        retry_post=RetryPost(shape.core, shape.posts, shape.jobs, outcome(shape)),
        audience=rule,
        welcome=_welcome(shape),
        feed=_feed(shape),
        fragments=Fragments(shape.versions, shape.clock, feed.cache_s, feed.fragment_bytes),
        engagement=KeptEngagement(
            ViewEngagement(shape.tallies, shape.marks),
            shape.versions,
            shape.clock,
            feed.cache_s,
            feed.cached_lists,
        ),
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
        profiles=ReadProfile(shape.people.accounts, shape.posts, shape.graph, rule),
        find_people=FindPeople(shape.people.accounts, shape.graph, shape.people_index),
        suggest_people=SuggestPeople(shape.people.accounts, shape.graph, shape.people_index),
        explore=Explore(shape.recent, shape.posts, rule),
        change_avatar=_change_avatar(shape),
        avatars=shape.avatars,
        leave=Leave(shape.people.close_account, shape.jobs),
        media=ServeMedia(shape.posts, shape.avatars, shape.blobs, rule, urls),
        urls=urls,
        blobs=shape.blobs,
        live=LiveStream(shape.notices, shape.posts, shape.doorbell.listen),
        impressions=shape.impressions,
        profile_visits=profile_visits,
        notices=shape.notices,
        read_notices=ReadNotices(
            posts=shape.posts,
            accounts=shape.people.accounts,
            rule=rule,
            tallies=shape.tallies,
            comments=shape.comments,
            notices=shape.notices,
        ),
        settings=web,
        rates=Rates(web.rates, MemoryLimiter(web.rates.remembered)),
        streams=streams,
        figures=figures,
        scrape=_scrape(shape, figures),
        ready=ready,
        flush=flush,
        clock=shape.clock,
    )


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
        keys=shape.keys,
        blobs=shape.blobs,
        ids=shape.ids,
        uploads=shape.settings.uploads,
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


def _scrape(shape: Embedded, figures: WebFigures) -> Scrape:
    lanes = {
        shape.jobs.source: (PHOTO_LANE, VIDEO_LANE, FANOUT_LANE, UPKEEP_LANE),
        shape.events.source: (OUTBOX_TOPIC, *GROUPS),
    }
    worker = figures_path(shape.settings.directory / "run", "worker")
    return Scrape(figures, (shape.jobs, shape.events), lanes, worker, shape.clock)
