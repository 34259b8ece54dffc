"""A process that starts with its clock a day behind over data of the day after (decision 011)."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from calotype.accounts.create import NewPerson
from calotype.bootstrap import Embedded, build_services
from calotype.feed.read import Order
from calotype.feed.timelines import Push
from calotype.kernel.errors import TokenReused, Unauthenticated
from calotype.posts.post import Audience, Post
from calotype.ranking.ranker import Candidate
from tests.clocks import TickingClock
from tests.stores import AUTHOR_SHARD, READER_SHARD, House, graph_of, published

pytestmark = pytest.mark.anyio

DAY_S = 86_400


@pytest.fixture
def clock() -> TickingClock:
    return TickingClock()


@pytest.fixture
async def house(tmp_path: Path, clock: TickingClock) -> AsyncIterator[House]:
    house = House("embedded", tmp_path / "house", clock)
    yield house
    await house.close()


async def _publish(shape: Embedded, author: int, *readers: int) -> Post:
    """Publish a post as the worker does: into the timelines, and with a notice."""
    post = await published(shape, author)
    assert post.published_id is not None
    entry = Candidate(post.published_id, post.post_id, author)
    await shape.timelines.push([Push(reader, entry) for reader in readers])
    await shape.notices.add(author, post.post_id, "post.published", b"{}")
    return post


async def _feed(
    shape: Embedded, reader: int, order: Order, cursor: str | None = None, limit: int = 20
) -> tuple[Sequence[int], str | None]:
    page = await build_services(shape).feed.read(reader, cursor, limit, order)
    return page.post_ids, page.next_cursor


@pytest.mark.parametrize("order", Order)
async def test_a_new_post_is_on_top_of_feed_and_profile(
    house: House, clock: TickingClock, order: Order
) -> None:
    shape = house.open("before")
    author, reader = shape.ids.new(AUTHOR_SHARD), shape.ids.new(READER_SHARD)
    await graph_of(shape).follow(reader, author)
    older = [await _publish(shape, author, reader) for _ in range(3)]
    first, cursor = await _feed(shape, reader, Order.CHRONOLOGICAL, limit=1)
    newest_notice = await shape.notices.newest(author)

    clock.advance(seconds=-DAY_S)
    shape = house.open("after")
    new = await _publish(shape, author, reader)

    posts, _ = await _feed(shape, reader, order)
    assert list(posts) == [p.post_id for p in (new, *reversed(older))]
    profile = await shape.posts.published_ids(author, 1 << 62, 20, set(Audience))
    assert profile[0] == (new.published_id, new.post_id)
    rest, _ = await _feed(shape, reader, order, cursor)
    assert [*first, *rest] == [p.post_id for p in reversed(older)]
    told = await shape.notices.after(author, newest_notice, 10)
    assert len(told) == 1, "a stream that reconnects hears of it"


async def test_an_empty_place_starts_at_the_time_of_its_clock(
    house: House, clock: TickingClock
) -> None:
    shape = house.open()
    assert shape.ids.new(0) >> 22 == (clock.now_ms() - 1_767_225_600_000)


async def test_sessions_go_on_and_what_was_revoked_stays_so(
    house: House, clock: TickingClock
) -> None:
    people = house.open("before").people
    kept, gone = [
        await people.register(NewPerson(name, "correct horse")) for name in ("ada", "bob")
    ]
    clock.advance(seconds=-DAY_S)
    people = house.open("after").people
    me = await people.verifier.verify(kept.access_token)
    assert len(await people.sessions.list(me)) == 1
    them = await people.verifier.verify(gone.access_token)
    await people.sessions.revoke(them.user_id, them.session_id)
    # Longer than a note of a revocation is kept, and the token is still good for a day.
    clock.advance(seconds=3_600)
    await people.sweep(clock.now_ms())
    for process in (people, house.open("another").people):
        assert await process.verifier.verify(kept.access_token) == me
        with pytest.raises(Unauthenticated):
            await process.verifier.verify(gone.access_token)
    renewed = await people.refresh(kept.refresh_token)
    assert await people.verifier.verify(renewed.access_token) == me


async def test_a_refresh_token_used_in_the_future_is_not_honoured_for_a_day(
    house: House, clock: TickingClock
) -> None:
    people = house.open("before").people
    grant = await people.register(NewPerson("ada", "correct horse"))
    await people.refresh(grant.refresh_token)
    clock.advance(seconds=-DAY_S)
    with pytest.raises(TokenReused):
        await house.open("after").people.refresh(grant.refresh_token)
