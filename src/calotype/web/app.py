"""The ASGI application: handlers, dependencies, errors and the OpenAPI document."""

from litestar import Litestar, Router
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme

from calotype.kernel.errors import CalotypeError
from calotype.web import (
    accounts,
    comments,
    discovery,
    engagement,
    feed,
    filters,
    health,
    impressions,
    me,
    media,
    metrics,
    notifications,
    owner,
    pages,
    people,
    posts,
    site,
    stream,
    tus,
    uploads,
)
from calotype.web.access import AccessLog
from calotype.web.authentication import provide_me, provide_owner, provide_viewer
from calotype.web.deadlines import Deadlines
from calotype.web.edge import Edge
from calotype.web.headers import Policy
from calotype.web.problems import on_crash, on_error, on_http_error
from calotype.web.proxies import Proxies
from calotype.web.quick import QuickDoor
from calotype.web.services import Services

# JSON bodies; uploads have limits of their own.
MAX_BODY_BYTES = 256 * 1024
_API = (
    *(accounts, me, posts, uploads, engagement, comments, impressions, filters),
    *(feed, people, discovery, notifications, owner, stream),
)
_ROOT = (media, health, metrics, pages, site)


def build_edge(services: Services, public_url: str, access: AccessLog) -> Edge:
    """The application behind what holds for every request.

    Raises:
        Misconfigured: a trusted proxy is no address.
    """
    settings = services.settings
    return Edge(
        app=build_app(services),
        quick=QuickDoor(services),
        settings=settings,
        proxies=Proxies(settings.trusted_proxies),
        policy=Policy(public_url, settings.origins),
        rates=services.rates,
        verifier=services.people.verifier,
        figures=services.figures,
        deadlines=Deadlines(settings.request_s),
        access=access,
    )


def build_app(services: Services) -> Litestar:
    """The application over these services; it owns nothing that must be closed."""
    handlers = [handler for file in _API for handler in file.HANDLERS]
    api = Router("/api/v1", route_handlers=[*handlers, tus.build_router()])
    return Litestar(
        [api, uploads.send_upload, *(handler for file in _ROOT for handler in file.HANDLERS)],
        dependencies={
            "services": Provide(lambda: services, sync_to_thread=False),
            "me": Provide(provide_me),
            "viewer": Provide(provide_viewer),
            "owner": Provide(provide_owner),
        },
        exception_handlers={
            CalotypeError: on_error,
            HTTPException: on_http_error,
            Exception: on_crash,
        },
        openapi_config=_openapi(),
        request_max_body_size=MAX_BODY_BYTES,
        logging_config=None,
    )


def _openapi() -> OpenAPIConfig:
    bearer = SecurityScheme(type="http", scheme="bearer", bearer_format="JWT")
    return OpenAPIConfig(
        title="Calotype",
        version="1",
        description="Share photos, follow people, read a feed. Ids are numeric strings.",
        path="/schema",
        render_plugins=[JsonRenderPlugin(path=["/", "/openapi.json"])],
        components=Components(security_schemes={"bearer": bearer}),
        security=[{}, {"bearer": []}],
        create_examples=False,
        use_handler_docstrings=True,
    )
