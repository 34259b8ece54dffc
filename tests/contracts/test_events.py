"""What every outbox, relay and EventLog promise beyond a WorkSource."""

import asyncio
import itertools

import pytest

from calotype.bootstrap import Embedded
from calotype.connections.leases import LEASE_MS
from calotype.connections.sql import Transaction
from calotype.events.adapters.sql import OUTBOX_TOPIC
from calotype.events.log import Event, OutboxRow
from calotype.kernel.ids import MAX_ID
from calotype.kernel.leases import BACKOFF_MS, MAX_TRIES
from calotype.posts.events import FAILED, PUBLISHED, UPLOADED
from calotype.workers.handlers import FEED_GROUP, NOTIFY_GROUP
from tests.clocks import ManualClock
from tests.stores import House

pytestmark = pytest.mark.anyio

SHARD = 3


def event(key: str, kind: str = PUBLISHED, payload: bytes = b"", shard: int = SHARD) -> Event:
    return Event(shard, kind, key, payload)


async def append(shape: Embedded, *events: Event) -> None:
    for each in events:
        await shape.core.write(
            each.shard,
            lambda tx, each=each: shape.outbox.append(tx, each),  # type: ignore[misc]
        )


async def payloads(shape: Embedded, group: str = FEED_GROUP) -> list[bytes]:
    """Work a group off to its end, one at a time."""
    seen = []
    while leases := await shape.events.lease(group, 1, "ada"):
        seen.append(leases[0].payload)
        await shape.events.finish(leases[0])
    return seen


async def test_an_event_reaches_each_group_that_wants_its_kind_once(house: House) -> None:
    shape = house.open()
    await append(shape, event("a"), event("b", FAILED), event("c", UPLOADED))
    await house.close()
    shape = house.open()
    assert await shape.events.pass_on(10) == 3
    assert await shape.events.pass_on(10) == 0
    feed = await shape.events.lease(FEED_GROUP, 10, "ada")
    notify = await shape.events.lease(NOTIFY_GROUP, 10, "ada")
    assert [(work.kind, work.key) for work in feed] == [(PUBLISHED, "a")]
    assert [(work.kind, work.key) for work in notify] == [(PUBLISHED, "a"), (FAILED, "b")]
    assert await shape.events.finish(feed[0])
    assert await shape.events.finish(notify[0]), "each group finishes for itself"


class Refused(Exception):
    pass


async def test_an_event_of_a_transaction_that_fails_was_never_there(house: House) -> None:
    shape = house.open()
    shape.doorbell.open()
    listener = shape.doorbell.listen(OUTBOX_TOPIC)

    def work(tx: Transaction) -> None:
        shape.outbox.append(tx, event("a"))
        raise Refused

    with pytest.raises(Refused):
        await shape.core.write(SHARD, work)
    assert await shape.events.pass_on(10) == 0
    assert not listener.rung.is_set()
    await append(shape, event("a"))
    assert await listener.wait(60)
    shape.doorbell.close()


async def test_passing_on_wakes_the_groups_that_have_work(house: House) -> None:
    shape = house.open()
    await append(shape, event("a", FAILED))
    shape.doorbell.open()
    feed = shape.doorbell.listen(shape.events.topic(FEED_GROUP))
    notify = shape.doorbell.listen(shape.events.topic(NOTIFY_GROUP))
    await shape.events.pass_on(10)
    assert await notify.wait(60)
    assert not feed.rung.is_set()
    shape.doorbell.close()


async def test_publishing_a_row_again_changes_nothing(shape: Embedded) -> None:
    row = OutboxRow(shape.ids.new(SHARD), event("a"))
    await shape.events.publish([row, row])
    await shape.events.publish([row])
    (work,) = await shape.events.lease(FEED_GROUP, 10, "ada")
    await shape.events.publish([row])
    assert await shape.events.finish(work)
    assert await payloads(shape) == []


async def test_the_relay_passes_on_in_batches_and_racing_relays_share_them(house: House) -> None:
    shapes = [house.open("one"), house.open("two")]
    await append(shapes[0], *(event(f"key{number}") for number in range(30)))

    async def pass_on(shape: Embedded) -> int:
        return sum([await shape.events.pass_on(4) for _ in range(5)])

    assert await shapes[0].events.pass_on(4) == 4
    assert sum(await asyncio.gather(*(pass_on(shapes[i % 2]) for i in range(4)))) == 26
    leases = await shapes[1].events.lease(FEED_GROUP, 100, "ada")
    assert sorted(work.key for work in leases) == sorted(f"key{number}" for number in range(30))


async def test_what_one_key_saw_goes_in_order_one_after_the_other(shape: Embedded) -> None:
    await append(
        shape,
        *(event(key, payload=f"{key}{n}".encode()) for n in range(3) for key in ("a", "b")),
    )
    await shape.events.pass_on(100)
    rounds = []
    while leases := await shape.events.lease(FEED_GROUP, 10, "ada"):
        rounds.append(sorted(work.payload for work in leases))
        assert await shape.events.lease(FEED_GROUP, 10, "bob") == []
        for work in leases:
            await shape.events.finish(work)
    assert rounds == [[b"a0", b"b0"], [b"a1", b"b1"], [b"a2", b"b2"]]


async def test_a_failing_delivery_holds_up_its_key_alone(
    shape: Embedded, clock: ManualClock
) -> None:
    await append(shape, event("a", payload=b"a0"), event("a", payload=b"a1"), event("b"))
    await shape.events.pass_on(10)
    first = next(work for work in await shape.events.lease(FEED_GROUP, 10, "x") if work.key == "a")
    await shape.events.retry(first, "not yet")
    assert await shape.events.lease(FEED_GROUP, 10, "x") == []
    clock.advance(ms=BACKOFF_MS[0])
    assert [work.payload for work in await shape.events.lease(FEED_GROUP, 10, "x")] == [b"a0"]


async def test_what_waits_for_an_earlier_delivery_is_not_due(
    shape: Embedded, clock: ManualClock
) -> None:
    """Else a worker would look again and again, without a pause, until the earlier one ends."""
    await append(shape, event("a", payload=b"a0"), event("a", payload=b"a1"))
    await shape.events.pass_on(10)
    (first,) = await shape.events.lease(FEED_GROUP, 10, "x")
    assert await shape.events.next_due(FEED_GROUP) == clock.now_ms() + LEASE_MS
    await shape.events.retry(first, "not yet")
    assert await shape.events.next_due(FEED_GROUP) == clock.now_ms() + BACKOFF_MS[0]


async def test_a_dead_delivery_steps_aside_and_replayed_goes_first(
    shape: Embedded, clock: ManualClock
) -> None:
    await append(shape, *(event("a", payload=bytes([n])) for n in range(3)))
    await shape.events.pass_on(10)
    for _ in range(MAX_TRIES):
        (work,) = await shape.events.lease(FEED_GROUP, 10, "x")
        await shape.events.retry(work, "broken")
        clock.advance(ms=BACKOFF_MS[-1])
    (following,) = await shape.events.lease(FEED_GROUP, 10, "x")
    assert following.payload == b"\x01"
    await shape.events.finish(following)
    (letter,) = await shape.events.dead_letters(MAX_ID, 10)
    assert await shape.events.replay(letter.id)
    assert await payloads(shape) == [b"\x00", b"\x02"]
    assert await shape.events.dead_letters(MAX_ID, 10) == []


async def test_an_event_that_died_in_two_groups_is_two_letters_and_both_are_woken(
    house: House,
) -> None:
    shape = house.open()
    await append(shape, event("a"), event("b"))
    await shape.events.pass_on(10)
    for group in (FEED_GROUP, NOTIFY_GROUP):
        for work in await shape.events.lease(group, 10, "x"):
            await shape.events.bury(work, "broken")
    pages, before = [], MAX_ID
    while page := await shape.events.dead_letters(before, 1):
        pages.append({(letter.key, letter.lane) for letter in page})
        before = page[-1].id
    assert pages == [
        {("b", FEED_GROUP), ("b", NOTIFY_GROUP)},
        {("a", FEED_GROUP), ("a", NOTIFY_GROUP)},
    ]
    shape.doorbell.open()
    listeners = [
        shape.doorbell.listen(shape.events.topic(group)) for group in (FEED_GROUP, NOTIFY_GROUP)
    ]
    (newest, _) = await shape.events.dead_letters(MAX_ID, 1)
    assert await shape.events.replay(newest.id)
    assert [await listener.wait(60) for listener in listeners] == [True, True]
    shape.doorbell.close()


async def test_order_holds_when_two_processes_publish_and_two_consume(house: House) -> None:
    shapes = [house.open("one"), house.open("two")]
    numbers = {key: itertools.count() for key in "abc"}
    lock = asyncio.Lock()

    async def produce(shape: Embedded) -> None:
        for _ in range(10):
            for key in "abc":
                async with lock:  # the order of what happened is the order of commits
                    await append(shape, event(key, payload=b"%d" % next(numbers[key])))
            await shape.events.pass_on(7)

    await asyncio.gather(*(produce(shape) for shape in shapes))
    while await shapes[0].events.pass_on(7):
        pass
    seen: dict[str, list[int]] = {key: [] for key in "abc"}

    async def consume(shape: Embedded, owner: str) -> None:
        while sum(map(len, seen.values())) < 60:
            for work in await shape.events.lease(FEED_GROUP, 2, owner):
                seen[work.key].append(int(work.payload))
                assert await shape.events.finish(work)

    await asyncio.gather(*(consume(shapes[i % 2], f"w{i}") for i in range(4)))
    assert seen == {key: list(range(20)) for key in "abc"}
