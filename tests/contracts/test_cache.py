"""What every Cache promises."""

from collections.abc import Callable

import pytest

from calotype.cache.adapters.memory import MemoryCache
from calotype.cache.cache import Cache
from tests.clocks import TickingClock

pytestmark = pytest.mark.anyio

ADAPTERS: dict[str, Callable[[TickingClock], Cache]] = {
    "memory": lambda clock: MemoryCache(100, clock)
}


@pytest.fixture(params=ADAPTERS)
def cache(request: pytest.FixtureRequest, clock: TickingClock) -> Cache:
    """One that holds at least 100 bytes."""
    return ADAPTERS[request.param](clock)


async def test_what_was_put_is_there_until_its_time_is_over(
    cache: Cache, clock: TickingClock
) -> None:
    await cache.put("k", b"\x00value", 10)
    assert await cache.get("other") is None
    clock.advance(ms=9_999)
    assert await cache.get("k") == b"\x00value"
    clock.advance(ms=1)
    assert await cache.get("k") is None


async def test_a_second_put_replaces_value_and_life(cache: Cache, clock: TickingClock) -> None:
    await cache.put("k", b"one", 10)
    await cache.put("k", b"two", 1)
    assert await cache.get("k") == b"two"
    clock.advance(seconds=1)
    assert await cache.get("k") is None


async def test_a_renewing_get_starts_the_life_anew_and_a_plain_one_does_not(
    cache: Cache, clock: TickingClock
) -> None:
    await cache.put("k", b"v", 10)
    for _ in range(3):
        clock.advance(seconds=9)
        assert await cache.get("k", renew_s=10) == b"v"
    clock.advance(seconds=9)
    assert await cache.get("k") == b"v"
    clock.advance(seconds=1)
    assert await cache.get("k", renew_s=10) is None
    assert await cache.get("k") is None


async def test_the_empty_value_is_a_value(cache: Cache) -> None:
    await cache.put("k", b"", 10)
    assert await cache.get("k") == b""


async def test_memory_is_bounded_and_the_least_recently_used_goes_first(
    clock: TickingClock,
) -> None:
    cache = MemoryCache(100, clock)
    for key in "abc":
        await cache.put(key, bytes(30), 60)
    await cache.get("a")
    await cache.put("d", bytes(30), 60)
    assert [key for key in "abcd" if await cache.get(key) is not None] == ["a", "c", "d"]
    for _ in range(50):
        await cache.put("d", bytes(40), 60)
    assert [key for key in "acd" if await cache.get(key) is not None] == ["a", "c", "d"]
    await cache.put("huge", bytes(101), 60)
    assert await cache.get("huge") is None
    await cache.put("fits", bytes(100), 60)
    assert await cache.get("fits") is not None
