"""Processing a profile picture: idempotent, and nothing is left of one that is not wanted."""

from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest

from calotype.accounts.account import Account
from calotype.bootstrap import Embedded
from calotype.kernel.errors import BrokenImage
from calotype.kernel.ids import shard_of
from calotype.media.decoders import Decoders
from calotype.media.look import AS_IT_IS, Look
from calotype.media.renditions import RENDITIONS
from calotype.media.settings import MediaSettings
from calotype.media.wire import Rendered, RenderedFile
from calotype.profiles.avatars import Avatar, AvatarStatus
from calotype.profiles.process_avatar import LOST, ProcessAvatar
from calotype.uploads.keys import original_key
from tests.stores import AUTHOR_SHARD, opened

pytestmark = pytest.mark.anyio

PERSON_ID = (1 << 40) | AUTHOR_SHARD << 10


async def nothing() -> None:
    pass


class Painter(Decoders):
    """Renders in no time, after whatever happens meanwhile."""

    def __init__(self) -> None:
        super().__init__(MediaSettings(decoders=1))
        self.meanwhile: Callable[[], Awaitable[None]] = nothing

    async def render(self, path: Path, look: Look = AS_IT_IS) -> Rendered:
        await self.meanwhile()
        files = tuple(RenderedFile(each.name, 9, 9, each.name.encode()) for each in RENDITIONS)
        return Rendered(9, 9, "image/png", "hash", files)


@pytest.fixture
async def shape(tmp_path: Path) -> AsyncIterator[Embedded]:
    async with opened(tmp_path / "house") as shape:
        ada = Account(PERSON_ID, "ada")
        await shape.core.write(0, lambda tx: shape.accounts.create(tx, ada, "hash"))
        yield shape


@pytest.fixture
def painter() -> Painter:
    return Painter()


@pytest.fixture
def process(shape: Embedded, painter: Painter) -> ProcessAvatar:
    return ProcessAvatar(shape.core, shape.accounts, shape.avatars, shape.blobs, painter)


async def content() -> AsyncIterator[bytes]:
    yield b"a photo"


async def send(shape: Embedded) -> Avatar:
    avatar = Avatar(shape.ids.new(shard_of(PERSON_ID)), PERSON_ID, "key")
    await shape.blobs.put(original_key(PERSON_ID, avatar.media_id), content())
    await shape.core.write(0, partial(shape.avatars.add, avatar=avatar))
    return avatar


async def shown(shape: Embedded) -> int | None:
    return (await shape.people.accounts.by_id(PERSON_ID)).avatar_id


async def blobs(shape: Embedded) -> set[str]:
    return {blob.key async for blob in shape.blobs.list("")}


def files_of(avatar: Avatar) -> set[str]:
    made = {f"processed/{avatar.media_id}/key/w{width}.webp" for width in (150, 320, 640)}
    return made | {original_key(PERSON_ID, avatar.media_id)}


async def test_processing_twice_is_processing_once(shape: Embedded, process: ProcessAvatar) -> None:
    avatar = await send(shape)
    for _ in range(2):
        await process.process(avatar.media_id)
        assert await shown(shape) == avatar.media_id
        assert await blobs(shape) == files_of(avatar)
    await process.process(5)


async def test_second_try_clears_what_the_first_did_not(
    shape: Embedded, process: ProcessAvatar, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await send(shape)
    await process.process(first.media_id)
    second = await send(shape)

    async def killed(_key: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(shape.blobs, "delete", killed)
        with pytest.raises(KeyboardInterrupt):
            await process.process(second.media_id)
    assert await shown(shape) == second.media_id
    assert files_of(first) <= await blobs(shape)
    await process.process(second.media_id)
    assert await blobs(shape) == files_of(second)
    assert [each.media_id for each in await shape.avatars.of_person(PERSON_ID)] == [second.media_id]


async def test_what_was_removed_while_it_was_in_the_works_leaves_nothing(
    shape: Embedded, process: ProcessAvatar, painter: Painter
) -> None:
    avatar = await send(shape)

    async def remove() -> None:
        await shape.core.write(0, partial(shape.avatars.retire, user_id=PERSON_ID))
        await process.clear(PERSON_ID)
        # The decoder has the file open: its original is gone, and it ends all the same.

    painter.meanwhile = remove
    await process.process(avatar.media_id)
    assert await shown(shape) is None
    assert await blobs(shape) == set()


async def test_what_was_replaced_while_it_was_in_the_works_is_not_shown(
    shape: Embedded, process: ProcessAvatar, painter: Painter
) -> None:
    first = await send(shape)
    newer: list[Avatar] = []

    async def replace() -> None:
        painter.meanwhile = nothing
        newer.append(await send(shape))

    painter.meanwhile = replace
    await process.process(first.media_id)
    assert await shown(shape) is None
    await process.process(newer[0].media_id)
    assert await shown(shape) == newer[0].media_id
    assert await blobs(shape) == files_of(newer[0])


async def test_bad_or_lost_photo_says_why_and_may_be_replayed(
    shape: Embedded, process: ProcessAvatar, painter: Painter
) -> None:
    avatar = await send(shape)

    async def refuse() -> None:
        raise BrokenImage("it is broken")

    painter.meanwhile = refuse
    await process.process(avatar.media_id)
    failed = await shape.avatars.get(avatar.media_id)
    assert failed is not None
    assert (failed.status, failed.reason) == (AvatarStatus.FAILED, "it is broken")
    assert failed.reason_code == "broken_image"
    painter.meanwhile = nothing
    await process.process(avatar.media_id)
    assert await shown(shape) == avatar.media_id

    lost = await send(shape)
    await shape.blobs.delete(original_key(PERSON_ID, lost.media_id))
    await process.process(lost.media_id)
    found = await shape.avatars.get(lost.media_id)
    assert found is not None
    assert (found.reason_code, found.reason) == ("lost", LOST.reason)
    assert await shown(shape) == avatar.media_id
