"""Access tokens: JWT, HS256 and nothing else, 15 minutes by default.

Claims: `sub` user id, `sid` session id, `role`, `iat`, `exp`; the header names the key (`kid`).
"""

import jwt
import msgspec

from calotype.accounts.account import Identity, Role
from calotype.accounts.keys import KeyRing
from calotype.accounts.settings import AccountSettings
from calotype.kernel.clock import Clock
from calotype.kernel.errors import Invalid, TokenExpired, Unauthenticated
from calotype.kernel.ids import parse_id

_ALGORITHM = "HS256"
# Ours have about 300 characters; what is longer is not worth a hash.
_MAX_CHARS = 1024


class _Claims(msgspec.Struct, frozen=True):
    sub: str
    sid: str
    role: Role
    exp: int


class AccessTokens:
    """Issues and reads access tokens; whether their session was revoked is the verifier's part."""

    def __init__(self, keys: KeyRing, clock: Clock, settings: AccountSettings) -> None:
        self._keys = keys
        self._clock = clock
        self.life_s = settings.access_token_s

    async def issue(self, identity: Identity) -> str:
        key = await self._keys.signing()
        now = self._clock.now_ms() // 1000
        claims = {
            "sub": str(identity.user_id),
            "sid": str(identity.session_id),
            "role": identity.role.value,
            "iat": now,
            "exp": now + self.life_s,
        }
        return jwt.encode(claims, key.secret, algorithm=_ALGORITHM, headers={"kid": key.kid})

    async def read(self, token: str) -> tuple[Identity, int]:
        """Who a token speaks for, and until when (ms since the Unix epoch).

        Raises:
            TokenExpired: its time is over.
            Unauthenticated: it is none of ours.
        """
        try:
            claims = await self._claims(token)
            identity = Identity(parse_id(claims.sub), parse_id(claims.sid), claims.role)
        except (jwt.PyJWTError, msgspec.ValidationError, Invalid, ValueError) as error:
            raise Unauthenticated("this access token is not valid here; log in again") from error
        if self._clock.now_ms() >= claims.exp * 1000:
            raise TokenExpired("this access token has expired; refresh it")
        return identity, claims.exp * 1000

    async def _claims(self, token: str) -> _Claims:
        if len(token) > _MAX_CHARS:
            raise ValueError("too long")
        kid = jwt.get_unverified_header(token).get("kid")
        key = await self._keys.verifying(kid) if isinstance(kid, str) else None
        if key is None:
            raise ValueError("unknown key")
        # Times are checked against our clock, which tests can turn, rather than PyJWT's.
        claims = jwt.decode(
            token,
            key.secret,
            algorithms=[_ALGORITHM],
            options={
                "require": ["sub", "sid", "iat", "exp"],
                "verify_exp": False,
                "verify_iat": False,
            },
        )
        return msgspec.convert(claims, _Claims)
