"""Headers that every answer carries, and who may read answers from another origin."""

from collections.abc import Iterable, Mapping

from calotype.web.routes import Kind

RawHeaders = list[tuple[bytes, bytes]]

# Two years, as browsers' preload lists ask for.
_HSTS = b"max-age=63072000"
_METHODS = b"GET, HEAD, POST, PUT, PATCH, DELETE"
_ACCEPTED = (
    b"Authorization, Content-Type, Idempotency-Key, Last-Event-ID, X-Request-Id, "
    b"Tus-Resumable, Upload-Length, Upload-Offset, Upload-Metadata, Upload-Checksum, "
    b"X-HTTP-Method-Override"
)
_EXPOSED = (
    b"Location, Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, "
    b"X-Request-Id, X-Feed-Source, Tus-Resumable, Tus-Version, Tus-Extension, Tus-Max-Size, "
    b"Tus-Checksum-Algorithm, Upload-Offset, Upload-Length, Upload-Metadata, Upload-Expires"
)
_PREFLIGHT_S = b"600"


class Policy:
    """Which headers answers get; a handler's own header of the same name stands."""

    def __init__(self, public_url: str, origins: Iterable[str]) -> None:
        self._origins = frozenset(origin.rstrip("/").encode() for origin in origins)
        common = [
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
            (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
            (b"cross-origin-opener-policy", b"same-origin"),
        ]
        if public_url.startswith("https://"):
            common.append((b"strict-transport-security", _HSTS))
        own, any_ = (
            (b"cross-origin-resource-policy", b"same-origin"),
            (b"cross-origin-resource-policy", b"cross-origin"),
        )
        self._plain = [*common, own]
        self._names = frozenset(name for name, _ in self._plain)
        # A page of a listed origin must be able to show the pictures.
        self._media = [*common, any_ if self._origins else own]

    def complete(
        self, headers: RawHeaders, extra: RawHeaders, kind: Kind, origin: bytes | None
    ) -> None:
        """Add to an answer's headers what is not there: `extra` of this answer, ours of all.

        Names are in lower case, as ASGI demands it.
        """
        present = {name for name, _ in headers}
        wanted = self._media if kind is Kind.MEDIA else self._plain
        headers += [pair for pair in extra if pair[0] not in present]
        if present.isdisjoint(self._names):
            headers += wanted
        else:
            headers += [pair for pair in wanted if pair[0] not in present]
        if self._origins:
            headers.append((b"vary", b"Origin"))
            if origin in self._origins:
                headers.append((b"access-control-allow-origin", origin))
                headers.append((b"access-control-expose-headers", _EXPOSED))

    def preflight(self, method: str, headers: Mapping[bytes, bytes]) -> RawHeaders | None:
        """The answer to a browser that asks whether it may ask; None for anything else."""
        if method != "OPTIONS" or b"access-control-request-method" not in headers:
            return None
        if headers.get(b"origin") not in self._origins:
            return None
        return [
            (b"access-control-allow-methods", _METHODS),
            (b"access-control-allow-headers", _ACCEPTED),
            (b"access-control-max-age", _PREFLIGHT_S),
        ]
