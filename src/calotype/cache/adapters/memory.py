"""The cache of one process: least recently used goes first."""

from calotype.cache.bounded import Bounded
from calotype.kernel.clock import Clock


class MemoryCache:
    """Cache bounded by the bytes of its values."""

    def __init__(self, max_bytes: int, clock: Clock) -> None:
        self._clock = clock
        self._entries: Bounded[str, tuple[bytes, int]] = Bounded(max_bytes, _weight)

    async def get(self, key: str, *, renew_s: float | None = None) -> bytes | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        value, expires_ms = entry
        now = self._clock.now_ms()
        if expires_ms <= now:
            self._entries.drop(key)
            return None
        if renew_s is not None:
            self._entries.put(key, (value, now + int(renew_s * 1000)))
        else:
            self._entries.renew(key)
        return value

    async def put(self, key: str, value: bytes, ttl_s: float) -> None:
        self._entries.put(key, (value, self._clock.now_ms() + int(ttl_s * 1000)))


def _weight(entry: tuple[bytes, int]) -> int:
    return len(entry[0])
