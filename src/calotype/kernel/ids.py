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

SHARD_SHIFT = 10  # the bits of the sequence, below the shard

_TIME_SHIFT = 22  # and the 12 bits of the shard, below the time


def shard_of(id_: int) -> int:
    """The logical shard (0 to 4,095) that an id names."""
    return (id_ >> SHARD_SHIFT) & (SHARDS - 1)


def time_of(id_: int) -> int:
    """When an id was minted, in milliseconds since the Unix epoch."""
    return (id_ >> _TIME_SHIFT) + EPOCH_MS


def first_id_at(ms: int) -> int:
    """The smallest id that could be minted at `ms` (milliseconds since the Unix epoch)."""
    return max(0, ms - EPOCH_MS) << _TIME_SHIFT


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
    """Mints ids; within one process they rise strictly, also when the clock is set back.

    The sequence starts at the microsecond within the millisecond, so that the ids of several
    processes on one machine keep the order in which they were minted, to the microsecond.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._last = 0

    def stay_above(self, id_: int) -> None:
        """Mint only ids above `id_` and all of its millisecond, whatever the clock says.

        By the millisecond, since within one ids of different shards are not in order
        (decision 011).
        """
        next_ms = (id_ >> _TIME_SHIFT) + 1
        with self._lock:
            self._last = max(self._last, next_ms * SEQUENCES - 1)

    def new(self, shard: int) -> int:
        """A fresh id on `shard`; past 1,024 in a millisecond it borrows from the next one."""
        ms, us = divmod(self._clock.now_us() - EPOCH_MS * 1000, 1000)
        with self._lock:
            self._last = max(ms * SEQUENCES + us, self._last + 1)
            ms, sequence = divmod(self._last, SEQUENCES)
        return ms << _TIME_SHIFT | shard << SHARD_SHIFT | sequence
