"""What every GraphStore promises, and following through it."""

import asyncio

import pytest

from calotype.bootstrap import Embedded
from calotype.connections.sql import Transaction
from calotype.events.adapters.sql import outbox_table
from calotype.graph.events import FOLLOWED, UNFOLLOWED
from calotype.graph.follow import Follow
from calotype.graph.store import Edge, FollowCounts
from calotype.kernel.errors import Invalid
from calotype.kernel.ids import MAX_ID, shard_of
from tests.stores import House, graph_of

pytestmark = pytest.mark.anyio


def people(shape: Embedded, number: int) -> list[int]:
    """People on shards that fall, so that order by shard and order by time differ."""
    return [shape.ids.new(4_000 - at) for at in range(number)]


async def told(shape: Embedded) -> list[str]:
    """The kinds of the events on their way, in order."""
    rows = await shape.core.read(0, lambda tx: tx.all(outbox_table.select()))
    return [row.kind for row in sorted(rows, key=lambda row: row.id)]


async def test_an_edge_is_seen_from_both_ends_after_a_cold_start(house: House) -> None:
    shape = house.open()
    ada, bob = people(shape, 2)
    edge_id = await graph_of(shape).follow(ada, bob)
    await house.close()
    graph = house.open().graph
    assert await graph.edge(ada, bob) == Edge(bob, edge_id)
    assert await graph.edge(bob, ada) is None
    assert await graph.following(ada, MAX_ID, 10) == [Edge(bob, edge_id)]
    assert await graph.followers(bob, MAX_ID, 10) == [Edge(ada, edge_id)]
    assert await graph.follower_ids(bob, 0, 10) == [ada]
    assert await graph.counts(ada) == FollowCounts(followers=0, following=1)
    assert await graph.counts(bob) == FollowCounts(followers=1, following=0)


async def test_following_and_unfollowing_again_changes_and_tells_nothing(shape: Embedded) -> None:
    ada, bob = people(shape, 2)
    follow = graph_of(shape)
    first = await follow.follow(ada, bob)
    assert await follow.follow(ada, bob) == first
    await follow.unfollow(ada, bob)
    await follow.unfollow(ada, bob)
    assert await told(shape) == [FOLLOWED, UNFOLLOWED]
    assert await shape.graph.edge(ada, bob) is None
    assert await shape.graph.followers(bob, MAX_ID, 10) == []
    assert await shape.graph.counts(ada) == await shape.graph.counts(bob) == FollowCounts()
    assert await follow.follow(ada, bob) > first


async def test_nobody_follows_themselves(shape: Embedded) -> None:
    (ada,) = people(shape, 1)
    with pytest.raises(Invalid):
        await graph_of(shape).follow(ada, ada)
    assert await told(shape) == []
    assert await shape.graph.counts(ada) == FollowCounts()


class Refused(Exception):
    pass


async def test_a_transaction_that_fails_leaves_neither_edge_nor_count_nor_event(
    shape: Embedded,
) -> None:
    ada, bob = people(shape, 2)

    class FailingOutbox:
        def append(self, tx: Transaction, event: object) -> None:
            raise Refused

    follow = Follow(shape.core, shape.accounts, shape.graph, FailingOutbox())
    with pytest.raises(Refused):
        await follow.follow(ada, bob)
    assert await shape.graph.edge(ada, bob) is None
    assert await shape.graph.followers(bob, MAX_ID, 10) == []
    assert await shape.graph.counts(bob) == FollowCounts()
    assert await told(shape) == []


async def test_both_lists_are_paged_newest_edge_first_without_gap_or_repeat(
    shape: Embedded,
) -> None:
    star, *fans = people(shape, 8)
    edges = []
    for fan in fans:
        edges.append(Edge(fan, await graph_of(shape).follow(fan, star)))
        await graph_of(shape).follow(star, fan)
    seen: list[Edge] = []
    while page := await shape.graph.followers(star, seen[-1].edge_id if seen else MAX_ID, 3):
        seen += page
        await graph_of(shape).follow(people(shape, 1)[0], star)  # newcomers disturb no page
    by_edge = sorted(edges, key=lambda edge: -edge.edge_id)
    assert seen == by_edge
    followees: list[int] = []
    before = MAX_ID
    while page := await shape.graph.following(star, before, 3):
        followees += [edge.user_id for edge in page]
        before = page[-1].edge_id
    assert followees == fans[::-1]


async def test_the_fan_outs_chunks_rise_by_the_followers_own_ids(shape: Embedded) -> None:
    star, *fans = people(shape, 8)
    for fan in reversed(fans):
        await graph_of(shape).follow(fan, star)
    chunks, after = [], 0
    while chunk := await shape.graph.follower_ids(star, after, 3):
        chunks.append(chunk)
        after = chunk[-1]
    assert [id_ for chunk in chunks for id_ in chunk] == sorted(fans)
    assert [len(chunk) for chunk in chunks] == [3, 3, 1]
    after = 0
    for chunk in chunks:
        assert await shape.graph.last_of_chunk(star, after, 3) == chunk[-1]
        after = chunk[-1]
    assert await shape.graph.last_of_chunk(star, after, 3) is None


async def test_whom_one_follows_among_many(shape: Embedded) -> None:
    ada, bob, cleo, dan = people(shape, 4)
    await graph_of(shape).follow(ada, bob)
    await graph_of(shape).follow(ada, dan)
    await graph_of(shape).follow(cleo, ada)
    assert await shape.graph.following_among(ada, [cleo, dan, bob]) == {bob, dan}
    assert await shape.graph.following_among(ada, {cleo}) == set()
    assert await shape.graph.following_among(ada, []) == set()
    assert await shape.graph.following_among(ada, range(1, 1_001)) == set()


async def test_the_newest_followees_and_the_counts_of_several_people(shape: Embedded) -> None:
    ada, bob, cleo, dan, eve = people(shape, 5)
    for follower, followee in ((ada, dan), (ada, bob), (ada, cleo), (bob, ada), (dan, ada)):
        await graph_of(shape).follow(follower, followee)
    newest = await shape.graph.newest_followees([ada, bob, eve], 2)
    assert newest == {ada: [cleo, bob], bob: [ada], eve: []}
    assert await shape.graph.newest_followees([], 2) == {}
    crowd = people(shape, 120)  # more than a statement's worth
    assert await shape.graph.newest_followees([*crowd, bob], 1) == {
        **{each: [] for each in crowd},
        bob: [ada],
    }
    assert await shape.graph.counts_of([ada, cleo, eve]) == {
        ada: FollowCounts(followers=2, following=3),
        cleo: FollowCounts(followers=1),
        eve: FollowCounts(),
    }
    assert await shape.graph.counts_of([]) == {}


async def test_of_racing_follows_one_makes_the_edge_and_counts_equal_edges(house: House) -> None:
    shapes = [house.open("one"), house.open("two")]
    ada, bob = people(shapes[0], 2)
    edge_ids = await asyncio.gather(
        *(graph_of(shapes[at % 2]).follow(ada, bob) for at in range(12))
    )
    assert len(set(edge_ids)) == 1
    assert await told(shapes[0]) == [FOLLOWED]
    assert await shapes[1].graph.counts(bob) == FollowCounts(followers=1)

    async def change(at: int) -> None:
        follow = graph_of(shapes[at % 2])
        await (follow.follow(ada, bob) if at % 3 else follow.unfollow(ada, bob))

    await asyncio.gather(*(change(at) for at in range(12)))
    standing = await shapes[0].graph.edge(ada, bob)
    count = 0 if standing is None else 1
    assert await shapes[0].graph.counts(bob) == FollowCounts(followers=count)
    assert await shapes[0].graph.counts(ada) == FollowCounts(following=count)
    kinds = await told(shapes[0])
    assert all(kinds[at] == (FOLLOWED, UNFOLLOWED)[at % 2] for at in range(len(kinds)))
    assert shard_of(ada) != shard_of(bob)
