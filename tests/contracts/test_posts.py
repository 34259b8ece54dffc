"""What every PostStore promises."""

import asyncio
from functools import partial

import pytest
from msgspec.structs import replace

from calotype.bootstrap import Embedded
from calotype.connections.sql import Transaction
from calotype.kernel.errors import AlreadyExists, IllegalMove, NotFound
from calotype.kernel.ids import MAX_ID, shard_of
from calotype.posts.lifecycle import Status
from calotype.posts.post import Audience, Facts, Failure, MediumKind, MediumStatus, Place, Post
from calotype.posts.store import Advance, Changes, Standing
from tests.clocks import TickingClock
from tests.stores import AUTHOR_SHARD, House, move, new_post, publish, published, start

pytestmark = pytest.mark.anyio

EVERYONE = set(Audience)


@pytest.fixture
def author(shape: Embedded) -> int:
    return shape.ids.new(AUTHOR_SHARD)


def full_post(shape: Embedded, author_id: int) -> Post:
    post = new_post(shape, author_id, Audience.FOLLOWERS, photos=3)
    return replace(
        post,
        caption="Lacock #abbey, 'quoted' \"twice\" 🜁",
        tags=("abbey", "été"),
        mentions=("talbot",),
        place=Place("Lacock", 51.4, -2.1),
        media=tuple(replace(medium, alt_text=f"photo {medium.position}") for medium in post.media),
    )


async def test_a_post_comes_back_whole_after_a_cold_start(house: House) -> None:
    shape = house.open()
    post = await start(shape, full_post(shape, shape.ids.new(5)))
    await house.close()
    posts = house.open().posts
    assert await posts.get(post.post_id) == post
    medium = post.media[1]
    assert await posts.medium(medium.media_id) == (medium, post)
    assert await posts.get(post.post_id + 1) is None
    assert await posts.medium(12345) is None


async def test_media_come_in_their_position_not_in_the_order_of_ids(
    shape: Embedded, author: int
) -> None:
    post = full_post(shape, author)
    swapped = tuple(
        replace(medium, position=2 - medium.position) for medium in reversed(post.media)
    )
    await start(shape, replace(post, media=swapped))
    stored = await shape.posts.get(post.post_id)
    assert stored is not None
    assert stored.media == swapped


async def test_an_id_that_is_taken_is_refused_and_nothing_changes(
    shape: Embedded, author: int
) -> None:
    post = await start(shape, full_post(shape, author))
    twin = replace(new_post(shape, author), post_id=post.post_id)
    with pytest.raises(AlreadyExists):
        await start(shape, twin)
    other = new_post(shape, author)
    taken = replace(other.media[0], media_id=post.media[0].media_id)
    with pytest.raises(AlreadyExists):
        await start(shape, replace(other, media=(taken,)))
    assert await shape.posts.get(post.post_id) == post
    assert await shape.posts.get(other.post_id) is None


async def test_many_at_once_and_how_they_stand(shape: Embedded) -> None:
    authors = [shape.ids.new(shard) for shard in (1, 4_000)]
    first, second = [await published(shape, author, photos=2) for author in authors]
    wanted = [second.post_id, first.post_id, 12345, second.post_id]
    assert await shape.posts.by_ids(wanted) == {first.post_id: first, second.post_id: second}
    assert await shape.posts.standings(wanted) == {
        post.post_id: Standing(
            post.author_id, Status.PUBLISHED, Audience.EVERYONE, post.published_id
        )
        for post in (first, second)
    }
    assert await shape.posts.by_ids([]) == {}
    assert await shape.posts.standings([]) == {}
    assert len(await shape.posts.by_ids(range(1, 1_001))) == 0


async def test_media_are_settled_and_reopened_one_by_one(shape: Embedded, author: int) -> None:
    post = await start(shape, full_post(shape, author))
    facts = Facts(4_000, 3_000, "LEHV6nWB2yk8")
    ready, failed, waiting = (medium.media_id for medium in post.media)

    def settle(tx: Transaction) -> None:
        shape.posts.settle(tx, ready, facts)
        shape.posts.settle(tx, failed, Failure("truncated_image", "it is cut off"))

    await shape.core.write(AUTHOR_SHARD, settle)
    stored = await shape.posts.get(post.post_id)
    assert stored is not None
    assert [medium.status for medium in stored.media] == ["READY", "FAILED", "WAITING"]
    assert [medium.facts for medium in stored.media] == [facts, None, None]
    failure = (stored.media[1].reason_code, stored.media[1].reason)
    assert failure == ("truncated_image", "it is cut off")
    await shape.core.write(AUTHOR_SHARD, partial(shape.posts.reopen, media_id=failed))
    reopened = await shape.posts.medium(failed)
    assert reopened is not None
    assert (reopened[0].status, reopened[0].reason) == (MediumStatus.WAITING, "")
    assert reopened[0].reason_code == ""
    assert waiting not in (ready, failed)


async def test_a_video_keeps_its_kind_its_length_and_its_sound(
    shape: Embedded, author: int
) -> None:
    post = new_post(shape, author)
    film = replace(post.media[0], kind=MediumKind.VIDEO, content_type="video/mp4")
    await start(shape, replace(post, media=(film,)))
    facts = Facts(1920, 1080, "LEHV6nWB2yk8pyo0adR*", duration_ms=12_345, sound=True)
    await shape.core.write(
        AUTHOR_SHARD, partial(shape.posts.settle, media_id=film.media_id, outcome=facts)
    )
    found = await shape.posts.medium(film.media_id)
    assert found is not None
    assert (found[0].kind, found[0].facts, found[0].loops) == (MediumKind.VIDEO, facts, False)


async def test_advances_are_of_waiting_media_of_posts_in_processing(
    shape: Embedded, author: int
) -> None:
    post = await start(shape, new_post(shape, author, photos=3))
    other = await start(shape, new_post(shape, author, status=Status.CANCELLED))
    waiting, ready, _ = (medium.media_id for medium in post.media)

    def advance(tx: Transaction) -> None:
        for media_id in (waiting, ready, other.media[0].media_id):
            shape.posts.advance(tx, media_id, 40)
        shape.posts.settle(tx, ready, Facts(1, 1, "00TI:j"))
        shape.posts.advance(tx, ready, 60)

    await shape.core.write(AUTHOR_SHARD, advance)
    assert await shape.posts.advances(author, 10) == [Advance(post.post_id, waiting, 40)]
    assert await shape.posts.advances(author + 1, 10) == []
    stored = await shape.posts.get(post.post_id)
    assert stored is not None
    assert [medium.progress for medium in stored.media] == [40, 40, 0]
    await shape.core.write(AUTHOR_SHARD, partial(shape.posts.reopen, media_id=waiting))
    assert await shape.posts.advances(author, 10) == []


async def test_words_are_edited_and_nothing_else(shape: Embedded, author: int) -> None:
    post = await published(shape, author)
    changes = Changes(
        "new #words", ("words",), ("bob",), Place("Bath"), Audience.FOLLOWERS, 99, {}, {}
    )
    await shape.core.write(
        AUTHOR_SHARD, partial(shape.posts.edit, post_id=post.post_id, changes=changes)
    )
    assert await shape.posts.get(post.post_id) == replace(
        post,
        caption=changes.caption,
        tags=changes.tags,
        mentions=changes.mentions,
        place=changes.place,
        audience=changes.audience,
        edited_ms=changes.edited_ms,
    )


async def test_published_posts_are_paged_by_the_time_of_publishing(
    shape: Embedded, author: int
) -> None:
    started = [await start(shape, new_post(shape, author)) for _ in range(5)]
    followers_only = await published(shape, author, Audience.FOLLOWERS)
    for post in reversed(started):  # published in another order than created
        await publish(shape, post.post_id)
    await published(shape, shape.ids.new(AUTHOR_SHARD))  # someone else on the same shard
    expected = [post.post_id for post in started] + [followers_only.post_id]
    seen: list[int] = []
    before = MAX_ID
    while page := await shape.posts.published_ids(author, before, 2, EVERYONE):
        assert len(page) <= 2
        seen += [post_id for _, post_id in page]
        before = page[-1][0]
    assert seen == expected
    public = await shape.posts.published_ids(author, MAX_ID, 10, {Audience.EVERYONE})
    assert [post_id for _, post_id in public] == expected[:-1]
    assert await shape.posts.published_ids(author, MAX_ID, 10, set()) == []
    assert await shape.posts.published_count(author) == 6


async def test_own_posts_in_processing_are_listed_newest_first(
    shape: Embedded, author: int
) -> None:
    posts = [await start(shape, new_post(shape, author)) for _ in range(3)]
    await published(shape, author)
    ids = [post.post_id for post in reversed(posts)]
    assert await shape.posts.processing_ids(author, 10) == ids
    assert await shape.posts.processing_ids(author, 2) == ids[:2]


async def test_stuck_posts_are_listed_oldest_first_whatever_their_shard(
    shape: Embedded, clock: TickingClock
) -> None:
    posts = []
    for shard in (4_000, 2, 900):
        posts.append(await start(shape, new_post(shape, shape.ids.new(shard))))
        clock.advance(seconds=1)
    await published(shape, shape.ids.new(1))
    now = clock.now_ms()
    assert await shape.posts.stuck(now, 0, 10) == posts
    assert await shape.posts.stuck(now, 0, 2) == posts[:2]
    assert await shape.posts.stuck(now, posts[1].post_id, 2) == posts[2:4]
    assert await shape.posts.stuck(now - 1_500, 0, 10) == posts[:2]
    assert await shape.posts.stuck(now - 10_000, 0, 10) == []


async def test_all_that_someone_wrote_is_paged_oldest_first_but_what_is_purged(
    shape: Embedded, author: int
) -> None:
    posts = [await published(shape, author, Audience.FOLLOWERS) for _ in range(4)]
    posts.append(await start(shape, new_post(shape, author)))
    await published(shape, shape.ids.new(3))
    await move(shape, posts[0].post_id, Status.ARCHIVED)
    await move(shape, posts[2].post_id, Status.ARCHIVED, Status.PURGED)
    ids = [posts[at].post_id for at in (0, 1, 3, 4)]
    first = await shape.posts.written_by(author, 0, 3)
    assert [post.post_id for post in first] == ids[:3]
    rest = await shape.posts.written_by(author, ids[2], 3)
    assert rest == [posts[4]]


async def test_media_of_purged_or_unknown_posts_are_missing(shape: Embedded, author: int) -> None:
    kept, purged = [await published(shape, author, photos=2) for _ in range(2)]
    await move(shape, purged.post_id, Status.ARCHIVED)
    media = [medium.media_id for post in (kept, purged) for medium in post.media]
    assert await shape.posts.missing([*media, 12345]) == {12345}
    await move(shape, purged.post_id, Status.PURGED)
    assert await shape.posts.missing([*media, 12345]) == {12345, *media[2:]}
    assert await shape.posts.missing([]) == set()


async def test_a_move_keeps_the_count_the_reason_and_the_first_publishing(
    shape: Embedded, author: int
) -> None:
    post = await published(shape, author)
    assert await shape.posts.published_count(author) == 1
    for path, count in (
        ((Status.ARCHIVED,), 0),
        ((Status.PUBLISHED,), 1),
        ((Status.FLAGGED,), 0),
        ((Status.PUBLISHED,), 1),
        ((Status.FLAGGED, Status.REMOVED), 0),
        ((Status.PUBLISHED,), 1),
    ):
        await move(shape, post.post_id, *path)
        assert await shape.posts.published_count(author) == count
    again = await shape.posts.get(post.post_id)
    assert again is not None
    assert again.published_id == post.published_id
    await shape.core.write(
        AUTHOR_SHARD,
        partial(
            shape.posts.move,
            post_id=post.post_id,
            to=Status.FLAGGED,
            failure=Failure("reported", "why"),
        ),
    )
    flagged = await shape.posts.get(post.post_id)
    assert flagged is not None
    assert (flagged.status, flagged.reason) == (Status.FLAGGED, "why")


async def test_a_post_that_is_not_there_cannot_be_moved(shape: Embedded) -> None:
    with pytest.raises(NotFound):
        await move(shape, 12345, Status.PUBLISHED)
    assert await shape.posts.published_count(12345) == 0


class Refused(Exception):
    pass


async def test_a_transaction_that_fails_leaves_neither_post_nor_move(
    shape: Embedded, author: int
) -> None:
    standing, fresh = await published(shape, author), new_post(shape, author)

    def work(tx: Transaction) -> None:
        shape.posts.insert(tx, fresh)
        shape.posts.move(tx, standing.post_id, Status.ARCHIVED)
        raise Refused

    with pytest.raises(Refused):
        await shape.core.write(AUTHOR_SHARD, work)
    assert await shape.posts.get(fresh.post_id) is None
    assert await shape.posts.get(standing.post_id) == standing
    assert await shape.posts.published_count(author) == 1


async def test_of_two_racing_moves_one_wins_and_the_count_is_right(house: House) -> None:
    shapes = [house.open("one"), house.open("two")]
    author = shapes[0].ids.new(AUTHOR_SHARD)
    for _ in range(5):
        post = await published(shapes[0], author)
        ends = (Status.ARCHIVED, Status.FLAGGED)
        outcomes = await asyncio.gather(
            *(move(shape, post.post_id, end) for shape, end in zip(shapes, ends, strict=True)),
            return_exceptions=True,
        )
        (lost,) = [outcome for outcome in outcomes if outcome is not None]
        won = ends[outcomes.index(None)]
        assert isinstance(lost, IllegalMove)
        assert lost.details == {"state": won}
        stored = await shapes[0].posts.get(post.post_id)
        assert stored is not None
        assert stored.status == won
        assert await shapes[1].posts.published_count(author) == 0


async def test_of_two_racing_publishings_one_publishes(house: House) -> None:
    shapes = [house.open("one"), house.open("two")]
    author = shapes[0].ids.new(AUTHOR_SHARD)
    post = await start(shapes[0], new_post(shapes[0], author))
    outcomes = await asyncio.gather(
        *(publish(shape, post.post_id) for shape in shapes * 3), return_exceptions=True
    )
    assert sum(isinstance(outcome, Post) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, IllegalMove) for outcome in outcomes) == 5
    assert await shapes[0].posts.published_count(author) == 1
    assert shard_of(post.post_id) == AUTHOR_SHARD
