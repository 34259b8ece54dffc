"""The web client, at every path that nothing else answers.

Its page answers for all the paths that the client itself routes. What it may load is told by a
strict Content-Security-Policy: nothing inline, nothing from elsewhere.
"""

from functools import cache
from typing import Any

from litestar import HttpMethod, Request, route
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response

from calotype.kernel.errors import NotFound
from calotype.web.bundle import INDEX, File
from calotype.web.conditions import is_fresh
from calotype.web.pages import welcome_page
from calotype.web.services import Services
from calotype.web.share import share_page

# What answers for itself: below these a path that is not known is no page of the client's.
_OTHERS = frozenset({"api", "media", "schema", "metrics", "livez", "readyz", "setup", "assets"})
_WORKER = "sw.js"
_IMMUTABLE = "public, max-age=31536000, immutable"
_SHARED_S = 60
_READING = [HttpMethod.GET, HttpMethod.HEAD]
# The last route of all must not say of others' paths which methods they know.
_ANY = [*_READING, HttpMethod.POST, HttpMethod.PUT, HttpMethod.PATCH, HttpMethod.DELETE]


@route("/", http_method=_READING, include_in_schema=False)
async def home(
    request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> Response[Any]:
    """The client; where it was not built, a word of welcome."""
    index = services.bundle.index
    return welcome_page() if index is None else _answer(request, services, index)


@route("/p/{post_id:str}", http_method=_READING, include_in_schema=False)
async def shared(
    request: Request[Any, Any, Any],
    post_id: FromPath[str],
    services: NamedDependency[Services],
) -> Response[Any]:
    """The client at a post, with a preview of it for other sites if strangers may see it."""
    index = services.bundle.index
    if index is None:
        raise _nothing()
    base = services.site_url or str(request.base_url).rstrip("/")
    page = await share_page(services, index.body, post_id, base)
    if page is None:
        return _answer(request, services, index)
    headers = _headers(services, index) | {"Cache-Control": f"private, max-age={_SHARED_S}"}
    return Response(page, headers=headers)


@route("/{path:path}", http_method=_ANY, status_code=200, include_in_schema=False)
async def anything(
    request: Request[Any, Any, Any], path: FromPath[str], services: NamedDependency[Services]
) -> Response[Any]:
    """A file of the client by its name, or the client at a path of its own."""
    name = path.removeprefix("/")
    file = services.bundle.find(name) if name != INDEX else None
    if file is None and name.partition("/")[0] not in _OTHERS and _wants_page(request):
        file = services.bundle.index
    if file is None or request.method not in {"GET", "HEAD"}:
        raise _nothing()
    return _answer(request, services, file, worker=name == _WORKER)


def _answer(
    request: Request[Any, Any, Any], services: Services, file: File, *, worker: bool = False
) -> Response[Any]:
    coding, body = file.accepted(request.headers.get("accept-encoding", ""))
    headers = _headers(services, file) | {"ETag": file.etag(coding)}
    if worker:
        headers["Service-Worker-Allowed"] = "/"
    if coding:
        headers["Content-Encoding"] = coding
    if is_fresh(request.headers.get("if-none-match"), headers["ETag"]):
        return Response(None, status_code=304, headers=headers)
    return Response(body, headers=headers)


def _headers(services: Services, file: File) -> dict[str, str]:
    return {
        "Content-Type": file.content_type,
        "Cache-Control": _IMMUTABLE if file.hashed else "no-cache",
        "Vary": "Accept-Encoding",
        # Of scripts too: a worker is held to the policy that came with its own script.
        "Content-Security-Policy": _content_policy(services.site_url),
    }


@cache
def _content_policy(site_url: str) -> str:
    """What the client's page may load: its own files, and media where their URLs lead."""
    own = f"'self' {site_url}".rstrip()
    media = f"{own} blob:"
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            f"img-src {media} data:",
            f"media-src {media}",
            "font-src 'self'",
            f"connect-src {own}",
            "worker-src 'self'",
            "manifest-src 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "form-action 'self'",
        )
    )


def _wants_page(request: Request[Any, Any, Any]) -> bool:
    return "text/html" in request.headers.get("accept", "")


def _nothing() -> NotFound:
    return NotFound("there is nothing here; the API is described at /schema")


HANDLERS = [home, shared, anything]
