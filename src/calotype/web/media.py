"""Media files."""

from typing import Any

from litestar import Request, get, head
from litestar.response import Response, Stream

from calotype.accounts.account import Identity
from calotype.delivery.serve import Servable
from calotype.web.problems import refusals
from calotype.web.services import Services

_PATH = "/media/{media_id:int}/{file_name:str}"


@get(_PATH, responses=refusals(401, 404), operation_id="getMedia")
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
    headers = _headers(found)
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(None, status_code=304, headers=headers)
    headers["Content-Length"] = str(found.blob.size)
    return Stream(services.blobs.stream(found.blob.key), headers=headers)


@head(_PATH, responses=refusals(401, 404), operation_id="headMedia")
async def media_head(
    media_id: int,
    file_name: str,
    services: Services,
    viewer: Identity | None,
    expires: int = 0,
    signature: str = "",
) -> Response[None]:
    """The same without the bytes."""
    viewer_id = viewer.user_id if viewer else None
    found = await services.media.find(media_id, file_name, viewer_id, expires, signature)
    length = {"Content-Length": str(found.blob.size)}
    return Response(None, headers=_headers(found) | length)


def _headers(found: Servable) -> dict[str, str]:
    scope = "public" if found.public else "private"
    lasting = ", immutable" if found.public else ""
    return {
        "ETag": f'"{found.blob.key.rpartition("/")[2]}-{found.blob.size}"',
        "Cache-Control": f"{scope}, max-age={found.max_age_s}{lasting}",
        "Content-Type": found.content_type,
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }


HANDLERS = [media, media_head]
