"""Accounts, tokens and sessions."""

from datetime import datetime
from typing import Any

from litestar import Request, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.response import Response
from msgspec import UNSET, Struct, UnsetType

from calotype.accounts.account import Grant, Identity
from calotype.accounts.create import NewPerson
from calotype.accounts.sessions import parse_refresh_token
from calotype.kernel.clock import to_datetime
from calotype.kernel.ids import parse_id
from calotype.web.problems import refusals
from calotype.web.proxies import address_of
from calotype.web.services import Services

# Credentials must never lie in a cache.
_NO_STORE = {"Cache-Control": "no-store"}


class NewAccount(Struct, rename="camel", forbid_unknown_fields=True):
    username: str
    password: str
    email: str | UnsetType = UNSET
    name: str = ""
    invitation: str | UnsetType = UNSET


class Credentials(Struct, rename="camel", forbid_unknown_fields=True):
    username: str
    """Or the email address."""
    password: str


class RefreshToken(Struct, rename="camel", forbid_unknown_fields=True):
    refresh_token: str


class GrantView(Struct, rename="camel"):
    user_id: str
    username: str
    access_token: str
    refresh_token: str
    expires_in: int
    """Seconds until the access token expires."""


class SessionView(Struct, rename="camel"):
    session_id: str
    label: str
    created: datetime
    last_used: datetime
    current: bool


class SessionsView(Struct, rename="camel"):
    sessions: list[SessionView]


@post("/accounts", responses=refusals(403, 409), operation_id="register")
async def register(
    request: Request[Any, Any, Any], data: JSONBody[NewAccount], services: NamedDependency[Services]
) -> Response[GrantView]:
    """Make an account and log in."""
    await services.rates.register(address_of(request), data.username)
    person = NewPerson(data.username, data.password, data.email or None, data.name)
    grant = await services.people.register(
        person, invitation=data.invitation or None, label=_label(request)
    )
    return _granted(grant, 201)


@post("/tokens", status_code=200, responses=refusals(401), operation_id="logIn")
async def log_in(
    request: Request[Any, Any, Any],
    data: JSONBody[Credentials],
    services: NamedDependency[Services],
) -> Response[GrantView]:
    """Log in with a username or an email address."""
    await services.rates.log_in(address_of(request), data.username)
    grant = await services.people.log_in(data.username, data.password, label=_label(request))
    return _granted(grant, 200)


@post("/tokens/refresh", status_code=200, responses=refusals(401), operation_id="refresh")
async def refresh(
    request: Request[Any, Any, Any],
    data: JSONBody[RefreshToken],
    services: NamedDependency[Services],
) -> Response[GrantView]:
    """Trade a refresh token for a new pair; it is good once (and 30 s more for a second tab)."""
    session_id, _ = parse_refresh_token(data.refresh_token)
    await services.rates.refresh(address_of(request), session_id)
    return _granted(await services.people.refresh(data.refresh_token), 200)


@post("/tokens/revoke", status_code=204, responses=refusals(), operation_id="logOut")
async def revoke(data: JSONBody[RefreshToken], services: NamedDependency[Services]) -> None:
    """Log out: end the session that a refresh token belongs to. Repeating it is no error."""
    await services.people.sessions.revoke_by_token(data.refresh_token)


@get("/sessions", responses=refusals(401), operation_id="listSessions")
async def sessions(
    me: NamedDependency[Identity], services: NamedDependency[Services]
) -> SessionsView:
    """Where one is logged in."""
    return SessionsView(
        [
            SessionView(
                session_id=str(each.session_id),
                label=each.label,
                created=to_datetime(each.created_ms),
                last_used=to_datetime(each.used_ms),
                current=each.current,
            )
            for each in await services.people.sessions.list(me)
        ]
    )


@delete("/sessions/{session_id:str}", responses=refusals(401, 404), operation_id="endSession")
async def end_session(
    session_id: FromPath[str], me: NamedDependency[Identity], services: NamedDependency[Services]
) -> None:
    """End one of one's own sessions."""
    await services.people.sessions.revoke(me.user_id, parse_id(session_id, "sessionId"))


def _label(request: Request[Any, Any, Any]) -> str:
    return request.headers.get("user-agent", "")[:200]


def _granted(grant: Grant, status: int) -> Response[GrantView]:
    view = GrantView(
        str(grant.user_id),
        grant.username,
        grant.access_token,
        grant.refresh_token,
        grant.expires_in,
    )
    return Response(view, status_code=status, headers=_NO_STORE)


HANDLERS = [register, log_in, refresh, revoke, sessions, end_session]
