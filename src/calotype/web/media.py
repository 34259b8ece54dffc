"""Media files."""

from typing import Any

from litestar import Request, route
from litestar.enums import HttpMethod
from litestar.response import Response, Stream

from calotype.accounts.account import Identity
from calotype.delivery.serve import Servable
from calotype.web.problems import refusals
from calotype.web.services import Services


@route(
    "/media/{media_id:int}/{file_name:str}",
    http_method=[HttpMethod.GET, HttpMethod.HEAD],
    status_code=200,
    responses=refusals(401, 404),
    operation_id="getMedia",
)
async def media(
    request: Request[Any, Any, Any],
    media_id: int,
    file_name: str,
    services: Services,
    viewer: Identity | None,
    expires: int = 0,
    signature: str = "",
) -> Response[Any]:
    """A rendition of a medium, by the URL that came with its post."""
    viewer_id = viewer.user_id if viewer else None
    found = await services.media.find(media_id, file_name, viewer_id, expires, signature)
    etag = f'"{media_id}-{file_name}-{found.blob.size}"'
    headers = {
        "ETag": etag,
        "Cache-Control": _cache_control(found),
        "Content-Type": found.content_type,
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    if request.headers.get("if-none-match") == etag:
        return Response(None, status_code=304, headers=headers)
    headers["Content-Length"] = str(found.blob.size)
    if request.method == HttpMethod.HEAD:
        return Response(None, headers=headers)
    return Stream(services.blobs.stream(found.blob.key), headers=headers)


def _cache_control(found: Servable) -> str:
    if found.public:
        return f"public, max-age={found.max_age_s}, immutable"
    return f"private, max-age={found.max_age_s}"


HANDLERS = [media]
