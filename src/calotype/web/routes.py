"""What kind of request this is, told before it is routed; and what its route is called."""

import re
from enum import Enum, auto
from functools import cache

API = "/api/v1"
_UPLOADS = frozenset({("POST", f"{API}/posts"), ("PUT", f"{API}/users/me/avatar")})
# Resumable uploads, and direct ones by a signed URL.
_PIECES = (f"{API}/uploads/tus", "/uploads/")
_SENDING = frozenset({"POST", "PATCH", "PUT"})
_PROBES = frozenset({"/livez", "/readyz", "/metrics"})
_TYPED = re.compile(r"\{(\w+):\w+\}")


class Kind(Enum):
    """Decides limits of rate and time. Whatever is not recognised is a PLAIN one, held to all."""

    PLAIN = auto()
    UPLOAD = auto()
    EXPORT = auto()
    STREAM = auto()
    MEDIA = auto()
    PROBE = auto()

    @property
    def timed(self) -> bool:
        """Whether it must be over within a time; the others only must not stall."""
        return self is Kind.PLAIN or self is Kind.PROBE


def kind_of(method: str, path: str) -> Kind:
    path = path.rstrip("/")
    if (method, path) in _UPLOADS or (method in _SENDING and path.startswith(_PIECES)):
        return Kind.UPLOAD
    if path == f"{API}/users/me/export":
        return Kind.EXPORT
    if path == f"{API}/stream":
        return Kind.STREAM
    if path.startswith("/media/"):
        return Kind.MEDIA
    return Kind.PROBE if path in _PROBES else Kind.PLAIN


@cache
def route_name(template: str) -> str:
    """`/posts/{post_id:str}` as logs and figures know it: `/posts/{post_id}`."""
    return _TYPED.sub(r"{\1}", template)
