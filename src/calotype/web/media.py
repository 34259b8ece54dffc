"""Media files.

An answer costs one statement and one look at the disk, however it is sent: a file of up to 1 MiB
is read whole and sent at once, a larger one goes on in chunks. A small public one that was sent a
moment ago costs neither (hot.py).
"""

from collections.abc import AsyncIterator
from typing import Any

from litestar import Request, get, head
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Response, Stream

from calotype.accounts.account import Identity
from calotype.blobs.store import BlobInfo, BlobPart
from calotype.delivery.serve import Asking, Servable
from calotype.web.conditions import Span, is_fresh, span_of
from calotype.web.problems import refusals
from calotype.web.services import Services

# The largest renditions of photos are a third of this.
AT_ONCE = 1024 * 1024
PATH = "/media/{media_id:int}/{file_name:str}"


@get(PATH, responses=refusals(401, 404, 416), operation_id="getMedia")
async def media(
    request: Request[Any, Any, Any],
    media_id: FromPath[int],
    file_name: FromPath[str],
    services: NamedDependency[Services],
    viewer: NamedDependency[Identity | None],
    expires: FromQuery[int] = 0,
    signature: FromQuery[str] = "",
) -> Response[Any]:
    """A rendition of a medium, by the URL that came with its post.

    Answers If-None-Match, and a single Range with or without If-Range.
    """
    asking = Asking(viewer.user_id if viewer else None, expires, signature)
    as_of = services.hot.versions.now
    found = await services.media.find(media_id, file_name, asking)
    asked = request.headers
    conditional = "if-none-match" in asked or "range" in asked
    part = await services.media.read(found, 0, 0 if conditional else AT_ONCE)
    headers = _headers(found, part.info)
    if is_fresh(asked.get("if-none-match"), headers["ETag"]):
        return Response(None, status_code=304, headers=headers)
    size = part.info.size
    span = span_of(asked.get("range"), asked.get("if-range"), headers["ETag"], size)
    wanted = span or Span(0, size, size)
    if conditional:
        part = await services.media.read(found, wanted.start, min(AT_ONCE, wanted.length))
    status = 200
    if span is not None:
        status, headers["Content-Range"] = 206, span.content_range
    if len(part.data) == wanted.length:
        if found.public and status == 200:
            services.hot.keep(request.url.path, as_of, media_id, headers, part.data)
        return Response(part.data, status_code=status, headers=headers)
    headers["Content-Length"] = str(wanted.length)
    return Stream(_in_chunks(services, part, wanted), status_code=status, headers=headers)


@head(PATH, responses=refusals(401, 404), operation_id="headMedia")
async def media_head(
    request: Request[Any, Any, Any],
    media_id: FromPath[int],
    file_name: FromPath[str],
    services: NamedDependency[Services],
    viewer: NamedDependency[Identity | None],
    expires: FromQuery[int] = 0,
    signature: FromQuery[str] = "",
) -> Response[None]:
    """The same without the bytes."""
    asking = Asking(viewer.user_id if viewer else None, expires, signature)
    found = await services.media.find(media_id, file_name, asking)
    info = (await services.media.read(found, 0, 0)).info
    headers = _headers(found, info)
    if is_fresh(request.headers.get("if-none-match"), headers["ETag"]):
        return Response(None, status_code=304, headers=headers)
    return Response(None, headers=headers | {"Content-Length": str(info.size)})


async def _in_chunks(services: Services, first: BlobPart, wanted: Span) -> AsyncIterator[bytes]:
    yield first.data
    start = wanted.start + len(first.data)
    async for chunk in services.media.stream(first.info.key, start, wanted.end):
        yield chunk


def _headers(found: Servable, info: BlobInfo) -> dict[str, str]:
    headers = {
        # A file is written once and only ever copied, so its name and size tell it from any other
        # that this URL could have led to.
        "ETag": f'"{found.media_id:x}-{found.file_name}-{info.size:x}"',
        "Accept-Ranges": "bytes",
        "Cache-Control": _cache_control(found),
        "Content-Type": found.content_type,
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    if not found.public:
        headers["Vary"] = "Authorization"
    return headers


def _cache_control(found: Servable) -> str:
    if found.public:
        return f"public, max-age={found.max_age_s}, immutable"
    return f"private, max-age={found.max_age_s}" if found.max_age_s else "private, no-cache"


HANDLERS = [media, media_head]
