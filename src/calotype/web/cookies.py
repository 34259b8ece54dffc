"""Browser sessions: the refresh token in a cookie that no script of a page can read.

Guarantees: no cookie is set unless it was asked for; it goes back to the token endpoints alone, and
is taken from a request only if that carries a header which no other site's page can send: browsers
ask first whether they may (CORS), and are told no (web/headers.py). Strict SameSite holds besides.
"""

from typing import Any

from litestar import Request
from litestar.datastructures import Cookie

from calotype.kernel.errors import CsrfHeaderMissing

CSRF_HEADER = "X-Calotype-CSRF"
_NAME = "calotype_refresh"
_PATH = "/api/v1/tokens"


def check_own_page(request: Request[Any, Any, Any]) -> None:
    """Raises CsrfHeaderMissing, unless one of our own pages sent the request."""
    if not request.headers.get(CSRF_HEADER):
        raise CsrfHeaderMissing(f"send the header {CSRF_HEADER}: 1 with a session of a browser")


def refresh_token_of(request: Request[Any, Any, Any]) -> str | None:
    """The refresh token that the browser keeps, if any. Raises CsrfHeaderMissing."""
    check_own_page(request)
    return request.cookies.get(_NAME)


def keep(request: Request[Any, Any, Any], refresh_token: str, life_s: int) -> Cookie:
    """The cookie that keeps a refresh token for `life_s` seconds."""
    return _cookie(request, refresh_token, life_s)


def drop(request: Request[Any, Any, Any]) -> Cookie:
    """The cookie that takes the place of the one kept, and is over at once."""
    return _cookie(request, "", 0)


def _cookie(request: Request[Any, Any, Any], value: str, life_s: int) -> Cookie:
    return Cookie(
        key=_NAME,
        value=value,
        path=_PATH,
        max_age=life_s,
        httponly=True,
        samesite="strict",
        # The edge has set the scheme as the client sees it, behind proxies that are trusted.
        secure=request.scope["scheme"] == "https",
    )
