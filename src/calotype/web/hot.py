"""Hot files: public renditions that were just sent, whole and in memory (decision 020).

Guarantees: a file is sent from here only while nothing of its author has changed since its audience
was judged, and for a minute at most. Refuses: followers' media, parts of files, and files over 256
KiB, of which one would put out many.
"""

from collections.abc import Mapping

import msgspec

from calotype.cache.bounded import Bounded
from calotype.connections.changes import Versions
from calotype.kernel.clock import Clock
from calotype.kernel.ids import shard_of
from calotype.web.headers import RawHeaders

LARGEST = 256 * 1024
# For so long a file is sent although another process withdrew it, where word of that was lost.
KEPT_MS = 60_000


class HotFile(msgspec.Struct, frozen=True):
    """A whole answer, and until when it is one: `as_of` its audience was judged."""

    headers: RawHeaders
    body: bytes
    shard: int
    as_of: int
    until_ms: int


class HotFiles:
    """Files by path, bounded by bytes: the longest unasked go first. For the event loop alone."""

    def __init__(self, versions: Versions, clock: Clock, most_bytes: int) -> None:
        self.versions = versions
        self._clock = clock
        self._kept: Bounded[str, HotFile] = Bounded(most_bytes, _weight)

    def get(self, path: str) -> HotFile | None:
        """The file while it is good; never waits."""
        found = self._kept.get(path)
        if found is None:
            return None
        changed = self.versions.authors[found.shard] > found.as_of
        if changed or found.until_ms <= self._clock.now_ms():
            self._kept.drop(path)
            return None
        self._kept.renew(path)
        return found

    def keep(
        self, path: str, as_of: int, media_id: int, headers: Mapping[str, str], body: bytes
    ) -> None:
        """Keep what was judged public at the version `as_of`, if it is not too large."""
        if len(body) > LARGEST:
            return
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        until_ms = self._clock.now_ms() + KEPT_MS
        self._kept.put(path, HotFile(raw, body, shard_of(media_id), as_of, until_ms))


def _weight(file: HotFile) -> int:
    return len(file.body)
