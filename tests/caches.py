"""Caches that tests can make forget."""


class ForgetfulCache:
    """A cache that forgets when it is told to."""

    def __init__(self) -> None:
        self._values: dict[str, bytes] = {}

    async def get(self, key: str, *, renew_s: float | None = None) -> bytes | None:
        return self._values.get(key)

    async def put(self, key: str, value: bytes, ttl_s: float) -> None:
        self._values[key] = value

    def forget(self) -> None:
        self._values.clear()
