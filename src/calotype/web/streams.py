"""How many live streams each account has open."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from calotype.kernel.errors import TooManyStreams


class Streams:
    """Counts streams; an account beyond its number is refused."""

    def __init__(self, per_account: int) -> None:
        self._per_account = per_account
        self._open: Counter[int] = Counter()

    @property
    def count(self) -> int:
        return self._open.total()

    def check(self, user_id: int) -> None:
        """Raises TooManyStreams if this account may not open one more."""
        if self._open[user_id] >= self._per_account:
            raise TooManyStreams(
                f"this account has {self._per_account} streams open; close one first",
                retry_after=15,
            )

    @contextmanager
    def opened(self, user_id: int) -> Iterator[None]:
        self._open[user_id] += 1
        try:
            yield
        finally:
            self._open[user_id] -= 1
            if not self._open[user_id]:
                del self._open[user_id]
