"""Refresh: a refresh token for a new grant.

A token is used once. For a moment (30 s) it is honoured again, and gets a sibling: two tabs of a
browser may refresh together. Later use means that two hold it, one of them a thief: the whole
session ends.
"""

from calotype.accounts.account import Grant
from calotype.accounts.sessions import OpenSession, Sessions, parse_refresh_token
from calotype.accounts.settings import AccountSettings
from calotype.accounts.store import RefreshToken, Stores
from calotype.connections.sql import Database, Transaction
from calotype.kernel.clock import Clock
from calotype.kernel.errors import TokenReused, Unauthenticated
from calotype.kernel.ids import shard_of

_REFUSED = "this refresh token is not valid any more; log in again"


class Refresh:
    """One transaction, which holds the session's row: refreshes of one family queue."""

    def __init__(
        self,
        database: Database,
        stores: Stores,
        sessions: Sessions,
        clock: Clock,
        settings: AccountSettings,
    ) -> None:
        self._database = database
        self._stores = stores
        self._sessions = sessions
        self._clock = clock
        self._grace_ms = settings.refresh_grace_s * 1000

    async def __call__(self, refresh_token: str) -> Grant:
        """A new grant for the same session.

        Raises:
            TokenReused: the token was used before; its session has ended now.
            Unauthenticated: it is unknown or expired, or its session has ended.
        """
        session_id, digest = parse_refresh_token(refresh_token)
        opened = await self._database.write(
            shard_of(session_id), lambda tx: self._rotate(tx, session_id, digest)
        )
        if opened is None:
            self._sessions.note_ended([session_id])
            raise TokenReused("this refresh token was used before; log in again")
        return await self._sessions.grant(opened)

    def _rotate(self, tx: Transaction, session_id: int, digest: bytes) -> OpenSession | None:
        """None after a late reuse, so that the revocation commits before anyone is told."""
        now = self._clock.now_ms()
        store = self._stores.sessions
        session = store.hold(tx, session_id)
        token = store.token(tx, session_id, digest)
        if session is None or token is None:
            raise Unauthenticated(_REFUSED)
        if self._is_late_reuse(token, now):
            store.revoke(tx, [session_id], now)
            return None
        account = self._stores.accounts.by_ids(tx, [session.user_id]).get(session.user_id)
        if account is None or now >= token.expires_ms:
            raise Unauthenticated(_REFUSED)
        store.mark_used(tx, token, now)
        store.touch(tx, session_id, now)
        return OpenSession(account, session_id, self._sessions.mint(tx, session_id))

    def _is_late_reuse(self, token: RefreshToken, now: int) -> bool:
        # Used in the future: the clock was set back since, and how long ago that was is unknown.
        return token.used_ms is not None and abs(now - token.used_ms) >= self._grace_ms
