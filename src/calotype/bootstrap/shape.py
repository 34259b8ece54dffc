"""The embedded shape: its data directory, its engines and its stores."""

import fcntl
import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import Engine

from calotype.accounts.adapters.sql import sql_stores
from calotype.accounts.register import Policy
from calotype.accounts.room import AccountsRoom
from calotype.accounts.store import AccountStore
from calotype.blobs.adapters.disk import DiskBlobs
from calotype.blobs.adapters.partials import DiskPartials
from calotype.connections.changes import Here, Versions
from calotype.connections.doorbell import UnixDoorbell
from calotype.connections.migrate import Migrated, migrate, pending
from calotype.connections.sql import Database, sqlite_engine
from calotype.discovery.adapters.people import SqlPeopleIndex
from calotype.engagement.adapters.affinities import SqlAffinities
from calotype.engagement.adapters.comments import SqlComments
from calotype.engagement.adapters.marks import SqlMarks
from calotype.engagement.adapters.segments import SegmentLog
from calotype.engagement.adapters.tallies import SqlTallies
from calotype.events.adapters.sql import SqlEventLog, SqlOutbox
from calotype.feed.adapters.sql import SqlTimelines
from calotype.feed.adapters.visits import SqlVisits
from calotype.graph.adapters.celebrities import SqlCelebrities
from calotype.graph.adapters.sql import SqlGraph
from calotype.jobs.adapters.sql import SqlJobQueue
from calotype.kernel.clock import Clock, SystemClock
from calotype.kernel.deadletters import DeadLetters
from calotype.kernel.durable import sync
from calotype.kernel.errors import Misconfigured
from calotype.kernel.ids import IdFactory
from calotype.notify.adapters.sql import SqlNotices
from calotype.posts.adapters.idempotency import SqlIdempotencyKeys
from calotype.posts.adapters.rebuilds import SqlRebuilds
from calotype.posts.adapters.recent import SqlRecentPosts
from calotype.posts.adapters.sql import SqlPosts
from calotype.profiles.adapters.sql import SqlAvatars
from calotype.settings import Settings
from calotype.uploads.adapters.sql import SqlUploads
from calotype.workers.handlers import GROUPS

# The SQLite files.
DATABASES = ("core", "timelines")


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
    versions: Versions
    core: Database
    timeline_database: Database
    blobs: DiskBlobs
    partials: DiskPartials
    uploads: SqlUploads
    posts: SqlPosts
    graph: SqlGraph
    celebrities: SqlCelebrities
    recent: SqlRecentPosts
    rebuilds: SqlRebuilds
    visits: SqlVisits
    timelines: SqlTimelines
    jobs: SqlJobQueue
    outbox: SqlOutbox
    events: SqlEventLog
    keys: SqlIdempotencyKeys
    notices: SqlNotices
    avatars: SqlAvatars
    marks: SqlMarks
    tallies: SqlTallies
    comments: SqlComments
    affinities: SqlAffinities
    impressions: SegmentLog
    people_index: SqlPeopleIndex
    accounts: AccountStore
    people: AccountsRoom

    @property
    def owner(self) -> str:
        return _owner_of(self.role)

    @property
    def dead_letters(self) -> tuple[DeadLetters, ...]:
        return (self.jobs, self.events)

    async def close(self) -> None:
        await self.people.close()
        self.core.close()
        self.timeline_database.close()
        self.doorbell.close()  # last: the databases ring it after their last commits


def prepare(settings: Settings) -> list[Migrated]:
    """Make the data directory, its secret and its schemas. Idempotent; one process at a time.

    A database that is migrated is copied to `backups/` first.

    Raises:
        Misconfigured: the directory cannot be made or written, its schema is newer than ours or
            cannot be migrated, or there is no room for the copy.
    """
    directory = settings.directory
    with _usable(directory):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        (directory / "run").mkdir(mode=0o700, exist_ok=True)
        with _locked(directory / "run" / "prepare.lock"):
            _make_secret(directory / "secret")
            return [_migrate(directory, name) for name in DATABASES]


def must_migrate(settings: Settings) -> bool:
    """Whether there is a database here that `prepare` would migrate: one in use, and older."""
    directory = settings.directory
    with _usable(directory):
        steps = [_steps(directory, name) for name in DATABASES]
    return any(before not in {None, last} for before, last in steps)


def open_embedded(settings: Settings, role: str, clock: Clock | None = None) -> Embedded:
    """Open the stores of a prepared data directory; `clock` is the system's unless given."""
    directory = settings.directory
    clock = clock or SystemClock()
    ids = IdFactory(clock)
    doorbell = UnixDoorbell(directory / "run", role)
    versions = doorbell.witness = Versions()
    engines = (_engine(directory, name) for name in DATABASES)
    core, timeline_database = (
        Database(engine, doorbell, Here(versions, doorbell)) for engine in engines
    )
    longest_request_ms = int(settings.uploads.total_s * 2_000)
    stores = sql_stores()
    outbox = SqlOutbox(ids)
    tallies = SqlTallies(core, outbox)
    policy: Policy = "open" if settings.open_registration else "invitation"
    shape = Embedded(
        settings=settings,
        role=role,
        clock=clock,
        ids=ids,
        doorbell=doorbell,
        versions=versions,
        core=core,
        timeline_database=timeline_database,
        blobs=DiskBlobs(directory / "blobs"),
        partials=DiskPartials(directory / "blobs"),
        uploads=SqlUploads(core),
        posts=SqlPosts(core),
        graph=SqlGraph(core, ids),
        celebrities=SqlCelebrities(core),
        recent=SqlRecentPosts(core),
        rebuilds=SqlRebuilds(core),
        visits=SqlVisits(core),
        timelines=SqlTimelines(timeline_database),
        jobs=SqlJobQueue(core, ids, clock),
        outbox=outbox,
        events=SqlEventLog(core, clock, GROUPS),
        keys=SqlIdempotencyKeys(core, clock, _owner_of(role), longest_request_ms),
        notices=SqlNotices(core, ids, clock),
        avatars=SqlAvatars(core),
        marks=SqlMarks(core, ids, clock),
        tallies=tallies,
        comments=SqlComments(core, tallies),
        affinities=SqlAffinities(core),
        impressions=SegmentLog(directory / "impressions", clock),
        people_index=SqlPeopleIndex(core),
        accounts=stores.accounts,
        people=AccountsRoom(core, stores, settings.accounts, policy, ids, clock, outbox),
    )
    _number_on(shape)
    return shape


def _number_on(shape: Embedded) -> None:
    """Mint ids above all that are stored, also where the clock was set back (decision 011)."""
    numbered = (shape.posts, shape.notices, shape.jobs, shape.outbox, shape.events)
    if newest := shape.core.look(lambda tx: max(each.newest_id(tx) for each in numbered)):
        shape.ids.stay_above(newest)


def _owner_of(role: str) -> str:
    """Whose leases a process of this role holds."""
    return f"{role}@{socket.gethostname()}"


def _engine(directory: Path, name: str) -> Engine:
    return sqlite_engine(directory / f"{name}.db")


def _steps(directory: Path, name: str) -> tuple[str | None, str]:
    if not (directory / f"{name}.db").exists():
        return None, ""
    engine = _engine(directory, name)
    try:
        return pending(engine, name)
    finally:
        engine.dispose()


def _migrate(directory: Path, name: str) -> Migrated:
    engine = _engine(directory, name)
    try:
        return migrate(engine, name, directory / "backups")
    finally:
        engine.dispose()


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
    sync(path.parent)


@contextmanager
def _usable(directory: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Misconfigured(
            f"the data directory {os.fspath(directory)!r} cannot be used: {error.strerror}; "
            "choose another with CALOTYPE_DATA, or mend its permissions"
        ) from error


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
