"""Liveness and readiness, for whoever supervises the process."""

from litestar import get
from litestar.di import NamedDependency

from calotype.kernel.errors import Unavailable
from calotype.web.problems import refusals
from calotype.web.services import Services


@get("/livez", operation_id="live")
async def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@get("/readyz", responses=refusals(), operation_id="ready")
async def ready(services: NamedDependency[Services]) -> dict[str, str]:
    """The stores answer, and the server is not about to stop."""
    if services.closing.is_set():
        raise Unavailable("the server is stopping")
    await services.ready()
    return {"status": "ok"}


HANDLERS = [live, ready]
