"""The cache of one process: least recently used goes first."""

from collections import OrderedDict

from calotype.kernel.clock import Clock


class MemoryCache:
    """Cache bounded by the bytes of its values."""

    def __init__(self, max_bytes: int, clock: Clock) -> None:
        self._max_bytes = max_bytes
        self._clock = clock
        self._entries: OrderedDict[str, tuple[bytes, int]] = OrderedDict()
        self._bytes = 0

    async def get(self, key: str, *, renew_s: float | None = None) -> bytes | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        value, expires_ms = entry
        now = self._clock.now_ms()
        if expires_ms <= now:
            self._drop(key)
            return None
        if renew_s is not None:
            self._entries[key] = (value, now + int(renew_s * 1000))
        self._entries.move_to_end(key)
        return value

    async def put(self, key: str, value: bytes, ttl_s: float) -> None:
        self._drop(key)
        self._entries[key] = (value, self._clock.now_ms() + int(ttl_s * 1000))
        self._bytes += len(value)
        while self._bytes > self._max_bytes:
            self._drop(next(iter(self._entries)))

    def _drop(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._bytes -= len(entry[0])
