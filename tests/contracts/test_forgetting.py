"""What every store must do when a person leaves, and what it must leave to others."""

from functools import partial

import pytest

from calotype.bootstrap import Embedded
from calotype.feed.timelines import Push
from calotype.graph.store import FollowCounts
from calotype.kernel.errors import NotFound
from calotype.kernel.ids import MAX_ID, shard_of
from calotype.posts.lifecycle import Status
from calotype.ranking.ranker import Candidate
from tests.stores import (
    AUTHOR_SHARD,
    READER_SHARD,
    House,
    graph_of,
    move,
    new_post,
    published,
    start,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
def leaver(shape: Embedded) -> int:
    return shape.ids.new(AUTHOR_SHARD)


@pytest.fixture
def stayer(shape: Embedded) -> int:
    return shape.ids.new(READER_SHARD)


async def test_posts_are_erased_in_every_state_with_their_media_and_count(
    house: House, shape: Embedded, leaver: int, stayer: int
) -> None:
    archived = await published(shape, leaver)
    await move(shape, archived.post_id, Status.ARCHIVED, Status.PURGED)
    posts = [archived, await published(shape, leaver, photos=3)]
    posts.append(await start(shape, new_post(shape, leaver)))
    kept = await published(shape, stayer)
    found = await shape.posts.of_author(leaver, 10)
    assert {post.post_id for post in found} == {post.post_id for post in posts}
    assert len(await shape.posts.of_author(leaver, 2)) == 2
    ids = [post.post_id for post in posts]
    for _ in range(2):
        await shape.core.write(
            shard_of(leaver), partial(shape.posts.remove, author_id=leaver, post_ids=ids)
        )
    again = house.open("again").posts
    assert await again.of_author(leaver, 10) == []
    assert await again.by_ids(ids) == {}
    assert await again.medium(posts[1].media[0].media_id) is None
    assert await again.published_count(leaver) == 0
    assert await again.by_ids([kept.post_id]) == {kept.post_id: kept}
    assert await again.published_count(stayer) == 1


async def test_posts_of_another_author_are_never_erased(
    shape: Embedded, leaver: int, stayer: int
) -> None:
    kept = await published(shape, stayer)
    erase = partial(shape.posts.remove, author_id=leaver, post_ids=[kept.post_id])
    await shape.core.write(shard_of(leaver), erase)
    assert await shape.posts.get(kept.post_id) == kept


async def test_edges_go_in_both_directions_and_counts_follow(
    house: House, shape: Embedded, leaver: int, stayer: int
) -> None:
    follow = graph_of(shape).follow
    others = [shape.ids.new(number) for number in range(120)]  # more than a transaction's worth
    for other in others:
        await follow(other, leaver)
    for other in others[:5]:
        await follow(leaver, other)
        await follow(other, stayer)
    for _ in range(2):
        await shape.graph.forget(leaver)
    graph = house.open("again").graph
    assert await graph.counts(leaver) == FollowCounts()
    assert await graph.followers(leaver, MAX_ID, 10) == []
    assert await graph.following(leaver, MAX_ID, 10) == []
    assert await graph.counts(others[0]) == FollowCounts(followers=0, following=1)
    assert await graph.counts(others[-1]) == FollowCounts()
    assert await graph.followers(others[0], MAX_ID, 10) == []
    assert await graph.following_among(others[0], [leaver, stayer]) == {stayer}
    assert await graph.counts(stayer) == FollowCounts(followers=5)


async def test_timelines_lose_their_reader_and_their_author(
    house: House, shape: Embedded, leaver: int, stayer: int
) -> None:
    other = shape.ids.new(AUTHOR_SHARD)
    readers = [shape.ids.new(number % 4096) for number in range(1_200)]
    theirs = Candidate(shape.ids.new(AUTHOR_SHARD), 11, leaver)
    kept = Candidate(shape.ids.new(AUTHOR_SHARD), 22, other)
    pushes = [Push(reader, entry) for reader in readers for entry in (theirs, kept)]
    own = [
        Push(leaver, Candidate(shape.ids.new(READER_SHARD), number, stayer))
        for number in range(700)
    ]
    await shape.timelines.push([*pushes, *own])
    for _ in range(2):
        await shape.timelines.forget(leaver)
    timelines = house.open("again").timelines
    assert await timelines.page(leaver, MAX_ID, 10) == []
    for reader in readers:
        assert await timelines.page(reader, MAX_ID, 10) == [kept]


async def test_notices_and_keys_go_with_their_person(
    house: House, shape: Embedded, leaver: int, stayer: int
) -> None:
    for person in (leaver, stayer):
        await shape.notices.add(person, 1, "post.published", b"{}")
        await shape.keys.claim(person, "key")
    for _ in range(2):
        await shape.notices.forget(leaver)
        await shape.keys.forget(leaver)
    again = house.open("again")
    assert await again.notices.after(leaver, 0, 10) == []
    assert len(await again.notices.after(stayer, 0, 10)) == 1
    assert await again.keys.claim(leaver, "key") is None, "it is free"
    assert await again.keys.claim(stayer, "key") is not None


async def test_nobody_follows_those_who_left(shape: Embedded, leaver: int, stayer: int) -> None:
    for _ in range(2):
        await shape.core.write(shard_of(leaver), partial(shape.accounts.bury, user_id=leaver))
    for follower, followee in ((leaver, stayer), (stayer, leaver)):
        with pytest.raises(NotFound):
            await graph_of(shape).follow(follower, followee)
    assert await shape.graph.counts(stayer) == FollowCounts()
