"""Changes: what was committed, told to whoever keeps copies of it (decision 013).

Adapters note in their transactions whose rows they changed; after the commit the notes reach the
`Versions` of this process before the write returns, and other processes by datagram. A copy is
good as long as no version it depends on has risen since it was begun.

Guarantees: a copy that was begun before a change of this process never passes for one made after
it. A datagram may be lost: then copies in other processes are old until their time is over, or
until the next datagram comes through, which says that one was lost. Refuses: to say what changed;
the store knows.
"""

from collections.abc import Iterable
from threading import Lock
from typing import Protocol

import msgspec

from calotype.kernel.ids import SHARDS, shard_of

# More than there are shards: a fan-out to many readers must not meet those it did not reach.
READER_SLOTS = 1 << 16


class Change(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    """Whose rows a transaction changed.

    Attributes:
        authors: shards of people whose posts, media, name or picture are shown otherwise now.
        readers: people who are to be shown something else: an edge, a timeline, a post in the works.
        viewers: people who liked, saved, commented or took back: posts are the same, but not to
            them.
        lost: an earlier change was not told; everything may have changed.
    """

    authors: tuple[int, ...] = ()
    readers: tuple[int, ...] = ()
    viewers: tuple[int, ...] = ()
    lost: bool = False


class Witness(Protocol):
    """Hears of committed changes, from any thread; never blocks for long, never fails."""

    def changed(self, change: Change) -> None: ...


class Versions:
    """How new everything is, as one rising number; written by any thread, read by the loop's.

    `now` rises with each change; `authors` holds its value at the last change of each shard's
    people, and `reader` that of a reader's. Readers share 65,536 slots: two that share one are
    taken for changed together, which costs a read and no rightness.
    """

    def __init__(self) -> None:
        self.now = 0
        self.authors = [0] * SHARDS
        self._readers = [0] * READER_SLOTS
        self._viewers = [0] * READER_SLOTS
        self._lock = Lock()

    def viewer(self, viewer_id: int) -> int:
        return self._viewers[_slot(viewer_id)]

    def still(self, as_of: int, reader_id: int, authors: Iterable[int]) -> bool:
        """Whether nothing of this reader and of these authors' shards changed after `as_of`."""
        if self._readers[_slot(reader_id)] > as_of:
            return False
        versions = self.authors
        return all(versions[shard] <= as_of for shard in authors)

    def changed(self, change: Change) -> None:
        with self._lock:
            version = self.now + 1
            for shard in change.authors:
                self.authors[shard] = version
            for reader_id in change.readers:
                self._readers[_slot(reader_id)] = version
            for viewer_id in change.viewers:
                self._viewers[_slot(viewer_id)] = version
            if change.lost:
                self.authors = [version] * SHARDS
                self._readers = [version] * READER_SLOTS
                self._viewers = [version] * READER_SLOTS
            self.now = version  # last: a copy begun from here on has seen it


class Nobody:
    """The Witness where no copies are kept."""

    def changed(self, change: Change) -> None:
        pass


class Here:
    """The Witness of a process: its own versions first, then the other processes."""

    def __init__(self, versions: Versions, elsewhere: Witness) -> None:
        self._versions = versions
        self._elsewhere = elsewhere

    def changed(self, change: Change) -> None:
        self._versions.changed(change)
        self._elsewhere.changed(change)


class Notes:
    """What one transaction changed, so far."""

    def __init__(self) -> None:
        self._authors: set[int] = set()
        self._readers: set[int] = set()
        self._viewers: set[int] = set()

    def author(self, id_: int) -> None:
        """Note a person by their id, or by that of a post or medium of theirs: it names the shard."""
        self._authors.add(shard_of(id_))

    def reader(self, reader_id: int) -> None:
        self._readers.add(reader_id)

    def viewer(self, viewer_id: int) -> None:
        self._viewers.add(viewer_id)

    def change(self) -> Change | None:
        if not self._authors and not self._readers and not self._viewers:
            return None
        return Change(tuple(self._authors), tuple(self._readers), tuple(self._viewers))


def _slot(reader_id: int) -> int:
    # Fibonacci hashing: ids made together differ in their low bits, ids of one moment in the shard.
    return (reader_id * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF) >> 48
