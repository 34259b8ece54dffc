"""How often anybody may ask: the port to a rate limiter, and the one in this process."""

import math
import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from typing import Protocol

import msgspec

from calotype.kernel.errors import RateLimited

# Of one request: sums of fractions must not cost the last one.
_TOLERANCE = 0.01


class Rate(msgspec.Struct, frozen=True):
    """`limit` requests in `period_s` seconds, at once or spread; they come back evenly."""

    name: str
    limit: int
    period_s: float


class Verdict(msgspec.Struct, frozen=True):
    """What is left of a rate. `retry_s` is 0 if the request was allowed."""

    limit: int
    remaining: int
    reset_s: float
    """Seconds until all of the rate is there again."""
    retry_s: float

    @property
    def allowed(self) -> bool:
        return self.retry_s == 0

    def headers(self) -> list[tuple[bytes, bytes]]:
        """The X-RateLimit headers; the reset in seconds from now."""
        return [
            (b"x-ratelimit-limit", b"%d" % self.limit),
            (b"x-ratelimit-remaining", b"%d" % self.remaining),
            (b"x-ratelimit-reset", b"%d" % math.ceil(self.reset_s)),
        ]

    def refusal(self) -> RateLimited:
        seconds = math.ceil(self.retry_s)
        return RateLimited(
            f"too many requests; try again in {seconds} s",
            retry_after=seconds,
            limit=self.limit,
            remaining=self.remaining,
            reset=math.ceil(self.reset_s),
        )


class RateLimiter(Protocol):
    """Counts requests by rate and key. What is refused is not counted.

    Memory is bounded: what was not seen for longest is forgotten, and starts anew.
    """

    async def spend(self, rate: Rate, key: str) -> Verdict: ...


class MemoryLimiter:
    """RateLimiter of one process and one event loop, by the generic cell rate algorithm.

    A key is one number: when all that was spent will have come back, in seconds. Each rate has
    its own memory, so that a flood of addresses makes nobody forget a name.
    """

    def __init__(self, remembered: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._remembered = remembered
        self._monotonic = monotonic
        self._full_again: defaultdict[str, OrderedDict[str, float]] = defaultdict(OrderedDict)

    async def spend(self, rate: Rate, key: str) -> Verdict:
        now = self._monotonic()
        keys = self._full_again[rate.name]
        interval = rate.period_s / rate.limit
        full_again = max(keys.get(key, now), now) + interval
        late = full_again - now - rate.period_s
        if late > interval * _TOLERANCE:
            return Verdict(rate.limit, 0, full_again - interval - now, late)
        keys[key] = full_again
        keys.move_to_end(key)
        if len(keys) > self._remembered:
            keys.popitem(last=False)
        # Never below 0, for what is late by more than the tolerance is refused; so int is floor.
        remaining = int((rate.period_s - full_again + now) / interval + _TOLERANCE)
        return Verdict(rate.limit, remaining, full_again - now, 0)
