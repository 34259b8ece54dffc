"""What every IdempotencyKeys promises."""

import asyncio

import pytest

from calotype.bootstrap import Embedded
from calotype.connections.sql import Transaction
from calotype.kernel.errors import Unavailable
from calotype.posts.store import Claimed
from tests.clocks import TickingClock
from tests.stores import House

pytestmark = pytest.mark.anyio

ADA, BOB = 4_096_000, 8_192_000
DAY_MS = 24 * 3_600_000
IN_FLIGHT = Claimed(0, "")


async def complete(shape: Embedded, key: str, post_id: int = 7, account_id: int = ADA) -> None:
    await shape.core.write(
        account_id, lambda tx: shape.keys.complete(tx, account_id, key, post_id, "print")
    )


async def test_a_key_is_in_flight_until_it_stands_for_a_post(house: House) -> None:
    shape = house.open()
    assert await shape.keys.claim(ADA, "k") is None
    assert await shape.keys.claim(ADA, "k") == IN_FLIGHT
    await complete(shape, "k")
    await house.close()
    keys = house.open("other").keys
    assert await keys.claim(ADA, "k") == Claimed(7, "print")


async def test_keys_are_an_accounts_own(shape: Embedded) -> None:
    assert await shape.keys.claim(ADA, "k") is None
    assert await shape.keys.claim(BOB, "k") is None
    assert await shape.keys.claim(ADA, "K") is None


async def test_of_twenty_twins_one_claims(house: House) -> None:
    shapes = [house.open("one"), house.open("two")]
    claims = await asyncio.gather(*(shapes[at % 2].keys.claim(ADA, "k") for at in range(20)))
    assert sorted(claims, key=str) == [IN_FLIGHT] * 19 + [None]


async def test_a_released_key_is_free_and_a_finished_one_is_not_released(shape: Embedded) -> None:
    await shape.keys.claim(ADA, "k")
    await shape.keys.release(ADA, "k")
    assert await shape.keys.claim(ADA, "k") is None
    await complete(shape, "k")
    await shape.keys.release(ADA, "k")
    await shape.keys.release_all()
    assert await shape.keys.claim(ADA, "k") == Claimed(7, "print")


async def test_a_claim_cannot_be_bound_twice_nor_without_being_ours(house: House) -> None:
    ours, theirs = house.open("ours"), house.open("theirs")
    with pytest.raises(Unavailable):
        await complete(ours, "never claimed")
    await ours.keys.claim(ADA, "k")
    with pytest.raises(Unavailable):
        await complete(theirs, "k", post_id=8)
    await complete(ours, "k")
    with pytest.raises(Unavailable):
        await complete(ours, "k", post_id=9)
    assert await theirs.keys.claim(ADA, "k") == Claimed(7, "print")


class Refused(Exception):
    pass


async def test_a_transaction_that_fails_binds_nothing(shape: Embedded) -> None:
    await shape.keys.claim(ADA, "k")

    def work(tx: Transaction) -> None:
        shape.keys.complete(tx, ADA, "k", 7, "print")
        raise Refused

    with pytest.raises(Refused):
        await shape.core.write(ADA, work)
    assert await shape.keys.claim(ADA, "k") == IN_FLIGHT


async def test_a_successor_gives_back_what_its_predecessor_held_and_no_more(house: House) -> None:
    dead, other = house.open("web"), house.open("other")
    await dead.keys.claim(ADA, "held")
    await other.keys.claim(ADA, "another's")
    await dead.keys.claim(ADA, "done")
    await complete(dead, "done")
    successor = house.open("web")
    await successor.keys.release_all()
    assert await successor.keys.claim(ADA, "held") is None
    assert await successor.keys.claim(ADA, "another's") == IN_FLIGHT
    assert await successor.keys.claim(ADA, "done") == Claimed(7, "print")


async def test_a_claim_that_outlived_every_request_is_free_again(
    house: House, clock: TickingClock
) -> None:
    lost, other = house.open("lost"), house.open("other")
    longest_ms = int(house.settings.uploads.total_s * 2_000)
    await lost.keys.claim(ADA, "k")
    clock.advance(ms=longest_ms)
    assert await other.keys.claim(ADA, "k") == IN_FLIGHT
    clock.advance(ms=1)
    assert await other.keys.claim(ADA, "k") is None
    with pytest.raises(Unavailable):
        await complete(lost, "k")
    await lost.keys.release(ADA, "k")
    assert await lost.keys.claim(ADA, "k") == IN_FLIGHT, "it is the other's by now"


async def test_keys_are_kept_for_a_day(shape: Embedded, clock: TickingClock) -> None:
    for key in ("a", "b"):
        await shape.keys.claim(ADA, key)
        await complete(shape, key)
    clock.advance(ms=DAY_MS)
    await shape.keys.sweep()
    assert await shape.keys.claim(ADA, "a") == Claimed(7, "print")
    clock.advance(ms=1)
    assert await shape.keys.claim(ADA, "a") is None, "whether it was swept or not"
    await shape.keys.sweep()
    assert await shape.keys.claim(ADA, "b") is None
