"""Remove what has had its time: old tokens, sessions, revocations, keys and held names."""

from collections.abc import Callable

from calotype.accounts.keys import KeyRing
from calotype.accounts.names import Names
from calotype.accounts.revocations import Revocations
from calotype.accounts.settings import AccountSettings
from calotype.accounts.store import Stores
from calotype.connections.sql import Database, Transaction

# As DESIGN §1: longer transactions make other processes wait.
_ROWS = 500


class Sweep:
    """Once an hour is plenty; running it twice, or at once in two processes, does no harm."""

    def __init__(
        self,
        database: Database,
        stores: Stores,
        names: Names,
        keys: KeyRing,
        revocations: Revocations,
        settings: AccountSettings,
    ) -> None:
        self._database = database
        self._stores = stores
        self._names = names
        self._keys = keys
        self._keep_revoked_ms = revocations.keep_ms
        self._idle_ms = settings.refresh_token_s * 1000

    async def __call__(self, now_ms: int) -> int:
        """Remove all that is over by `now_ms`; how many rows."""

        def sessions(tx: Transaction) -> int:
            return self._stores.sessions.sweep(
                tx, now_ms, now_ms - self._idle_ms, now_ms - self._keep_revoked_ms, _ROWS
            )

        def invitations(tx: Transaction) -> int:
            return self._stores.invitations.sweep(tx, now_ms, _ROWS)

        def held_names(tx: Transaction) -> int:
            return self._stores.held_names.sweep(tx, now_ms, _ROWS)

        removed = await self._keys.sweep() + await self._names.settle_expired()
        for shard in self._database.nodes:
            for work in (sessions, invitations, held_names):
                removed += await self._drain(shard, work)
        return removed

    async def _drain(self, shard: int, work: Callable[[Transaction], int]) -> int:
        total = 0
        while removed := await self._database.write(shard, work):
            total += removed
        return total
