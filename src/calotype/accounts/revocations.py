"""Which sessions were revoked of late: as long as an access token of theirs may be alive."""

from collections.abc import Iterable

from calotype.accounts.settings import AccountSettings
from calotype.accounts.store import Stores
from calotype.connections.sql import Database
from calotype.kernel.clock import Clock

# How far a refresh reads back again: a revocation shows when it commits, which on a busy
# database may be 10 s after the time it carries, and the clocks of two hosts may differ.
OVERLAP_MS = 60_000


class Revocations:
    """What this process knows; `ids` holds the revoked session ids with their times.

    Its own revocations are noted as they commit; those of other processes by `refresh`.
    """

    def __init__(
        self, database: Database, stores: Stores, clock: Clock, settings: AccountSettings
    ) -> None:
        self._database = database
        self._store = stores.sessions
        self._clock = clock
        self.keep_ms = settings.access_token_s * 1000 + OVERLAP_MS
        self._read_ms = 0
        self.ids: dict[int, int] = {}

    def note(self, session_ids: Iterable[int], now_ms: int) -> None:
        self.ids.update(dict.fromkeys(session_ids, now_ms))

    async def refresh(self) -> None:
        """Learn what other processes revoked since the last time; forget what is too old."""
        now = self._clock.now_ms()
        since = max(self._read_ms - OVERLAP_MS, now - self.keep_ms)
        for shard in self._database.nodes:
            fresh = await self._database.read(
                shard, lambda tx: self._store.revoked_since(tx, since)
            )
            self.ids.update(fresh)
        self._read_ms = now
        self._forget(now - self.keep_ms)

    def _forget(self, horizon_ms: int) -> None:
        old = [session_id for session_id, at in self.ids.items() if at < horizon_ms]
        for session_id in old:
            del self.ids[session_id]
