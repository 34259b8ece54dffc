"""Scrolling a feed while the world goes on: no gap, no repeat, nobody who was unfollowed."""

import asyncio
from collections.abc import Iterator
from itertools import cycle, pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calotype.feed.diversify import LONGEST_RUN
from calotype.feed.read import Order
from tests.clocks import TickingClock
from tests.flows.feed_world import AUTHORS, HOUR_MS, STEPS, World, beginnings, step
from tests.stores import House


class Runner:
    """One house and one event loop for all examples; each has people of its own."""

    def __init__(self, directory: Path) -> None:
        self.clock = TickingClock()
        self.loop = asyncio.Runner()
        self.house = House("embedded", directory, self.clock)
        self.shape = self.house.open()

    def run(self, work: Any) -> Any:
        return self.loop.run(work)

    def close(self) -> None:
        self.loop.run(self.house.close())
        self.loop.close()


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    runner = Runner(tmp_path_factory.mktemp("feeds"))
    yield runner
    runner.close()


modest = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


async def scroll(
    world: World,
    order: Order,
    limits: list[int],
    between: list[list[tuple[str, int]]],
) -> list[int]:
    """From the first page to the end, checking each page; what was served, in order."""
    served: list[int] = []
    cursor: str | None = None
    limit, changes = cycle(limits), iter(between)
    for number in range(200):
        size = next(limit)
        on_top = list(reversed(world.processing))[: min(10, size)] if number == 0 else []
        visible = world.visible()
        page = await world.feed.read(world.reader, cursor, size, order)
        ids = list(page.post_ids)
        assert len(ids) <= size
        assert ids[: len(on_top)] == on_top
        assert set(ids[len(on_top) :]) <= visible, "withdrawn, unfollowed or never in this feed"
        served += ids
        cursor = page.next_cursor
        if cursor is None:
            return served
        for name, which in next(changes, []):
            await STEPS[name](world, which)
    pytest.fail("the feed does not end")


@modest
@given(
    order=st.sampled_from(Order),
    beginning=beginnings,
    between=st.lists(st.lists(step, max_size=3), max_size=12),
    limits=st.lists(st.integers(1, 6), min_size=1, max_size=4),
    together=st.integers(1, 9),
)
def test_a_scroll_has_no_repeat_and_no_gap_whatever_happens_meanwhile(
    runner: Runner,
    order: Order,
    beginning: list[tuple[str, int]],
    between: list[list[tuple[str, int]]],
    limits: list[int],
    together: int,
) -> None:
    async def run() -> None:
        world = World(runner.shape, runner.clock, together)
        for which in range(AUTHORS - 2):
            await world.follow(which)
        for name, which in beginning:
            await STEPS[name](world, which)
        await world.push()
        promised = world.visible() | set(list(reversed(world.processing))[: limits[0]][:10])
        served = await scroll(world, order, limits, between)
        assert len(served) == len(set(served)), "a post came twice"
        assert promised - world.hidden_once <= set(served), "a post was missed"

    runner.run(run())


async def crowd(world: World, authors: list[int]) -> None:
    """Everyone is followed, and these publish, one after the other."""
    for which in range(AUTHORS):
        await world.follow(which)
    await world.publish_at_once([world.authors[which] for which in authors])


@modest
@given(
    authors=st.lists(st.sampled_from([0, 0, 0, 0, 3]), max_size=20),
    arrivals=st.lists(st.lists(st.integers(0, 3), max_size=2), max_size=6),
    limit=st.integers(1, 6),
)
def test_nobody_comes_four_times_in_a_row_while_another_is_at_hand(
    runner: Runner, authors: list[int], arrivals: list[list[int]], limit: int
) -> None:
    async def run() -> None:
        world = World(runner.shape, runner.clock, ranked_together=30)
        # Old posts of some, new ones of one: the ranker alone would put the new ones first.
        await crowd(world, [1, 2, 1, 2, 1])
        world.clock.advance(ms=48 * HOUR_MS)
        await crowd(world, authors)
        between = [
            [("arrive", who) for who in page] + [("push", 0)] * len(page) for page in arrivals
        ]
        served = await scroll(world, Order.RANKED, [limit], between)
        names = [world.posts[post_id].author_id for post_id in served]
        for at in range(LONGEST_RUN, len(names)):
            if len(set(names[at - LONGEST_RUN : at + 1])) == 1:
                assert len(set(names[at:])) == 1, "another author's post was still at hand"

    runner.run(run())


@modest
@given(
    authors=st.lists(st.integers(0, 3), max_size=25),
    limit=st.integers(1, 9),
    together=st.integers(1, 9),
)
def test_undisturbed_both_orders_serve_the_same_and_the_tail_is_newest_first(
    runner: Runner, authors: list[int], limit: int, together: int
) -> None:
    async def run() -> None:
        world = World(runner.shape, runner.clock, together)
        await crowd(world, authors)
        newest_first = list(reversed(world.posts))
        assert await scroll(world, Order.CHRONOLOGICAL, [limit], []) == newest_first
        ranked = await scroll(world, Order.RANKED, [limit], [])
        assert set(ranked[:together]) == set(newest_first[:together])
        assert ranked[together:] == newest_first[together:]

    runner.run(run())


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("size", [2, 3, 5])
def test_own_posts_in_processing_are_on_top_once_even_if_published_meanwhile(
    runner: Runner, order: Order, size: int
) -> None:
    async def run() -> None:
        world = World(runner.shape, runner.clock)
        await crowd(world, [0, 1, 2, 3, 0])
        for _ in range(3):
            await world.begin_own(0)
        between: list[list[tuple[str, int]]] = [[("publish_own", 0)] * 3]
        served = await scroll(world, order, [size], between)
        assert len(served) == len(set(served))
        # Beyond the first page they come as what they are then: published, hence maybe later.
        assert set(served) >= set(world.posts) - set(list(world.posts)[-3:])

    runner.run(run())


def test_posts_that_a_new_follow_brings_do_not_repeat_what_a_lost_snapshot_served(
    runner: Runner,
) -> None:
    """They lift the floor from which the feed goes on by time alone."""

    async def run() -> None:
        world = World(runner.shape, runner.clock, ranked_together=4)
        for which in range(2):
            await world.follow(which)
        for which in (0, 2, 0, 2, 1, 2, 1):
            await world.arrive(which)
        await world.push()
        served = await scroll(world, Order.RANKED, [3], [[("follow", 2), ("forget", 0)]])
        assert len(served) == len(set(served))

    runner.run(run())


def test_after_an_unfollow_the_next_page_has_none_of_that_author(runner: Runner) -> None:
    async def run() -> None:
        for order in Order:
            world = World(runner.shape, runner.clock, ranked_together=30)
            await crowd(world, [0, 1] * 6)
            first = await world.feed.read(world.reader, None, 4, order)
            await world.unfollow(0)
            second = await world.feed.read(world.reader, first.next_cursor, 4, order)
            authors = {world.posts[post_id].author_id for post_id in second.post_ids}
            assert authors == {world.authors[1]}

    runner.run(run())


def test_a_cursor_keeps_its_order_and_may_be_sent_again(runner: Runner) -> None:
    async def run() -> None:
        for order, other in pairwise([*Order, *Order]):
            world = World(runner.shape, runner.clock, ranked_together=5)
            await crowd(world, [0, 1, 2] * 4)
            first = await world.feed.read(world.reader, None, 3, order)
            pages = [
                await world.feed.read(world.reader, first.next_cursor, 3, each)
                for each in (order, other, order)
            ]
            assert pages[0].post_ids == pages[1].post_ids == pages[2].post_ids

    runner.run(run())


async def first_ids(world: World, limit: int) -> list[int]:
    page = await world.feed.read(world.reader, None, limit, Order.RANKED)
    return list(page.post_ids[:limit])


def test_a_prolific_author_gives_way_to_a_quieter_ones_newest(runner: Runner) -> None:
    async def run() -> None:
        world = World(runner.shape, runner.clock, ranked_together=30)
        await crowd(world, [1] + [0] * 12)
        quiet = next(iter(world.posts))
        assert quiet in await first_ids(world, 3)

    runner.run(run())
