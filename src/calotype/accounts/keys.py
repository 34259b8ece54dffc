"""The keys that sign access tokens: made once, rotated by name, known to every process.

The newest key signs. An older one verifies until no token of its can be alive, then it is
dropped: other processes may go on signing with it for a moment, which the margin covers.
"""

import secrets
from collections.abc import Callable, Sequence
from itertools import pairwise

from calotype.accounts.settings import AccountSettings
from calotype.accounts.store import SigningKey, Stores
from calotype.connections.sql import Database, Transaction
from calotype.kernel.clock import Clock

_SHARD = 0
_SECRET_BYTES = 32  # what HMAC-SHA-256 can make use of
# How long a process may sign without having looked for a newer key.
STALE_MS = 60_000
_RELOAD_MS = 1_000


class KeyRing:
    """This process's knowledge of the keys; they are read at first use."""

    def __init__(
        self, database: Database, stores: Stores, clock: Clock, settings: AccountSettings
    ) -> None:
        self._database = database
        self._store = stores.keys
        self._clock = clock
        # Twice the margin: one for the process that signs late, one for clocks that differ.
        self._out_of_use_ms = settings.access_token_s * 1000 + 2 * STALE_MS
        self._keys: dict[str, SigningKey] = {}
        self._newest: SigningKey | None = None
        self._read_ms = 0
        self._reload_ms = 0
        self._on_drop: Callable[[], None] = lambda: None

    def when_dropped(self, forget: Callable[[], None]) -> None:
        """Call `forget` whenever a key is dropped: what it verified may be verified no more."""
        self._on_drop = forget

    async def signing(self) -> SigningKey:
        """The key to sign with; the first one ever is made here."""
        age = self._clock.now_ms() - self._read_ms
        if self._newest is None or not 0 <= age < STALE_MS:
            await self.refresh()
        if self._newest is None:
            self._learn(await self._database.write(_SHARD, self._first))
        assert self._newest is not None
        return self._newest

    async def verifying(self, kid: str) -> SigningKey | None:
        """The key of that name. An unknown name makes us look, at most once a second."""
        now = self._clock.now_ms()
        if kid not in self._keys and not 0 <= now - self._reload_ms < _RELOAD_MS:
            self._reload_ms = now
            await self.refresh()
        return self._keys.get(kid)

    async def rotate(self, *, drop_old: bool = False) -> str:
        """Sign with a new key from now on; returns its name.

        With `drop_old`, for keys that leaked, all older ones are dropped and with them every
        access token alive: clients refresh. Other processes follow within a second of use.
        """

        def work(tx: Transaction) -> Sequence[SigningKey]:
            known = self._store.all(tx)
            if drop_old:
                self._store.remove(tx, [key.kid for key in known])
            self._add(tx, known)
            return self._store.all(tx)

        self._learn(await self._database.write(_SHARD, work))
        assert self._newest is not None
        return self._newest.kid

    async def refresh(self) -> None:
        """Read the keys anew."""
        self._learn(await self._database.read(_SHARD, self._store.all))

    async def sweep(self) -> int:
        """Remove the keys that are out of use; how many."""

        def work(tx: Transaction) -> int:
            known = self._store.all(tx)
            usable = {key.kid for key in self._usable(known)}
            dead = [key.kid for key in known if key.kid not in usable]
            self._store.remove(tx, dead)
            return len(dead)

        dropped = await self._database.write(_SHARD, work)
        await self.refresh()
        return dropped

    def _first(self, tx: Transaction) -> Sequence[SigningKey]:
        if not self._store.all(tx):
            self._add(tx, ())
        return self._store.all(tx)

    def _add(self, tx: Transaction, known: Sequence[SigningKey]) -> None:
        # A host whose clock is behind still makes the newest key.
        after_all = known[-1].created_ms + 1 if known else 0
        created_ms = max(self._clock.now_ms(), after_all)
        secret = secrets.token_bytes(_SECRET_BYTES)
        self._store.add(tx, SigningKey(secrets.token_hex(8), secret, created_ms))

    def _usable(self, known: Sequence[SigningKey]) -> list[SigningKey]:
        """A key goes out of use when its successor is made; the newest has none."""
        horizon = self._clock.now_ms() - self._out_of_use_ms
        older = [key for key, successor in pairwise(known) if successor.created_ms > horizon]
        return [*older, *known[-1:]]

    def _learn(self, known: Sequence[SigningKey]) -> None:
        before = self._keys.keys()
        self._keys = {key.kid: key for key in self._usable(known)}
        self._newest = known[-1] if known else None
        self._read_ms = self._clock.now_ms()
        if before - self._keys.keys():
            self._on_drop()
