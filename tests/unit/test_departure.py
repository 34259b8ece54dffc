"""Forgetting a person, cut off at every step and begun again."""

from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from calotype.accounts.account import Account
from calotype.bootstrap import Embedded, build_forget
from calotype.feed.timelines import Push
from calotype.kernel.ids import shard_of
from calotype.media.decoders import Decoders
from calotype.media.settings import MediaSettings
from calotype.profiles.avatars import Avatar
from calotype.profiles.process_avatar import ProcessAvatar
from calotype.ranking.ranker import Candidate
from calotype.uploads.keys import original_key
from tests.flows.test_delete_account import traces
from tests.stores import AUTHOR_SHARD, READER_SHARD, graph_of, new_post, opened, start

pytestmark = pytest.mark.anyio

CAPTION = "three windows"


class Cut(Exception):
    """The process is gone."""


class Allowance:
    """So many changes to the disk are made, the next one is cut off."""

    def __init__(self, shape: Embedded, changes: int) -> None:
        self._left = changes
        self._shape = shape
        self._restore: list[tuple[Any, str]] = []

    def __enter__(self) -> None:
        for thing in (self._shape.core, self._shape.timeline_database):
            self._meter(thing, "write")
        self._meter(self._shape.blobs, "delete")

    def __exit__(self, *_: object) -> None:
        for thing, name in self._restore:
            delattr(thing, name)

    def _meter(self, thing: Any, name: str) -> None:
        change: Callable[..., Awaitable[Any]] = getattr(thing, name)

        async def metered(*args: Any) -> Any:
            if self._left == 0:
                raise Cut
            self._left -= 1
            return await change(*args)

        setattr(thing, name, metered)
        self._restore.append((thing, name))


async def content() -> AsyncIterator[bytes]:
    yield CAPTION.encode()


async def someone_who_left(shape: Embedded) -> int:
    """A closed account whose marks are all still there."""
    user_id, other = shape.ids.new(AUTHOR_SHARD), shape.ids.new(READER_SHARD)
    shard = shard_of(user_id)
    account = Account(user_id, "Leaver", email="leaver@example.org")
    await shape.core.write(shard, lambda tx: shape.accounts.create(tx, account, "hash"))
    for name in ("leaver", "leaver@example.org"):
        await shape.people.names.reserve(name, user_id, "username")
        await shape.people.names.confirm(name, user_id)
    post = await start(shape, new_post(shape, user_id, photos=2))
    avatar = Avatar(shape.ids.new(shard), user_id, "key")
    await shape.core.write(shard, partial(shape.avatars.add, avatar=avatar))
    for media_id in (*(medium.media_id for medium in post.media), avatar.media_id):
        await shape.blobs.put(original_key(user_id, media_id), content())
        await shape.blobs.put(f"processed/{media_id}/key/w150.webp", content())
    await shape.blobs.put(original_key(user_id, 77), content())
    for follower, followee in ((user_id, other), (other, user_id)):
        await graph_of(shape).follow(follower, followee)
    entry = Candidate(shape.ids.new(shard), post.post_id, user_id)
    await shape.timelines.push([Push(other, entry), Push(user_id, entry)])
    await shape.notices.add(user_id, 1, "post.published", b"{}")
    await shape.keys.claim(user_id, "key")
    await shape.core.write(shard, partial(shape.accounts.bury, user_id=user_id))
    return user_id


def left_of(data: Path, user_id: int) -> set[str]:
    """Traces but for the edges' events, which no worker has passed on here."""
    words = (str(user_id), "leaver", CAPTION)
    return {where for where in traces(data, *words) if not where.startswith("outbox")}


@pytest.mark.parametrize("changes", [*range(0, 24, 2), 1_000])
async def test_forgetting_goes_on_where_it_was_cut_off(tmp_path: Path, changes: int) -> None:
    async with opened(tmp_path / "house") as shape:
        decoders = Decoders(MediaSettings(decoders=1))
        avatars = ProcessAvatar(shape.core, shape.accounts, shape.avatars, shape.blobs, decoders)
        forget = build_forget(shape, avatars)
        user_id = await someone_who_left(shape)
        data = shape.settings.directory
        tombstone = f"tombstones: {user_id}"
        assert len(left_of(data, user_id)) > 10
        try:
            with Allowance(shape, changes):
                await forget.forget(user_id)
        except Cut:
            assert changes < 1_000
            await forget.forget(user_id)
        assert left_of(data, user_id) == {tombstone}
        await forget.forget(user_id)
        assert left_of(data, user_id) == {tombstone}
