"""What every CelebrityStore and RecentPosts promises, and the line that authors cross."""

from functools import partial

import pytest

from calotype.bootstrap import Embedded, celebrity_posts, fan_out
from calotype.engagement.affinity import Act, Touch
from calotype.feed import celebrities as room
from calotype.feed.celebrities import CelebrityLine
from calotype.feed.fanout import FANOUT_LANE
from calotype.graph.celebrities import Fame
from calotype.kernel.ids import MAX_ID, shard_of
from calotype.posts.lifecycle import Status
from calotype.posts.post import Audience
from tests.clocks import DAY_MS, ManualClock, TickingClock
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


async def rise(shape: Embedded, user_id: int, at_ms: int) -> None:
    rise = partial(shape.celebrities.rise, user_id=user_id, now_ms=at_ms)
    await shape.core.write(shard_of(user_id), rise)


async def fall(shape: Embedded, user_id: int, at_ms: int) -> None:
    fall = partial(shape.celebrities.fall, user_id=user_id, now_ms=at_ms)
    await shape.core.write(shard_of(user_id), fall)


async def test_fame_tells_since_when_and_until_when(house: House) -> None:
    shape = house.open()
    author = shape.ids.new(AUTHOR_SHARD)
    assert await shape.celebrities.fame(author) is None
    await fall(shape, author, 5)
    assert await shape.celebrities.fame(author) is None
    for at_ms in (10, 20):
        await rise(shape, author, at_ms)
    assert await shape.celebrities.fame(author) == Fame(10, 0)
    for at_ms in (30, 40):
        await fall(shape, author, at_ms)
    assert await house.open("again").celebrities.fame(author) == Fame(10, 30)
    await rise(shape, author, 50)
    assert await shape.celebrities.fame(author) == Fame(50, 0)
    for _ in range(2):
        await shape.celebrities.forget(author)
    assert await shape.celebrities.fame(author) is None


async def test_a_reader_is_told_of_the_followed_ones_and_of_those_who_fell_lately(
    shape: Embedded,
) -> None:
    reader = shape.ids.new(READER_SHARD)
    famous, fallen, forgotten, stranger = (shape.ids.new(shard) for shard in (1, 2, 3, 4))
    plain = shape.ids.new(5)
    for author in (famous, fallen, forgotten, plain):
        await graph_of(shape).follow(reader, author)
    for author in (famous, fallen, forgotten, stranger):
        await rise(shape, author, 10)
    await fall(shape, forgotten, 20)
    await fall(shape, fallen, 21)
    assert set(await shape.celebrities.followed_by(reader, 20)) == {famous, fallen}
    await graph_of(shape).unfollow(reader, famous)
    assert await shape.celebrities.followed_by(reader, 20) == [fallen]


async def test_the_newest_for_everyone_are_of_all_authors_and_of_no_other_audience(
    shape: Embedded, clock: TickingClock
) -> None:
    posts = []
    for at in range(6):
        clock.advance(ms=1)  # so that ids of different shards keep the order
        audience = Audience.FOLLOWERS if at == 3 else Audience.EVERYONE
        posts.append(await published(shape, shape.ids.new(at), audience))
    await move(shape, posts[1].post_id, Status.ARCHIVED)
    await start(shape, new_post(shape, shape.ids.new(9)))
    expected = [posts[at].post_id for at in (5, 4, 2, 0)]
    newest = await shape.recent.newest_for_everyone(MAX_ID, 10)
    assert [each.post_id for each in newest] == expected
    below = await shape.recent.newest_for_everyone(newest[0].published_id, 2)
    assert [each.post_id for each in below] == expected[1:3]


async def test_newest_of_several_authors_each_with_their_own(shape: Embedded) -> None:
    one, other, silent = (shape.ids.new(shard) for shard in (1, 2, 3))
    posts = {author: [await published(shape, author) for _ in range(3)] for author in (one, other)}
    await move(shape, posts[one][2].post_id, Status.ARCHIVED)
    found = await shape.recent.newest_of([one, other, silent], MAX_ID, 2)
    assert {author: [each.post_id for each in newest] for author, newest in found.items()} == {
        one: [posts[one][1].post_id, posts[one][0].post_id],
        other: [posts[other][2].post_id, posts[other][1].post_id],
        silent: [],
    }
    before = posts[other][2].published_id
    assert before is not None
    (below,) = (await shape.recent.newest_of([other], before, 1))[other]
    assert (below.post_id, below.author_id) == (posts[other][1].post_id, other)
    many = [shape.ids.new(9) for _ in range(250)]
    assert (await shape.recent.newest_of([*many, one], MAX_ID, 1))[one]


async def test_the_line_is_crossed_at_the_threshold_and_back_below_nine_tenths(
    shape: Embedded,
) -> None:
    line = CelebrityLine(shape.core, shape.graph, shape.celebrities, shape.clock, threshold=10)
    author = shape.ids.new(AUTHOR_SHARD)
    fans = [shape.ids.new(READER_SHARD) for _ in range(10)]
    beyond = []
    for fan in fans:
        await graph_of(shape).follow(fan, author)
        beyond.append(await line.is_beyond(author))
    assert beyond == [False] * 9 + [True]
    beyond = []
    for fan in fans[:3]:
        await graph_of(shape).unfollow(fan, author)
        beyond.append(await line.is_beyond(author))
    assert beyond == [True, False, False]


async def test_a_celebritys_post_is_no_job_for_anyone_and_merged_at_once(
    shape: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    author, fan = shape.ids.new(AUTHOR_SHARD), shape.ids.new(READER_SHARD)
    await graph_of(shape).follow(fan, author)
    await rise(shape, author, shape.clock.now_ms())
    monkeypatch.setattr(room, "REMAINS_ABOVE", 0.0)
    post = await published(shape, author)
    await fan_out(shape).plan(post.post_id)
    assert await shape.jobs.lease(FANOUT_LANE, 10, "ada") == []
    (seen,) = await celebrity_posts(shape).window(fan, MAX_ID, 10)
    assert seen.post_id == post.post_id
    assert await celebrity_posts(shape).window(author, MAX_ID, 10) == []


async def test_who_is_one_no_more_is_merged_for_thirty_days(house: House) -> None:
    shape = house.open()
    author, fan = shape.ids.new(AUTHOR_SHARD), shape.ids.new(READER_SHARD)
    await graph_of(shape).follow(fan, author)
    await published(shape, author)
    await rise(shape, author, house.clock.now_ms())
    await fall(shape, author, house.clock.now_ms())
    posts = celebrity_posts(shape)
    assert isinstance(house.clock, ManualClock)
    house.clock.advance(ms=30 * DAY_MS - 1)
    assert len(await posts.window(fan, MAX_ID, 10)) == 1
    house.clock.advance(ms=1)
    assert await posts.window(fan, MAX_ID, 10) == []


async def test_ranked_feeds_get_five_posts_of_the_ten_closest(shape: Embedded) -> None:
    fan = shape.ids.new(READER_SHARD)
    authors = [shape.ids.new(shard) for shard in range(1, 13)]
    posts = {}
    for author in authors:
        await graph_of(shape).follow(fan, author)
        await rise(shape, author, 1)
        posts[author] = [(await published(shape, author)).post_id for _ in range(6)]
    closest = authors[0]
    now_ms = shape.clock.now_ms()
    await shape.affinities.add([Touch(fan, closest, Act.LIKE, now_ms, cause=1)])
    source = celebrity_posts(shape)
    picked = await source.picked(fan, await source.followed(fan), MAX_ID)
    assert [each.published_id for each in picked] == sorted(
        (each.published_id for each in picked), reverse=True
    )
    chosen = [closest, *authors[3:]]
    wanted = {post_id for author in chosen for post_id in posts[author][1:]}
    assert {each.post_id for each in picked} == wanted
