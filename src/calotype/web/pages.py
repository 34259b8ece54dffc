"""The few pages that the server makes by itself: a welcome, and the owner's first step."""

from html import escape
from typing import Annotated, Any

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.enums import MediaType, RequestEncodingType
from litestar.params import Body, FromQuery
from litestar.response import Response
from msgspec import Struct

from calotype.accounts.create import NewPerson
from calotype.kernel.errors import CalotypeError
from calotype.web.proxies import address_of
from calotype.web.services import Services

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
}
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>
<style>
:root {{ color-scheme: light dark; --paper: #f6f1e7; --ink: #2b2620; --line: #a89c88; }}
@media (prefers-color-scheme: dark) {{ :root {{ --paper: #211d18; --ink: #f0e8da; }} }}
body {{ background: var(--paper); color: var(--ink); font: 17px/1.5 Georgia, serif;
  max-width: 26rem; margin: 12vh auto; padding: 0 1.25rem; }}
h1 {{ font-weight: normal; letter-spacing: .02em; }}
label {{ display: block; margin: 1rem 0 .25rem; }}
input, button {{ font: inherit; width: 100%; box-sizing: border-box; padding: .6rem .75rem;
  min-height: 44px; border: 1px solid var(--line); border-radius: 4px; background: none;
  color: inherit; }}
button {{ margin-top: 1.5rem; background: var(--ink); color: var(--paper); cursor: pointer; }}
code {{ word-break: break-all; }}
.problem {{ border-left: 3px solid #b3402a; padding-left: .75rem; }}
</style></head><body><main>{body}</main></body></html>"""
_FORM = """<h1>The owner of this place</h1>{problem}
<p>Choose the name and the password that you will log in with.</p>
<form method="post" action="/setup">
<input type="hidden" name="invitation" value="{invitation}">
<label for="username">Username</label>
<input id="username" name="username" value="{username}" required minlength="3" maxlength="30"
 autocomplete="username" autocapitalize="none" autofocus>
<label for="password">Password</label>
<input id="password" name="password" type="password" required minlength="8"
 autocomplete="new-password">
<button>Make the account</button></form>"""


class Owner(Struct):
    """What the form sends."""

    invitation: str
    username: str
    password: str


def welcome_page() -> Response[str]:
    """What a browser sees where the web client was not built."""
    return _page(
        "Calotype",
        "<h1>Calotype</h1><p>This server is up. Its API is described at "
        '<a href="/schema">/schema</a>; every endpoint lies under <code>/api/v1</code>.</p>',
    )


@get("/setup", media_type=MediaType.HTML, include_in_schema=False)
async def setup(invitation: FromQuery[str] = "") -> Response[str]:
    """The form behind the one-time link."""
    return _form(invitation)


@post("/setup", media_type=MediaType.HTML, include_in_schema=False)
async def make_owner(
    request: Request[Any, Any, Any],
    data: Annotated[Owner, Body(media_type=RequestEncodingType.URL_ENCODED)],
    services: NamedDependency[Services],
) -> Response[str]:
    """Make the account that the link is for."""
    try:
        await services.rates.register(address_of(request), data.username)
        grant = await services.people.register(
            NewPerson(data.username, data.password),
            invitation=data.invitation,
            label="first start",
        )
    except CalotypeError as error:
        return _form(data.invitation, data.username, error.message, status=422)
    await services.people.sessions.revoke_by_token(grant.refresh_token)
    name = escape(grant.username)
    return _page(
        "Calotype",
        f"<h1>Welcome, {name}</h1><p>Your account is made. From a terminal, "
        f"<code>calotype login {name}</code> and then "
        "<code>calotype post PHOTO --caption HELLO</code> share your first photo.</p>",
    )


def _form(
    invitation: str, username: str = "", problem: str = "", status: int = 200
) -> Response[str]:
    shown = f'<p class="problem" role="alert">{escape(problem)}</p>' if problem else ""
    body = _FORM.format(invitation=escape(invitation), username=escape(username), problem=shown)
    return _page("Set up Calotype", body, status)


def _page(title: str, body: str, status: int = 200) -> Response[str]:
    return Response(
        _PAGE.format(title=title, body=body),
        status_code=status,
        media_type=MediaType.HTML,
        headers=_HEADERS,
    )


HANDLERS = [setup, make_owner]
