"""Which rates a request is counted against."""

from hashlib import blake2b

from calotype.accounts.names import fold
from calotype.web.limits import Rate, RateLimiter, Verdict
from calotype.web.routes import Kind
from calotype.web.settings import RateSettings

MINUTE_S, HOUR_S = 60.0, 3600.0


class Rates:
    """The settings' rates over one limiter. `address` is a Peer's key."""

    def __init__(self, settings: RateSettings, limiter: RateLimiter) -> None:
        self._limiter = limiter
        self._account = Rate("account", settings.account, MINUTE_S)
        self._address = Rate("address", settings.address, MINUTE_S)
        self._media = Rate("media", settings.media, MINUTE_S)
        self._log_in = (
            Rate("log_in_address", settings.log_in_address, HOUR_S),
            Rate("log_in_name", settings.log_in_name, HOUR_S),
        )
        self._registration = (
            Rate("registration_address", settings.registration_address, HOUR_S),
            Rate("registration_name", settings.registration_name, HOUR_S),
        )
        self._refresh = (
            Rate("refresh_address", settings.refresh_address, HOUR_S),
            Rate("refresh_session", settings.refresh_session, HOUR_S),
        )

    async def request(self, kind: Kind, address: str, user_id: int | None) -> Verdict | None:
        """The tightest of the rates that any request meets; None if none applies."""
        if kind is Kind.PROBE:
            return None
        rate = self._media if kind is Kind.MEDIA else self._address
        verdict = await self._limiter.spend(rate, address) if rate.limit else None
        if kind is Kind.MEDIA or user_id is None or (verdict and verdict.retry_s):
            return verdict
        if not self._account.limit:
            return verdict
        own = await self._limiter.spend(self._account, str(user_id))
        if verdict is None or own.retry_s or own.remaining <= verdict.remaining:
            return own
        return verdict

    async def log_in(self, address: str, name: str) -> None:
        """Raises RateLimited."""
        await self._all(self._log_in, address, _digest(fold(name)))

    async def register(self, address: str, name: str) -> None:
        """Raises RateLimited."""
        await self._all(self._registration, address, _digest(fold(name)))

    async def refresh(self, address: str, session_id: int) -> None:
        """Raises RateLimited."""
        await self._all(self._refresh, address, str(session_id))

    async def _all(self, rates: tuple[Rate, ...], *keys: str) -> None:
        for rate, key in zip(rates, keys, strict=True):
            verdict = await self._spend(rate, key)
            if verdict is not None and not verdict.allowed:
                raise verdict.refusal()

    async def _spend(self, rate: Rate, key: str) -> Verdict | None:
        return await self._limiter.spend(rate, key) if rate.limit else None


def _digest(name: str) -> str:
    """A name of any length, in 16 bytes; and no name lies in a shared limiter."""
    return blake2b(name.encode(errors="replace"), digest_size=16).hexdigest()
