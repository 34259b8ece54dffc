"""Sessions of browsers: the refresh token in a cookie, and what other sites' pages can not do."""

from collections.abc import AsyncIterator
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import httpx
import pytest

from calotype.web.access import Answered
from calotype.web.app import build_edge
from tests.inprocess import PASSWORD, Place, Visitor, running

pytestmark = pytest.mark.anyio

OURS = {"X-Calotype-CSRF": "1"}
NAME = "calotype_refresh"


class Silence:
    """An access log that nobody keeps."""

    def tell(self, answered: Answered) -> None:
        pass


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with running(tmp_path / "house") as place:
        yield place


@pytest.fixture
async def ann(place: Place) -> Visitor:
    """Who has an account, and this browser no session yet."""
    await place.person("ann")
    browser = place.stranger()
    browser.name = "ann"
    return browser


async def log_in(browser: Visitor, **options: Any) -> httpx.Response:
    credentials = {"username": "ann", "password": PASSWORD, "session": "cookie"}
    return await browser.api("POST", "/tokens", json=credentials, headers=OURS, **options)


async def refresh(browser: Visitor, headers: dict[str, str] | None = None) -> httpx.Response:
    return await browser.api("POST", "/tokens/refresh", json={}, headers=headers or OURS)


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_paths(ann: Visitor) -> None:
    answer = await log_in(ann)
    assert answer.status_code == 200
    assert "refreshToken" not in answer.json()
    assert answer.json()["accessToken"]
    (cookie,) = SimpleCookie(answer.headers["set-cookie"]).values()
    assert cookie.key == NAME
    assert (cookie["path"], cookie["max-age"]) == ("/api/v1/tokens", str(30 * 86_400))
    assert cookie["httponly"] is True
    assert cookie["samesite"] == "strict"
    assert not cookie["secure"]
    assert cookie.value not in answer.text


async def test_no_cookie_is_set_unless_asked_for(ann: Visitor) -> None:
    plain = {"username": "ann", "password": PASSWORD}
    answer = await ann.api("POST", "/tokens", json=plain, headers=OURS)
    again = await ann.api(
        "POST", "/tokens/refresh", json={"refreshToken": answer.json()["refreshToken"]}
    )
    out = await ann.api(
        "POST", "/tokens/revoke", json={"refreshToken": again.json()["refreshToken"]}
    )
    assert (answer.status_code, again.status_code, out.status_code) == (200, 200, 204)
    assert all("set-cookie" not in each.headers for each in (answer, again, out))


async def test_registration_may_ask_for_it_too(place: Place) -> None:
    browser = place.stranger()
    person = {"username": "ben", "password": PASSWORD, "session": "cookie"}
    assert (await browser.api("POST", "/accounts", json=person)).status_code == 403
    answer = await browser.api("POST", "/accounts", json=person, headers=OURS)
    assert answer.status_code == 201
    assert "refreshToken" not in answer.json()
    assert (await refresh(browser)).json()["username"] == "ben"


async def test_each_refresh_brings_another_cookie_and_late_reuse_ends_the_session(
    place: Place, ann: Visitor
) -> None:
    await log_in(ann)
    first = ann.http.cookies[NAME]
    answer = await refresh(ann)
    assert answer.status_code == 200
    assert "refreshToken" not in answer.json()
    second = ann.http.cookies[NAME]
    assert second != first
    thief = place.stranger()
    thief.http.cookies.set(NAME, first)
    place.clock.advance(ms=31_000)
    stolen = await refresh(thief)
    assert stolen.json()["code"] == "token_reused"
    assert 'calotype_refresh="";' in stolen.headers["set-cookie"]
    assert "Max-Age=0" in stolen.headers["set-cookie"]
    assert (await refresh(ann)).status_code == 401
    assert NAME not in ann.http.cookies


async def test_logging_out_ends_the_session_and_takes_the_cookie_back(
    place: Place, ann: Visitor
) -> None:
    answer = await log_in(ann)
    bearer = {"Authorization": f"Bearer {answer.json()['accessToken']}"}
    kept = ann.http.cookies[NAME]
    assert (await ann.api("GET", "/sessions", headers=bearer)).status_code == 200
    out = await ann.api("POST", "/tokens/revoke", json={}, headers=OURS)
    assert out.status_code == 204
    assert NAME not in ann.http.cookies
    assert (await ann.api("GET", "/sessions", headers=bearer)).status_code == 401
    other = place.stranger()
    other.http.cookies.set(NAME, kept)
    assert (await refresh(other)).status_code == 401
    assert (await ann.api("POST", "/tokens/revoke", json={}, headers=OURS)).status_code == 204


@pytest.mark.parametrize("path", ["/tokens/refresh", "/tokens/revoke"])
async def test_another_sites_page_can_do_nothing_with_the_cookie(ann: Visitor, path: str) -> None:
    await log_in(ann)
    kept = ann.http.cookies[NAME]
    for headers in ({}, {"X-Calotype-CSRF": ""}, {"Content-Type": "text/plain"}):
        answer = await ann.api("POST", path, content=b"{}", headers=headers)
        assert answer.status_code == 403
        assert answer.json()["code"] == "csrf"
        assert "set-cookie" not in answer.headers
    assert ann.http.cookies[NAME] == kept
    assert (await refresh(ann)).status_code == 200


async def test_a_session_cannot_be_slipped_to_a_browser(ann: Visitor) -> None:
    """Logging a browser in as someone else needs the header as well."""
    credentials = {"username": "ann", "password": PASSWORD, "session": "cookie"}
    answer = await ann.api("POST", "/tokens", json=credentials)
    assert answer.json()["code"] == "csrf"
    assert "set-cookie" not in answer.headers


async def test_without_a_session_there_is_nothing_to_refresh(ann: Visitor) -> None:
    assert (await refresh(ann)).json()["code"] == "unauthenticated"
    ann.http.cookies.set(NAME, "nonsense")
    answer = await refresh(ann)
    assert answer.status_code == 401
    assert "Max-Age=0" in answer.headers["set-cookie"]


async def test_the_cookie_is_secure_where_the_client_speaks_https(
    place: Place, ann: Visitor
) -> None:
    edge = build_edge(place.services, "https://photos.example", Silence())
    transport = httpx.ASGITransport(app=edge)
    async with httpx.AsyncClient(transport=transport, base_url="https://photos.example") as http:
        answer = await log_in(Visitor(http))
        assert "; Secure" in answer.headers["set-cookie"]
        preflight = {
            "Origin": "https://elsewhere.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "x-calotype-csrf",
        }
        asked = await http.options("/api/v1/tokens/refresh", headers=preflight)
        assert "access-control-allow-headers" not in asked.headers
