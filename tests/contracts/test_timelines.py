"""What every TimelineStore promises, and the fan-out and backfill that fill it."""

import asyncio

import msgspec
import pytest

from calotype.bootstrap import Embedded, fan_out
from calotype.feed import fanout
from calotype.feed.adapters import sql
from calotype.feed.backfill import BACKFILLED, Backfill
from calotype.feed.fanout import FANOUT_LANE, Chunk
from calotype.feed.timelines import Push
from calotype.kernel.ids import MAX_ID
from calotype.posts.lifecycle import Status
from calotype.ranking.ranker import Candidate
from tests.stores import AUTHOR_SHARD, READER_SHARD, House, graph_of, move, published

pytestmark = pytest.mark.anyio

READER, OTHER = 8_000_001, 8_000_002


def entry(published_id: int) -> Candidate:
    return Candidate(published_id, published_id - 1, 77)


async def test_entries_come_newest_first_whatever_the_order_of_pushing(house: House) -> None:
    shape = house.open()
    await shape.timelines.push([Push(READER, entry(n)) for n in (30, 10, 50)])
    await shape.timelines.push([Push(READER, entry(n)) for n in (20, 40)])
    await shape.timelines.push([Push(OTHER, entry(60))])
    await house.close()
    timelines = house.open().timelines
    assert await timelines.page(READER, MAX_ID, 10) == [entry(n) for n in (50, 40, 30, 20, 10)]
    assert await timelines.page(READER, 40, 2) == [entry(30), entry(20)]
    assert await timelines.page(READER, 10, 2) == []
    assert await timelines.page(OTHER + 1, MAX_ID, 2) == []


async def test_it_tells_which_entries_it_holds(shape: Embedded) -> None:
    await shape.timelines.push([Push(READER, entry(n)) for n in (10, 20)])
    assert await shape.timelines.holds(READER, [10, 20, 30]) == {10, 20}
    assert await shape.timelines.holds(READER, []) == set()
    assert await shape.timelines.holds(OTHER, [10]) == set()


async def test_pushing_again_changes_nothing(shape: Embedded) -> None:
    pushes = [Push(READER, entry(n)) for n in (1, 2, 3)]
    await shape.timelines.push(pushes)
    await shape.timelines.push([*pushes, Push(READER, entry(4))])
    await shape.timelines.push([])
    assert await shape.timelines.page(READER, MAX_ID, 10) == [entry(n) for n in (4, 3, 2, 1)]


async def test_many_pushes_by_two_processes_at_once_all_arrive(house: House) -> None:
    shapes = [house.open("one"), house.open("two")]
    many = 2 * sql.CHUNK + 1
    await asyncio.gather(
        *(
            shape.timelines.push([Push(READER, entry(n * 2 + at)) for n in range(1, many)])
            for at, shape in enumerate(shapes)
        )
    )
    page = await shapes[0].timelines.page(READER, MAX_ID, 3 * many)
    assert page == [entry(n) for n in range(2 * many - 1, 1, -1)]


class People:
    def __init__(self, shape: Embedded, followers: int) -> None:
        self.shape = shape
        self.author = shape.ids.new(AUTHOR_SHARD)
        self.followers = [shape.ids.new(READER_SHARD) for _ in range(followers)]
        self.fanout = fan_out(shape)
        self.backfill = Backfill(shape.posts, shape.graph, shape.timelines)

    async def follow(self) -> None:
        for follower in self.followers:
            await graph_of(self.shape).follow(follower, self.author)

    async def chunks(self) -> list[Chunk]:
        """What is waiting in the fan-out's lane."""
        jobs = await self.shape.jobs.lease(FANOUT_LANE, 100, "ada")
        return [msgspec.msgpack.decode(job.payload, type=Chunk) for job in jobs]

    async def posts_of(self, reader: int) -> list[int]:
        page = await self.shape.timelines.page(reader, MAX_ID, 100)
        return [each.post_id for each in page]


async def test_a_fan_out_in_chunks_reaches_every_follower_once(
    shape: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fanout, "CHUNK", 3)
    people = People(shape, 8)
    await people.follow()
    post = await published(shape, people.author)
    await people.fanout.plan(post.post_id)
    await people.fanout.plan(post.post_id)
    chunks = await people.chunks()
    assert len(chunks) == 3
    for chunk in [*chunks, chunks[0]]:
        await people.fanout.push(chunk)
    for follower in people.followers:
        assert await people.posts_of(follower) == [post.post_id]


async def test_who_follows_while_a_fan_out_runs_pushes_nobody_out_of_it(
    shape: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fanout, "CHUNK", 3)
    people = People(shape, 6)
    late, people.followers = people.followers[1], people.followers[:1] + people.followers[2:]
    await people.follow()
    post = await published(shape, people.author)
    await people.fanout.plan(post.post_id)
    chunks = await people.chunks()
    await graph_of(shape).follow(late, people.author)
    for chunk in chunks:
        await people.fanout.push(chunk)
    for follower in people.followers:
        assert await people.posts_of(follower) == [post.post_id]


async def test_a_post_that_was_withdrawn_meanwhile_is_not_pushed(shape: Embedded) -> None:
    people = People(shape, 2)
    await people.follow()
    post = await published(shape, people.author)
    await people.fanout.plan(post.post_id)
    (chunk,) = await people.chunks()
    await move(shape, post.post_id, Status.ARCHIVED)
    await people.fanout.push(chunk)
    await people.fanout.plan(post.post_id)
    await people.fanout.plan(12345)
    assert await people.posts_of(people.followers[0]) == []
    assert await people.chunks() == []


async def test_a_follow_brings_the_last_ten_posts_once_if_it_still_stands(shape: Embedded) -> None:
    people = People(shape, 1)
    (follower,) = people.followers
    posts = [(await published(shape, people.author)).post_id for _ in range(BACKFILLED + 2)]
    await people.backfill.backfill(follower, people.author)
    assert await people.posts_of(follower) == []
    await people.follow()
    for _ in range(2):
        await people.backfill.backfill(follower, people.author)
    assert await people.posts_of(follower) == posts[: -BACKFILLED - 1 : -1]
