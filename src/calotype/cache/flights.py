"""Single-flight: what many want at once is made once."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from calotype.connections.changes import Versions

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class Flights(Generic[K, T]):
    """What is being made now, by key; for one process and its event loop.

    Who asks after a change never gets what was begun before it. Who leaves does not take along
    what others wait for; what fails, fails for all who wait.
    """

    def __init__(self, versions: Versions) -> None:
        self._versions = versions
        self._under_way: dict[K, tuple[int, asyncio.Future[T]]] = {}

    async def join(self, key: K, make: Callable[[], Awaitable[T]]) -> T:
        """What `make` makes, or what it is making already for others."""
        now = self._versions.now
        begun, flight = self._under_way.get(key, (-1, None))
        if flight is None or begun != now:
            flight = asyncio.ensure_future(make())
            self._under_way[key] = (now, flight)
            flight.add_done_callback(lambda done: self._land(key, done))
        return await asyncio.shield(flight)

    def _land(self, key: K, flight: asyncio.Future[T]) -> None:
        if self._under_way.get(key, (0, None))[1] is flight:
            del self._under_way[key]
        if not flight.cancelled():
            flight.exception()  # who waited has met it; that nobody may have is no news
