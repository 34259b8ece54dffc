"""The one table from errors to HTTP statuses, and problem documents (RFC 9457)."""

import logging
from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.openapi.datastructures import ResponseSpec

from calotype.kernel import errors
from calotype.kernel.trace import current_trace
from calotype.kernel.trouble import Trouble

log = logging.getLogger("calotype.web")

# What an operator should hear of, though nobody's request is to blame.
_REFUSING = Trouble(log, "requests are refused")

# When to ask again for what only an operator can mend, such as a disk gone read-only.
MENDED_BY_HAND_S = 30

PROBLEM_JSON = "application/problem+json"

# The first class that an error is an instance of, in this order.
STATUSES: Mapping[type[errors.CalotypeError], int] = {
    errors.Malformed: 400,
    errors.OutOfRange: 416,
    errors.BadMedia: 422,
    errors.Invalid: 422,
    errors.TooLarge: 413,
    errors.TooSlow: 408,
    errors.RateLimited: 429,
    errors.Unsupported: 415,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.StorageFull: 507,
    errors.Unavailable: 503,
}
TITLES: Mapping[int, str] = {
    400: "Malformed request",
    401: "Not authenticated",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    408: "Too slow",
    409: "Conflict",
    413: "Too large",
    415: "Unsupported media type",
    416: "Range not satisfiable",
    422: "Invalid input",
    429: "Too many requests",
    500: "Internal error",
    503: "Unavailable",
    507: "Storage full",
}


class Problem(msgspec.Struct):
    """What went wrong, for people (`detail`) and for programs (`code`)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    field: str | msgspec.UnsetType = msgspec.UNSET
    """The part of the input that is to blame."""


def refusals(*statuses: int) -> dict[int, ResponseSpec]:
    """The OpenAPI description of the problems that an endpoint may answer with.

    Any may answer 400, 408, 422, 429, 500 and 503.
    """
    return {
        status: ResponseSpec(
            Problem,
            description=TITLES[status],
            media_type=PROBLEM_JSON,
            generate_examples=False,
        )
        for status in sorted({400, 408, 422, 429, 500, 503, *statuses})
    }


def on_error(request: Request[Any, Any, Any], error: errors.CalotypeError) -> Response[Any]:
    status = _status(error)
    if status == 500:
        return on_crash(request, error)
    if status in {503, 507}:
        _REFUSING.met(error)
    return _problem(status, error.code, error.message, _headers(status, error), error.details)


def refuse(error: errors.CalotypeError) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of a problem that is answered before any handler is asked."""
    status = _status(error)
    headers = _headers(status, error) | {"Content-Type": PROBLEM_JSON}
    content = _content(status, error.code, error.message, error.details)
    return status, headers, msgspec.json.encode(content)


def _status(error: errors.CalotypeError) -> int:
    return next((code for kind, code in STATUSES.items() if isinstance(error, kind)), 500)


def _headers(status: int, error: errors.CalotypeError) -> dict[str, str]:
    headers = {}
    seconds = error.details.get("retry_after", MENDED_BY_HAND_S if status == 503 else None)
    if seconds is not None:
        headers["Retry-After"] = str(seconds)
    if status == 416:
        headers["Content-Range"] = f"bytes */{error.details['size']}"
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if status in {408, 413}:
        headers["Connection"] = "close"  # the rest of the body is not wanted
    if status == 404:
        headers["Cache-Control"] = "no-store"
    if isinstance(error, errors.RateLimited):
        # A handler's own rate is the one to blame, not the one that every request meets.
        names = (name for name in ("limit", "remaining", "reset") if name in error.details)
        headers |= {f"X-RateLimit-{name.title()}": str(error.details[name]) for name in names}
    return headers


def on_http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """What the framework refuses by itself: routes, methods, and parameters that do not parse."""
    if error.status_code >= 500:
        return on_crash(request, error)
    extra = error.extra if isinstance(error.extra, list) else []
    if error.status_code == 400 and extra and isinstance(first := extra[0], dict):
        field = str(first.get("key", ""))
        detail = f"{field or 'the body'}: {first.get('message', 'is not valid')}"
        return _problem(422, errors.Invalid.code, detail, {}, {"field": field} if field else {})
    codes = {
        400: errors.Malformed.code,
        404: errors.NotFound.code,
        405: "method_not_allowed",
        413: errors.TooLarge.code,
    }
    code = codes.get(error.status_code, "http_error")
    return _problem(error.status_code, code, error.detail, dict(error.headers or {}), {})


def on_crash(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """A fault of ours: the request's id in the answer finds the stack trace in the log."""
    trace = current_trace()
    log.error("broken: %s", request.method, exc_info=error)
    detail = f"something broke on our side; if you report it, name {trace}"
    return _problem(500, "internal", detail, {}, {"trace": trace})


def _problem(
    status: int, code: str, detail: str, headers: dict[str, str], details: Mapping[str, Any]
) -> Response[Any]:
    content = _content(status, code, detail, details)
    return Response(content, status_code=status, headers=headers, media_type=PROBLEM_JSON)


def _content(status: int, code: str, detail: str, details: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{name: value for name, value in details.items() if name != "retry_after"},
        "type": f"urn:calotype:problem:{code}",
        "title": TITLES.get(status, "Error"),
        "status": status,
        "detail": detail,
        "code": code,
    }
