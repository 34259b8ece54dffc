"""What the HTTP edge works with; bootstrap fills it in."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import anyio

from calotype.accounts.room import AccountsRoom
from calotype.audience.rule import AudienceRule
from calotype.delivery.serve import ServeMedia
from calotype.delivery.urls import MediaUrls
from calotype.departure.leave import Leave
from calotype.departure.take_along import TakeAlong
from calotype.discovery.explore import Explore
from calotype.discovery.find import FindPeople
from calotype.discovery.suggest import SuggestPeople
from calotype.engagement.discuss import Discuss
from calotype.engagement.impressions import ImpressionLog
from calotype.engagement.kept import KeptEngagement
from calotype.engagement.profile_visits import ProfileVisits
from calotype.engagement.react import React
from calotype.engagement.read import ReadMarks
from calotype.feed.presence import WelcomeReader
from calotype.feed.read import ReadFeed
from calotype.graph.follow import Follow
from calotype.graph.store import GraphStore
from calotype.kernel.clock import Clock
from calotype.notify.notices import NoticeStore
from calotype.notify.read import ReadNotices
from calotype.notify.stream import LiveStream
from calotype.posts.create import CreatePost
from calotype.posts.create_from_uploads import CreateFromUploads
from calotype.posts.drop import DropMedium
from calotype.posts.edit import EditPost
from calotype.posts.retry import RetryPost
from calotype.posts.store import PostStore
from calotype.posts.withdraw import WithdrawPost
from calotype.profiles.avatars import AvatarStore
from calotype.profiles.change_avatar import ChangeAvatar
from calotype.profiles.read import ReadProfile
from calotype.upkeep.dead_letters import AllDeadLetters
from calotype.upkeep.overview import ViewPlace
from calotype.uploads.abandon import AbandonUpload
from calotype.uploads.begin import BeginUpload
from calotype.uploads.take import TakeUpload
from calotype.uploads.target import UploadTarget
from calotype.web.bundle import Bundle
from calotype.web.figures import Scrape, WebFigures
from calotype.web.fragments import Fragments, JoinedPages
from calotype.web.hot import HotFiles
from calotype.web.rates import Rates
from calotype.web.settings import WebSettings
from calotype.web.streams import Streams

# Likes and saves in work at once. When 10,000 come at once, those who read meet two of them at
# most, not all; and as the disk takes one write after the other, more would not be faster.
REACTING = 2


@dataclass(frozen=True)
class Posting:
    """What authors do with their posts."""

    create: CreatePost
    create_from_uploads: CreateFromUploads
    edit: EditPost
    withdraw: WithdrawPost
    drop: DropMedium
    retry: RetryPost


@dataclass(frozen=True)
class Uploads:
    """Uploads apart from posts."""

    begin: BeginUpload
    take: TakeUpload
    abandon: AbandonUpload
    target: UploadTarget


@dataclass(frozen=True)
class Discovery:
    """People and posts that one does not follow yet."""

    find: FindPeople
    suggest: SuggestPeople
    explore: Explore


@dataclass(frozen=True)
class Engaging:
    """What others do about posts."""

    kept: KeptEngagement
    marks: ReadMarks
    react: React
    discuss: Discuss
    turns: anyio.Semaphore = field(
        default_factory=lambda: anyio.Semaphore(REACTING, fast_acquire=True)
    )
    """Held while a like or a save is put; the others wait in line."""


@dataclass(frozen=True)
class Notices:
    """What people are told, as a list and as it comes."""

    store: NoticeStore
    read: ReadNotices
    live: LiveStream


@dataclass(frozen=True)
class OwnersView:
    """What the owner alone may look at."""

    view: ViewPlace
    dead_letters: AllDeadLetters


@dataclass(frozen=True)
class Services:
    """Use cases and stores, by the names that handlers use."""

    people: AccountsRoom
    graph: GraphStore
    follow: Follow
    posts: PostStore
    posting: Posting
    uploads: Uploads
    audience: AudienceRule
    welcome: WelcomeReader
    feed: ReadFeed
    fragments: Fragments
    joined: JoinedPages
    profiles: ReadProfile
    discovery: Discovery
    engagement: Engaging
    impressions: ImpressionLog
    profile_visits: ProfileVisits
    change_avatar: ChangeAvatar
    avatars: AvatarStore
    leave: Leave
    take_along: TakeAlong
    media: ServeMedia
    hot: HotFiles
    urls: MediaUrls
    bundle: Bundle
    site_url: str
    """How people reach this place; empty if that is not known."""
    notices: Notices
    settings: WebSettings
    rates: Rates
    streams: Streams
    figures: WebFigures
    scrape: Scrape
    owner: OwnersView
    ready: Callable[[], Awaitable[None]]
    """Raises Unavailable while the stores do not answer."""
    flush: Callable[[], Awaitable[None]]
    """Writes what is gathered in memory; called before the stores are closed."""
    clock: Clock
    closing: anyio.Event = field(default_factory=anyio.Event)
    """Set when the server is told to stop: streams end."""
