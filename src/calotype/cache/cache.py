"""The port to the cache."""

from typing import Protocol


class Cache(Protocol):
    """Bytes under a key, for a while. Losing an entry is never an error."""

    async def get(self, key: str, *, renew_s: float | None = None) -> bytes | None:
        """The value, or None; with `renew_s` its life starts anew at so many seconds."""
        ...

    async def put(self, key: str, value: bytes, ttl_s: float) -> None: ...
