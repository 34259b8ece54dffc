"""Sessions: one for each log-in, with a family of refresh tokens that descend from it.

A refresh token is 8 bytes of session id, which name its shard, and 32 random bytes, in base64url.
Only its SHA-256 is kept.
"""

import base64
import binascii
import hashlib
import secrets
from collections.abc import Sequence

import msgspec

from calotype.accounts.account import Account, Grant, Identity, Session
from calotype.accounts.revocations import Revocations
from calotype.accounts.settings import AccountSettings
from calotype.accounts.store import RefreshToken, Stores
from calotype.accounts.tokens import AccessTokens
from calotype.connections.sql import Database, Transaction
from calotype.kernel.clock import Clock
from calotype.kernel.errors import NotFound, Unauthenticated, Unavailable
from calotype.kernel.ids import IdFactory, shard_of

MAX_LABEL = 200
_SECRET_BYTES = 32
_ID_BYTES = 8
_TRIES = 5


class OpenSession(msgspec.Struct, frozen=True):
    """A session and the refresh token that goes to the client, once and never again."""

    account: Account
    session_id: int
    refresh_token: str


class Sessions:
    """Opens, lists and revokes sessions; one ends after `life_s` seconds of disuse."""

    def __init__(
        self,
        database: Database,
        stores: Stores,
        tokens: AccessTokens,
        revocations: Revocations,
        ids: IdFactory,
        clock: Clock,
        settings: AccountSettings,
    ) -> None:
        self._database = database
        self._store = stores.sessions
        self._tokens = tokens
        self._revocations = revocations
        self._ids = ids
        self._clock = clock
        self.life_s = settings.refresh_token_s

    def open(self, tx: Transaction, account: Account, label: str) -> OpenSession:
        """A new session on the person's shard; `label` is the client's name for itself."""
        now = self._clock.now_ms()
        for _ in range(_TRIES):
            session_id = self._ids.new(shard_of(account.user_id))
            session = Session(session_id, account.user_id, label[:MAX_LABEL], now)
            if self._store.create(tx, session):
                return OpenSession(account, session_id, self.mint(tx, session_id))
        raise Unavailable("no free session id could be found; try again", retry_after=1)

    def mint(self, tx: Transaction, session_id: int) -> str:
        """A new refresh token in the family of a session, valid for 30 days of disuse."""
        raw = session_id.to_bytes(_ID_BYTES, "big") + secrets.token_bytes(_SECRET_BYTES)
        expires_ms = self._clock.now_ms() + self.life_s * 1000
        self._store.add_token(tx, RefreshToken(_digest(raw), session_id, expires_ms))
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    async def grant(self, opened: OpenSession) -> Grant:
        """What the client gets for a session."""
        account = opened.account
        identity = Identity(account.user_id, opened.session_id, account.role)
        return Grant(
            user_id=account.user_id,
            username=account.username,
            access_token=await self._tokens.issue(identity),
            refresh_token=opened.refresh_token,
            expires_in=self._tokens.life_s,
        )

    async def list(self, me: Identity) -> Sequence[Session]:
        """One's own sessions that can still be refreshed, the last used first."""
        found = await self._database.read(
            shard_of(me.user_id), lambda tx: self._store.of_person(tx, me.user_id)
        )
        alive_since = self._clock.now_ms() - self.life_s * 1000
        return [
            msgspec.structs.replace(session, current=session.session_id == me.session_id)
            for session in found
            if session.used_ms > alive_since
        ]

    async def revoke(self, user_id: int, session_id: int) -> None:
        """End one of a person's sessions; its access tokens end with it.

        Raises:
            NotFound: the person has no such session.
        """

        def work(tx: Transaction) -> bool:
            session = self._store.hold(tx, session_id)
            if session is None or session.user_id != user_id:
                return False
            self._store.revoke(tx, [session_id], now)
            return True

        now = self._clock.now_ms()
        if not await self._database.write(shard_of(user_id), work):
            raise NotFound("you have no such session; list them with GET /sessions")
        self._revocations.note([session_id], now)

    async def revoke_by_token(self, refresh_token: str) -> None:
        """End the session of a refresh token; a token that is unknown has nothing to end."""

        def work(tx: Transaction) -> bool:
            found = self._store.hold(tx, session_id) and self._store.token(tx, session_id, digest)
            if found:
                self._store.revoke(tx, [session_id], now)
            return found is not None

        try:
            session_id, digest = parse_refresh_token(refresh_token)
        except Unauthenticated:
            return
        now = self._clock.now_ms()
        if await self._database.write(shard_of(session_id), work):
            self._revocations.note([session_id], now)

    async def revoke_all(self, user_id: int, keep: int | None = None) -> int:
        """End all of a person's sessions, but the one to `keep`; how many."""
        ended = await self._database.write(
            shard_of(user_id), lambda tx: self.end_all(tx, user_id, keep)
        )
        self.note_ended(ended)
        return len(ended)

    def end_all(self, tx: Transaction, user_id: int, keep: int | None = None) -> Sequence[int]:
        """As `revoke_all`, in the caller's transaction: `note_ended` after it is committed."""
        ended = [s.session_id for s in self._store.of_person(tx, user_id) if s.session_id != keep]
        self._store.revoke(tx, ended, self._clock.now_ms())
        return ended

    def note_ended(self, session_ids: Sequence[int]) -> None:
        """Refuse the access tokens of these sessions in this process from now on."""
        self._revocations.note(session_ids, self._clock.now_ms())


def parse_refresh_token(text: str) -> tuple[int, bytes]:
    """The session id that a refresh token names, and the token's digest.

    Raises:
        Unauthenticated: it is no refresh token.
    """
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raw = b""
    session_id = int.from_bytes(raw[:_ID_BYTES], "big", signed=True)
    if len(raw) != _ID_BYTES + _SECRET_BYTES or session_id <= 0:
        raise Unauthenticated("this refresh token is not valid here; log in again")
    return session_id, _digest(raw)


def _digest(raw: bytes) -> bytes:
    return hashlib.sha256(raw).digest()
