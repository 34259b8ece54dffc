"""What every adapter of the port to profile pictures must do."""

from functools import partial

import pytest

from calotype.bootstrap import Embedded
from calotype.kernel.ids import shard_of
from calotype.posts.post import Failure
from calotype.profiles.avatars import Avatar, AvatarStatus
from tests.stores import AUTHOR_SHARD, House

pytestmark = pytest.mark.anyio


@pytest.fixture
def person(shape: Embedded) -> int:
    return shape.ids.new(AUTHOR_SHARD)


async def add(shape: Embedded, user_id: int) -> Avatar:
    avatar = Avatar(shape.ids.new(shard_of(user_id)), user_id, "key")
    await shape.core.write(shard_of(user_id), partial(shape.avatars.add, avatar=avatar))
    return avatar


async def show(shape: Embedded, avatar: Avatar) -> None:
    await shape.core.write(0, partial(shape.avatars.show, avatar=avatar))


async def statuses(shape: Embedded, user_id: int) -> list[AvatarStatus]:
    return [avatar.status for avatar in await shape.avatars.of_person(user_id)]


async def test_a_picture_is_kept_whole_and_shown_once_it_is_ready(
    house: House, shape: Embedded, person: int
) -> None:
    avatar = await add(shape, person)
    assert await shape.avatars.shown_key(avatar.media_id) is None
    await show(shape, avatar)
    avatars = house.open("again").avatars
    kept = await avatars.get(avatar.media_id)
    assert kept == Avatar(avatar.media_id, person, "key", AvatarStatus.READY)
    assert await avatars.shown_key(avatar.media_id) == "key"
    assert await avatars.get(5) is None
    assert await avatars.shown_key(5) is None


async def test_what_waits_replaces_what_waited_and_what_is_shown_replaces_all(
    shape: Embedded, person: int
) -> None:
    other = await add(shape, shape.ids.new(AUTHOR_SHARD))
    await show(shape, await add(shape, person))
    await add(shape, person)
    newest = await add(shape, person)
    ready, waiting, replaced = AvatarStatus.READY, AvatarStatus.WAITING, AvatarStatus.REPLACED
    assert await statuses(shape, person) == [ready, replaced, waiting]
    await show(shape, newest)
    assert await statuses(shape, person) == [replaced, replaced, ready]
    assert await statuses(shape, other.user_id) == [waiting]


async def test_a_failure_says_why_and_does_not_hide_what_is_shown(
    shape: Embedded, person: int
) -> None:
    shown, failed = await add(shape, person), await add(shape, person)
    await shape.core.write(
        0, partial(shape.avatars.fail, media_id=failed.media_id, failure=Failure("x", "why"))
    )
    found = await shape.avatars.get(failed.media_id)
    assert found == Avatar(failed.media_id, person, "key", AvatarStatus.FAILED, "why", "x")
    await show(shape, failed)
    await shape.core.write(
        0, partial(shape.avatars.fail, media_id=failed.media_id, failure=Failure("x", "late"))
    )
    assert await statuses(shape, person) == [AvatarStatus.REPLACED, AvatarStatus.READY]
    assert await shape.avatars.shown_key(shown.media_id) is None


async def test_retired_pictures_are_known_until_they_are_removed(
    shape: Embedded, person: int
) -> None:
    avatar = await add(shape, person)
    await show(shape, avatar)
    await shape.core.write(0, partial(shape.avatars.retire, user_id=person))
    assert await statuses(shape, person) == [AvatarStatus.REPLACED]
    assert await shape.avatars.missing([avatar.media_id, 5]) == {5}
    for _ in range(2):
        await shape.core.write(0, partial(shape.avatars.remove, media_id=avatar.media_id))
    assert await statuses(shape, person) == []
    assert await shape.avatars.missing([avatar.media_id, 5]) == {avatar.media_id, 5}
    assert await shape.avatars.missing([]) == set()
