"""Ids that sort by time, name their shard, and need no coordinator (DESIGN §3).

Layout of a positive 63-bit integer: 41 bits of milliseconds since 2026-01-01 UTC, 12 bits of
logical shard, 10 bits of sequence. Two processes may mint the same id in the same millisecond:
whatever is written under a fresh id is created, never overwritten, and retried with a new id.
"""

import secrets
import threading
from hashlib import blake2b

from calotype.kernel.clock import Clock, SystemClock
from calotype.kernel.errors import Invalid

EPOCH_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z
SHARDS = 4096
SEQUENCES = 1024
MAX_ID = (1 << 63) - 1

_SHARD_BITS = 12
_SEQUENCE_BITS = 10


def shard_of(id_: int) -> int:
    """The logical shard (0 to 4,095) that an id names."""
    return (id_ >> _SEQUENCE_BITS) & (SHARDS - 1)


def time_of(id_: int) -> int:
    """When an id was minted, in milliseconds since the Unix epoch."""
    return (id_ >> (_SHARD_BITS + _SEQUENCE_BITS)) + EPOCH_MS


def first_id_at(ms: int) -> int:
    """The smallest id that could be minted at `ms` (milliseconds since the Unix epoch)."""
    return max(0, ms - EPOCH_MS) << (_SHARD_BITS + _SEQUENCE_BITS)


def shard_of_name(name: str) -> int:
    """The logical shard that holds the claim on a unique name (BLAKE2b of its UTF-8 bytes)."""
    digest = blake2b(name.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % SHARDS


def any_shard() -> int:
    """A shard for a new person, uniformly at random."""
    return secrets.randbelow(SHARDS)


def parse_id(text: str, what: str = "id") -> int:
    """Read an id as JSON carries it: a decimal string of a positive 63-bit integer.

    Raises:
        Invalid: the text is no such number.
    """
    if text.isascii() and text.isdigit() and len(text) <= 19 and 0 < (value := int(text)) <= MAX_ID:
        return value
    raise Invalid(f"{what} must be a positive whole number written in digits", field=what)


class IdFactory:
    """Mints ids; within one process they rise strictly per shard, also when the clock is set back."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._last_ms = 0
        self._sequence = 0

    def new(self, shard: int) -> int:
        """A fresh id on `shard`; at most 1,024 a millisecond, beyond which it borrows the next one."""
        with self._lock:
            ms = max(self._clock.now_ms() - EPOCH_MS, self._last_ms)
            if ms > self._last_ms:
                # A random start keeps two processes apart within one millisecond.
                self._last_ms, self._sequence = ms, secrets.randbelow(SEQUENCES // 2)
            elif self._sequence == SEQUENCES - 1:
                self._last_ms, self._sequence = ms + 1, 0
            else:
                self._sequence += 1
            return (
                self._last_ms << (_SHARD_BITS + _SEQUENCE_BITS)
                | shard << _SEQUENCE_BITS
                | self._sequence
            )
