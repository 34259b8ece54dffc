"""The embedded shape over a directory of its own, and posts and people made without uploads."""

import functools
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa
from msgspec.structs import replace

from calotype.accounts.settings import AccountSettings
from calotype.bootstrap import Embedded, open_embedded, prepare
from calotype.connections.sql import Database, Transaction
from calotype.feed.timelines import Push
from calotype.graph.follow import Follow
from calotype.kernel.clock import Clock
from calotype.kernel.ids import shard_of
from calotype.kernel.leases import Leased
from calotype.posts.lifecycle import Status
from calotype.posts.post import Audience, Facts, Medium, MediumStatus, Post
from calotype.ranking.ranker import Candidate
from calotype.settings import Settings
from calotype.web.settings import RateSettings, WebSettings
from tests.clocks import ManualClock, TickingClock

Kind = Literal["embedded"]
# The shapes that every contract is held against.
KINDS: tuple[Kind, ...] = ("embedded",)

AUTHOR_SHARD, READER_SHARD = 7, 4_000


# Limits are the matter of tests/web/test_limits.py.
UNLIMITED = RateSettings(
    account=0,
    address=0,
    media=0,
    log_in_address=0,
    log_in_name=0,
    registration_address=0,
    registration_name=0,
    refresh_address=0,
    refresh_session=0,
)


class House:
    """One shape's data. What is opened twice are two processes over the same data."""

    def __init__(self, kind: Kind, directory: Path, clock: Clock | None = None) -> None:
        assert kind == "embedded"
        self.clock = clock or TickingClock()
        self.settings = Settings(
            data=str(directory),
            accounts=AccountSettings(argon2_memory_kib=8, argon2_passes=1),
            web=WebSettings(rates=UNLIMITED),
        )
        directory.mkdir(exist_ok=True)
        for name, content in _prepared().items():
            (directory / name).write_bytes(content)
        self.opened: list[Embedded] = []

    def open(self, role: str = "test") -> Embedded:
        shape = open_embedded(self.settings, role, self.clock)
        for database in (shape.core, shape.timeline_database):
            _forgo_fsync(database)
        self.opened.append(shape)
        return shape

    async def close(self) -> None:
        for shape in self.opened:
            await shape.close()


@asynccontextmanager
async def opened(directory: Path, clock: Clock | None = None) -> AsyncIterator[Embedded]:
    """One embedded shape over a fresh directory."""
    house = House("embedded", directory, clock)
    try:
        yield house.open()
    finally:
        await house.close()


@functools.cache
def _prepared() -> dict[str, bytes]:
    """The files of a fresh data directory: migrations run once for all tests."""
    with tempfile.TemporaryDirectory() as directory:
        prepare(Settings(data=directory))
        return {name: (Path(directory) / name).read_bytes() for name in _FILES}


_FILES = ("core.db", "timelines.db", "secret")


def _forgo_fsync(database: Database) -> None:
    """Power cuts are the matter of other tests."""

    def configure(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA synchronous=OFF")

    sa.event.listen(database.engine, "connect", configure)


def new_post(
    shape: Embedded,
    author_id: int,
    audience: Audience = Audience.EVERYONE,
    status: Status = Status.PROCESSING,
    photos: int = 1,
) -> Post:
    """A post that is stored nowhere yet, its photos waiting."""
    shard = shard_of(author_id)
    post_id = shape.ids.new(shard)
    return Post(
        post_id=post_id,
        author_id=author_id,
        status=status,
        caption="",
        tags=(),
        mentions=(),
        audience=audience,
        media=tuple(
            Medium(
                media_id=shape.ids.new(shard),
                post_id=post_id,
                author_id=author_id,
                position=position,
                key=f"key{position}",
                content_type="image/jpeg",
                size=1_000,
                sha256="0" * 64,
            )
            for position in range(photos)
        ),
    )


async def start(shape: Embedded, post: Post) -> Post:
    """Store a post as it is."""
    await shape.core.write(shard_of(post.post_id), lambda tx: shape.posts.insert(tx, post))
    return post


async def publish(shape: Embedded, post_id: int) -> Post:
    """Publish a post in PROCESSING, as the last of its photos would."""

    def publish(tx: Transaction) -> Post:
        post = shape.posts.load(tx, post_id)
        assert post is not None
        for medium in post.media:
            if medium.status == MediumStatus.WAITING:
                shape.posts.settle(tx, medium.media_id, Facts(640, 480, "LEHV6nWB2yk8pyo0adR*"))
        shape.posts.move(
            tx, post_id, Status.PUBLISHED, published_id=shape.ids.new(shard_of(post_id))
        )
        published = shape.posts.load(tx, post_id)
        assert published is not None
        return published

    return await shape.core.write(shard_of(post_id), publish)


async def published(
    shape: Embedded, author_id: int, audience: Audience = Audience.EVERYONE, photos: int = 1
) -> Post:
    post = await start(shape, new_post(shape, author_id, audience, photos=photos))
    return await publish(shape, post.post_id)


async def publish_many(
    shape: Embedded, clock: ManualClock, authors: Sequence[int], readers: Sequence[int]
) -> list[Post]:
    """A post by each, a millisecond after the other, in the readers' timelines."""
    posts = []
    for author in authors:
        clock.advance(ms=1)
        post = new_post(shape, author, status=Status.PUBLISHED)
        posts.append(replace(post, published_id=shape.ids.new(shard_of(author))))

    def insert(tx: Transaction) -> None:
        for post in posts:
            shape.posts.insert(tx, post)

    await shape.core.write(AUTHOR_SHARD, insert)
    entries = [Candidate(post.published_id or 0, post.post_id, post.author_id) for post in posts]
    await shape.timelines.push([Push(reader, entry) for reader in readers for entry in entries])
    return posts


async def move(shape: Embedded, post_id: int, *path: Status) -> None:
    """Move a post along a path of states, one transaction each."""
    for to in path:
        await shape.core.write(
            shard_of(post_id), functools.partial(shape.posts.move, post_id=post_id, to=to)
        )


def graph_of(shape: Embedded) -> Follow:
    return Follow(shape.core, shape.accounts, shape.graph, shape.outbox)


def lettered(lease: Leased) -> tuple[str, int]:
    """What tells one lease from another at a glance: key and attempt."""
    return lease.key, lease.attempt
