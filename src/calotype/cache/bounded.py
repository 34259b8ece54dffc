"""A mapping that stays small, for copies of what can be read again."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Bounded(Generic[K, V]):
    """Entries that weigh `most` together at most, 1 each unless `weigh` says otherwise.

    The oldest go first; `renew` makes an entry the newest.
    """

    def __init__(self, most: int, weigh: Callable[[V], int] = lambda _value: 1) -> None:
        self._most = most
        self._weigh = weigh
        self._weight = 0
        self._entries: OrderedDict[K, V] = OrderedDict()
        self.get = self._entries.get  # as fast as a dict's: a page asks for 20

    def put(self, key: K, value: V) -> None:
        """Add an entry as the newest, in the place of one that has its key."""
        self.drop(key)
        self._entries[key] = value
        self._weight += self._weigh(value)
        while self._weight > self._most:
            self.drop(next(iter(self._entries)))

    def renew(self, key: K) -> None:
        self._entries.move_to_end(key)

    def drop(self, key: K) -> None:
        if (old := self._entries.pop(key, None)) is not None:
            self._weight -= self._weigh(old)

    def clear(self) -> None:
        self._entries.clear()
        self._weight = 0
