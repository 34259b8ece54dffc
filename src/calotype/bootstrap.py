"""Builds the shape that the settings ask for: the only place that knows an adapter."""

import fcntl
import os
import secrets
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from calotype.accounts.adapters.sql import sql_stores
from calotype.accounts.register import Policy
from calotype.accounts.room import AccountsRoom
from calotype.accounts.store import AccountStore
from calotype.audience.rule import AudienceRule
from calotype.blobs.adapters.disk import DiskBlobs
from calotype.cache.adapters.memory import MemoryCache
from calotype.connections.doorbell import UnixDoorbell
from calotype.connections.migrate import migrate
from calotype.connections.sql import Database, sqlite_engine
from calotype.delivery.serve import ServeMedia
from calotype.delivery.urls import MediaUrls
from calotype.departure.leave import Forget, Leave
from calotype.events.adapters.sql import OUTBOX_TOPIC, SqlEventLog, SqlOutbox
from calotype.feed.adapters.sql import SqlTimelines
from calotype.feed.backfill import Backfill
from calotype.feed.candidates import Candidates
from calotype.feed.fanout import FANOUT_LANE, FanOut
from calotype.feed.read import ReadFeed
from calotype.feed.snapshot import Snapshots
from calotype.graph.adapters.sql import SqlGraph
from calotype.graph.follow import Follow
from calotype.jobs.adapters.sql import SqlJobQueue
from calotype.kernel.clock import Clock, SystemClock
from calotype.kernel.deadletters import DeadLetters
from calotype.kernel.errors import Misconfigured
from calotype.kernel.ids import IdFactory
from calotype.media.decoders import Decoders
from calotype.notify.adapters.sql import SqlNotices
from calotype.notify.stream import LiveStream
from calotype.notify.tell import TellAuthor
from calotype.posts.adapters.idempotency import SqlIdempotencyKeys
from calotype.posts.adapters.sql import SqlPosts
from calotype.posts.create import PHOTO_LANE, CreatePost
from calotype.posts.edit import EditPost
from calotype.posts.erase import ErasePosts
from calotype.posts.process import ProcessMedium
from calotype.posts.reconcile import Reconcile
from calotype.posts.withdraw import UPKEEP_LANE, WithdrawPost
from calotype.profiles.adapters.sql import SqlAvatars
from calotype.profiles.change_avatar import ChangeAvatar
from calotype.profiles.process_avatar import ProcessAvatar
from calotype.profiles.read import ReadProfile
from calotype.ranking.ranker import RecencyRanker
from calotype.settings import Settings
from calotype.uploads.sweep import AllReferences, Sweep
from calotype.web.services import Services
from calotype.workers.handlers import GROUPS, Handlers
from calotype.workers.lane import Lane
from calotype.workers.routine import Routine
from calotype.workers.run import Worker

SNAPSHOT_CACHE_BYTES = 32 * 1024 * 1024
# Work at once in lanes that wait for the database, not for a processor.
FANOUT_WIDTH = 2
EVENT_WIDTH = 4
SWEEP_EVERY_S = 900.0
TIDY_EVERY_S = 3_600.0


@dataclass(frozen=True)
class Embedded:
    """The embedded shape's engines and stores: SQLite, a directory, one process tree.

    `role` names this process (web, worker, cli); of a role there is one process at a time.
    """

    settings: Settings
    role: str
    clock: Clock
    ids: IdFactory
    doorbell: UnixDoorbell
    core: Database
    timeline_database: Database
    blobs: DiskBlobs
    posts: SqlPosts
    graph: SqlGraph
    timelines: SqlTimelines
    jobs: SqlJobQueue
    outbox: SqlOutbox
    events: SqlEventLog
    keys: SqlIdempotencyKeys
    notices: SqlNotices
    avatars: SqlAvatars
    accounts: AccountStore
    people: AccountsRoom

    @property
    def owner(self) -> str:
        return f"{self.role}@{socket.gethostname()}"

    @property
    def dead_letters(self) -> tuple[DeadLetters, ...]:
        return (self.jobs, self.events)

    async def close(self) -> None:
        await self.people.close()
        self.core.close()
        self.timeline_database.close()
        self.doorbell.close()  # last: the databases ring it after their last commits


def prepare(settings: Settings) -> None:
    """Make the data directory, its secret and its schemas. Idempotent; one process at a time.

    Raises:
        Misconfigured: the directory cannot be made or written, or its schema is newer than ours.
    """
    directory = settings.directory
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        (directory / "run").mkdir(mode=0o700, exist_ok=True)
        with _locked(directory / "run" / "prepare.lock"):
            _make_secret(directory / "secret")
            for name, synchronous in (("core", "FULL"), ("timelines", "NORMAL")):
                engine = sqlite_engine(directory / f"{name}.db", synchronous)
                migrate(engine, name)
                engine.dispose()
    except OSError as error:
        raise Misconfigured(
            f"the data directory {os.fspath(directory)!r} cannot be used: {error.strerror}; "
            "choose another with CALOTYPE_DATA, or mend its permissions"
        ) from error


def open_embedded(settings: Settings, role: str, clock: Clock | None = None) -> Embedded:
    """Open the stores of a prepared data directory; `clock` is the system's unless given."""
    directory = settings.directory
    clock = clock or SystemClock()
    ids = IdFactory(clock)
    doorbell = UnixDoorbell(directory / "run", role)
    core = Database(sqlite_engine(directory / "core.db", "FULL"), doorbell)
    timeline_database = Database(sqlite_engine(directory / "timelines.db", "NORMAL"), doorbell)
    owner = f"{role}@{socket.gethostname()}"
    longest_request_ms = int(settings.uploads.total_s * 2_000)
    stores = sql_stores()
    policy: Policy = "open" if settings.open_registration else "invitation"
    return Embedded(
        settings=settings,
        role=role,
        clock=clock,
        ids=ids,
        doorbell=doorbell,
        core=core,
        timeline_database=timeline_database,
        blobs=DiskBlobs(directory / "blobs"),
        posts=SqlPosts(core),
        graph=SqlGraph(core, ids),
        timelines=SqlTimelines(timeline_database),
        jobs=SqlJobQueue(core, ids, clock),
        outbox=SqlOutbox(ids),
        events=SqlEventLog(core, clock, GROUPS),
        keys=SqlIdempotencyKeys(core, clock, owner, longest_request_ms),
        notices=SqlNotices(core, ids, clock),
        avatars=SqlAvatars(core),
        accounts=stores.accounts,
        people=AccountsRoom(core, stores, settings.accounts, policy, ids, clock),
    )


def build_services(shape: Embedded) -> Services:
    """What the HTTP edge works with."""
    rule = AudienceRule(shape.graph)
    secret = (shape.settings.directory / "secret").read_bytes()
    urls = MediaUrls(secret, shape.settings.public_url, shape.clock)
    snapshots = Snapshots(
        MemoryCache(SNAPSHOT_CACHE_BYTES, shape.clock), shape.settings.feed.snapshot_s
    )

    async def ready() -> None:
        await shape.people.accounts.by_ids([1])
        await shape.timelines.page(1, 1, 1)

    return Services(
        people=shape.people,
        graph=shape.graph,
        follow=Follow(shape.core, shape.accounts, shape.graph, shape.outbox),
        posts=shape.posts,
        create_post=CreatePost(
            database=shape.core,
            accounts=shape.accounts,
            posts=shape.posts,
            jobs=shape.jobs,
            outbox=shape.outbox,
            keys=shape.keys,
            blobs=shape.blobs,
            ids=shape.ids,
            uploads=shape.settings.uploads,
        ),
        edit_post=EditPost(shape.core, shape.posts, shape.clock),
        withdraw_post=_withdraw(shape),
        audience=rule,
        feed=ReadFeed(
            posts=shape.posts,
            candidates=Candidates(shape.posts, shape.graph, shape.timelines),
            ranker=RecencyRanker(),
            snapshots=snapshots,
            clock=shape.clock,
            ranked_together=shape.settings.feed.candidates,
        ),
        profiles=ReadProfile(shape.people.accounts, shape.posts, shape.graph, rule),
        change_avatar=ChangeAvatar(
            database=shape.core,
            accounts=shape.accounts,
            avatars=shape.avatars,
            jobs=shape.jobs,
            blobs=shape.blobs,
            ids=shape.ids,
            uploads=shape.settings.uploads,
        ),
        avatars=shape.avatars,
        leave=Leave(shape.people.close_account, shape.jobs),
        media=ServeMedia(shape.posts, shape.avatars, shape.blobs, rule, urls),
        urls=urls,
        blobs=shape.blobs,
        live=LiveStream(shape.notices, shape.doorbell.listen),
        ready=ready,
    )


def build_worker(shape: Embedded, decoders: Decoders) -> Worker:
    """The worker that does everything: all lanes, all groups, the relay, the routines."""
    return build_lanes(shape, build_handlers(shape, decoders), _routines(shape))


def build_handlers(shape: Embedded, decoders: Decoders) -> Handlers:
    """The use cases that workers run."""
    avatars = ProcessAvatar(shape.core, shape.accounts, shape.avatars, shape.blobs, decoders)
    return Handlers(
        process=ProcessMedium(
            database=shape.core,
            posts=shape.posts,
            blobs=shape.blobs,
            decoders=decoders,
            outbox=shape.outbox,
            ids=shape.ids,
        ),
        withdraw=_withdraw(shape),
        fanout=FanOut(shape.core, shape.posts, shape.graph, shape.timelines, shape.jobs),
        backfill=Backfill(shape.posts, shape.graph, shape.timelines),
        author=TellAuthor(shape.posts, shape.notices),
        avatars=avatars,
        forget=build_forget(shape, avatars),
    )


def build_lanes(shape: Embedded, handlers: Handlers, routines: Sequence[Routine] = ()) -> Worker:
    """A worker of these handlers over all lanes and groups."""
    widths = {
        PHOTO_LANE: shape.settings.media.decoders,
        FANOUT_LANE: FANOUT_WIDTH,
        UPKEEP_LANE: 1,
    }
    lanes = [
        Lane(shape.jobs, name, widths[name], kinds, shape.owner, shape.clock)
        for name, kinds in handlers.jobs().items()
    ] + [
        Lane(shape.events, group, EVENT_WIDTH, kinds, shape.owner, shape.clock)
        for group, kinds in handlers.events().items()
    ]
    return Worker(shape.doorbell, shape.events, OUTBOX_TOPIC, lanes, routines)


def build_forget(shape: Embedded, avatars: ProcessAvatar) -> Forget:
    """Every room that keeps something of a person.

    Posts first and what is made of them last: work that had read a post before it was erased has
    written by then.
    """
    return Forget(
        (
            ErasePosts(shape.core, shape.posts, shape.blobs),
            avatars,
            shape.graph,
            shape.keys,
            shape.people.forget_names,
            shape.notices,
            shape.timelines,
        )
    )


def _routines(shape: Embedded) -> list[Routine]:
    posts = shape.settings.posts
    reconcile = Reconcile(
        shape.core, shape.posts, shape.jobs, shape.clock, posts.stuck_after_s * 1_000
    )

    async def tidy_accounts() -> None:
        await shape.people.sweep(shape.clock.now_ms())

    references = AllReferences(shape.posts, shape.avatars)
    sweep = Sweep(shape.blobs, references, shape.clock, shape.settings.uploads)
    return [
        Routine("reconcile", posts.reconcile_every_s, reconcile.reconcile),
        Routine("sweep", SWEEP_EVERY_S, sweep.run),
        Routine("tidy accounts", TIDY_EVERY_S, tidy_accounts),
        Routine("tidy keys", TIDY_EVERY_S, shape.keys.sweep),
        Routine("tidy notices", TIDY_EVERY_S, shape.notices.sweep),
    ]


def _withdraw(shape: Embedded) -> WithdrawPost:
    return WithdrawPost(shape.core, shape.posts, shape.jobs, shape.blobs)


def _make_secret(path: Path) -> None:
    """32 random bytes, readable by the owner of the directory alone; kept once made."""
    if path.exists():
        return
    fresh = path.with_name(f"{path.name}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(32))
        file.flush()
        os.fsync(descriptor)
    fresh.rename(path)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
