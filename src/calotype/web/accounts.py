"""Accounts, tokens and sessions."""

from datetime import datetime
from typing import Any, Literal

from litestar import Request, delete, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.response import Response
from msgspec import UNSET, Struct, UnsetType

from calotype.accounts.account import Grant, Identity
from calotype.accounts.create import NewPerson
from calotype.accounts.sessions import parse_refresh_token
from calotype.kernel.clock import to_datetime
from calotype.kernel.errors import Unauthenticated
from calotype.kernel.ids import parse_id
from calotype.web import cookies
from calotype.web.problems import on_error, refusals
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
    session: Literal["cookie"] | UnsetType = UNSET
    """As at log-in."""


class Credentials(Struct, rename="camel", forbid_unknown_fields=True):
    username: str
    """Or the email address."""
    password: str
    session: Literal["cookie"] | UnsetType = UNSET
    """`cookie`: a browser keeps the refresh token, in a cookie that no script can read. Then, and at
    refreshing and logging out, the header X-Calotype-CSRF must be sent."""


class RefreshToken(Struct, rename="camel", forbid_unknown_fields=True):
    refresh_token: str | UnsetType = UNSET
    """Left out: the one in the browser's cookie is meant."""


class GrantView(Struct, rename="camel"):
    user_id: str
    username: str
    access_token: str
    expires_in: int
    """Seconds until the access token expires."""
    refresh_token: str | UnsetType = UNSET
    """Left out where a browser keeps it."""


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
    if data.session:
        cookies.check_own_page(request)
    await services.rates.register(address_of(request), data.username)
    person = NewPerson(data.username, data.password, data.email or None, data.name)
    grant = await services.people.register(
        person, invitation=data.invitation or None, label=_label(request)
    )
    return _granted(grant, 201, _kept(request, services, grant) if data.session else None)


@post("/tokens", status_code=200, responses=refusals(401, 403), operation_id="logIn")
async def log_in(
    request: Request[Any, Any, Any],
    data: JSONBody[Credentials],
    services: NamedDependency[Services],
) -> Response[GrantView]:
    """Log in with a username or an email address."""
    if data.session:
        cookies.check_own_page(request)
    await services.rates.log_in(address_of(request), data.username)
    grant = await services.people.log_in(data.username, data.password, label=_label(request))
    return _granted(grant, 200, _kept(request, services, grant) if data.session else None)


@post("/tokens/refresh", status_code=200, responses=refusals(401, 403), operation_id="refresh")
async def refresh(
    request: Request[Any, Any, Any],
    data: JSONBody[RefreshToken],
    services: NamedDependency[Services],
) -> Response[GrantView]:
    """Trade a refresh token for a new pair; it is good once (and 30 s more for a second tab)."""
    if data.refresh_token is not UNSET:
        return _granted(await _refreshed(request, services, data.refresh_token), 200, None)
    token = cookies.refresh_token_of(request)
    if token is None:
        raise Unauthenticated("there is no session here; log in")
    try:
        grant = await _refreshed(request, services, token)
    except Unauthenticated as error:
        refusal = on_error(request, error)
        refusal.cookies.append(cookies.drop(request))
        return refusal
    return _granted(grant, 200, _kept(request, services, grant))


@post("/tokens/revoke", status_code=204, responses=refusals(403), operation_id="logOut")
async def revoke(
    request: Request[Any, Any, Any],
    data: JSONBody[RefreshToken],
    services: NamedDependency[Services],
) -> Response[None]:
    """Log out: end the session that a refresh token belongs to. Repeating it is no error."""
    if data.refresh_token is not UNSET:
        await services.people.sessions.revoke_by_token(data.refresh_token)
        return Response(None)
    token = cookies.refresh_token_of(request)
    if token is not None:
        await services.people.sessions.revoke_by_token(token)
    return Response(None, cookies=[cookies.drop(request)])


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


async def _refreshed(
    request: Request[Any, Any, Any], services: Services, refresh_token: str
) -> Grant:
    session_id, _ = parse_refresh_token(refresh_token)
    await services.rates.refresh(address_of(request), session_id)
    return await services.people.refresh(refresh_token)


def _kept(request: Request[Any, Any, Any], services: Services, grant: Grant) -> Cookie:
    return cookies.keep(request, grant.refresh_token, services.people.sessions.life_s)


def _granted(grant: Grant, status: int, kept: Cookie | None) -> Response[GrantView]:
    """A grant as it is shown; with `kept` the refresh token goes in that cookie alone."""
    view = GrantView(
        user_id=str(grant.user_id),
        username=grant.username,
        access_token=grant.access_token,
        expires_in=grant.expires_in,
        refresh_token=UNSET if kept else grant.refresh_token,
    )
    return Response(view, status_code=status, headers=_NO_STORE, cookies=[kept] if kept else None)


HANDLERS = [register, log_in, refresh, revoke, sessions, end_session]
