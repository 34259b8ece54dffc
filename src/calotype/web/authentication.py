"""Who asks: the Bearer token of a request."""

from typing import Any

from litestar import Request
from litestar.di import NamedDependency

from calotype.accounts.account import Identity, Role
from calotype.kernel.errors import Forbidden, Unauthenticated
from calotype.web.services import Services


def token_of(request: Request[Any, Any, Any]) -> str | None:
    """The access token, None if there is none. Raises Unauthenticated for another scheme."""
    header = request.headers.get("authorization")
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated("the Authorization header must be: Bearer ACCESS_TOKEN")
    return token.strip()


async def provide_me(
    request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> Identity:
    """The person who asks. Raises Unauthenticated if nobody does."""
    token = token_of(request)
    if token is None:
        raise Unauthenticated("log in first: send Authorization: Bearer ACCESS_TOKEN")
    verifier = services.people.verifier
    return verifier.known(token) or await verifier.verify(token)


async def provide_viewer(
    request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> Identity | None:
    """The person who asks, None for a stranger; a bad token is refused all the same."""
    return None if token_of(request) is None else await provide_me(request, services)


async def provide_owner(me: NamedDependency[Identity]) -> Identity:
    """The person who asks, if they run the place. Raises Forbidden if they do not."""
    if me.role != Role.OWNER:
        raise Forbidden("only the owner of this place is told")
    return me
