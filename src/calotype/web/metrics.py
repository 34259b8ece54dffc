"""Figures for Prometheus."""

import hmac
from typing import Any

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.response import Response

from calotype.kernel.errors import NotFound
from calotype.kernel.metrics import exposition
from calotype.web.authentication import token_of
from calotype.web.proxies import is_loopback, was_forwarded
from calotype.web.services import Services

_TEXT = "text/plain; version=0.0.4; charset=utf-8"


@get("/metrics", include_in_schema=False)
async def metrics(
    request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> Response[str]:
    """For this machine, and for whoever has the token; for others there is no such page."""
    if not _may_read(request, services.settings.metrics_token):
        raise NotFound("there is nothing here")
    text = exposition(await services.scrape.families())
    return Response(text, media_type=_TEXT, headers={"Cache-Control": "no-store"})


def _may_read(request: Request[Any, Any, Any], token: str) -> bool:
    if token and "authorization" in request.headers:
        return hmac.compare_digest((token_of(request) or "").encode(), token.encode())
    host = request.client.host if request.client else ""
    return is_loopback(host) and not was_forwarded(request.scope["headers"])


HANDLERS = [metrics]
