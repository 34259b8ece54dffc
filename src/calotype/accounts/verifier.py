"""Who sends this request: the check of every request's access token.

A token's signature is checked once and remembered; expiry and revocation are checked every time.
What other processes revoked is known within a second: after half a second of age the knowledge
is renewed behind the requests, after a whole second a request waits for it (one read, under a
millisecond). If the database is away, what is known goes on being served.
"""

import asyncio
from collections import OrderedDict

from calotype.accounts.account import Identity
from calotype.accounts.keys import KeyRing
from calotype.accounts.revocations import Revocations
from calotype.accounts.settings import AccountSettings
from calotype.accounts.tokens import AccessTokens
from calotype.kernel.clock import Clock
from calotype.kernel.errors import TokenExpired, Unauthenticated, Unavailable

RENEW_MS = 500
STALE_MS = 1_000
# How long a request waits for a database that does not answer before it is served with what is
# known, and how long nobody asks again after a failure.
PATIENCE_MS = 250
RETRY_MS = 1_000


class Verifier:
    """One a process; for the event loop's thread alone."""

    def __init__(
        self,
        tokens: AccessTokens,
        keys: KeyRing,
        revocations: Revocations,
        clock: Clock,
        settings: AccountSettings,
    ) -> None:
        self._tokens = tokens
        self._keys = keys
        self._revocations = revocations
        self._clock = clock
        self._capacity = settings.cached_tokens
        self._cache: OrderedDict[str, tuple[Identity, int]] = OrderedDict()
        keys.when_dropped(self._cache.clear)
        self._renewal: asyncio.Task[None] | None = None
        self._asked_ms = 0
        self._known_ms = -STALE_MS  # when what we know was true; negative: never yet

    def known(self, token: str) -> Identity | None:
        """The hot path, without waiting: whoever a remembered token speaks for.

        None says nothing against the token: ask `verify`.
        """
        hit = self._cache.get(token)
        if hit is None:
            return None
        identity, expires_ms = hit
        now = self._clock.now_ms()
        age = now - self._known_ms
        if now >= expires_ms or identity.session_id in self._revocations.ids:
            return None
        if not 0 <= age < STALE_MS:
            return None
        if age >= RENEW_MS <= now - self._asked_ms:
            self._renew(now)
        self._cache.move_to_end(token)
        return identity

    async def verify(self, token: str) -> Identity:
        """Who this token speaks for.

        Raises:
            TokenExpired: its time is over.
            Unauthenticated: it is none of ours, or its session was revoked.
            Unavailable: the database has not answered since this process started.
        """
        if identity := self.known(token):
            return identity
        await self._be_current()
        hit = self._cache.get(token) or await self._admit(token)
        identity, expires_ms = hit
        if self._clock.now_ms() >= expires_ms:
            self._cache.pop(token, None)
            raise TokenExpired("this access token has expired; refresh it")
        if identity.session_id in self._revocations.ids:
            self._cache.pop(token, None)
            raise Unauthenticated("this session has ended; log in again")
        return identity

    async def close(self) -> None:
        """Wait for a renewal under way."""
        if self._renewal is not None:
            await asyncio.wait({self._renewal})

    async def _admit(self, token: str) -> tuple[Identity, int]:
        hit = await self._tokens.read(token)
        self._cache[token] = hit
        if len(self._cache) > self._capacity:
            self._cache.popitem(last=False)
        return hit

    async def _be_current(self) -> None:
        now = self._clock.now_ms()
        if 0 <= now - self._known_ms < STALE_MS or self._must_do(now):
            return
        renewal = self._renew(now)
        # At the start there is nothing to serve instead: wait as long as the database may take.
        patience_s = PATIENCE_MS / 1000 if self._known_ms >= 0 else None
        done, _ = await asyncio.wait({renewal}, timeout=patience_s)
        if done and (error := renewal.exception()) and not isinstance(error, Unavailable):
            raise error
        if self._known_ms < 0:
            raise Unavailable("sessions cannot be checked: the database is away", retry_after=1)

    def _must_do(self, now: int) -> bool:
        """Whether to serve what is known since the database was asked in vain a moment ago."""
        if self._renewal is None or self._known_ms < 0:
            return False
        spent = now - self._asked_ms
        return 0 <= spent < RETRY_MS if self._renewal.done() else spent >= PATIENCE_MS

    def _renew(self, now: int) -> asyncio.Task[None]:
        """Start a renewal unless one is under way."""
        if self._renewal is None or self._renewal.done():
            self._asked_ms = now
            self._renewal = asyncio.create_task(self._learn(now))
            self._renewal.add_done_callback(_retrieve)
        return self._renewal

    async def _learn(self, now: int) -> None:
        await self._revocations.refresh()
        await self._keys.refresh()
        self._known_ms = now


def _retrieve(renewal: asyncio.Task[None]) -> None:
    """Look at the outcome, so that asyncio does not report a failure nobody waits for as lost.

    Requests meet it by themselves when the knowledge is a second old.
    """
    if not renewal.cancelled():
        renewal.exception()
