"""Accounts, tokens and sessions over HTTP, and who may register where."""

import itertools
import re
from pathlib import Path

import httpx
import pytest

from tests.server import Person, Server

_names = (f"account{number}" for number in itertools.count())


@pytest.fixture
def person(server: Server) -> Person:
    return server.person(next(_names))


def test_log_in_refresh_and_log_out(server: Server, person: Person) -> None:
    credentials = {"username": person.username.upper(), "password": "correct horse"}
    answer = person.http.post("/tokens", json=credentials)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    grant = answer.json()
    assert grant["userId"] == person.id
    assert grant["expiresIn"] == 900

    renewed = person.http.post("/tokens/refresh", json={"refreshToken": grant["refreshToken"]})
    assert renewed.status_code == 200
    assert renewed.json()["refreshToken"] != grant["refreshToken"]

    bearer = {"Authorization": f"Bearer {renewed.json()['accessToken']}"}
    url = server.url + "/api/v1/sessions"
    assert httpx.get(url, headers=bearer).status_code == 200
    token = {"refreshToken": renewed.json()["refreshToken"]}
    assert person.http.post("/tokens/revoke", json=token).status_code == 204
    assert person.http.post("/tokens/revoke", json=token).status_code == 204
    after = httpx.get(url, headers=bearer)
    assert after.status_code == 401
    assert after.headers["www-authenticate"] == "Bearer"
    assert person.http.post("/tokens/refresh", json=token).status_code == 401
    assert person.http.get("/sessions").status_code == 200, "the other session goes on"


def test_sessions_are_listed_and_ended(person: Person) -> None:
    credentials = {"username": person.username, "password": "correct horse"}
    person.http.post("/tokens", json=credentials, headers={"User-Agent": "phone"})
    sessions = person.read("/sessions")["sessions"]
    assert len(sessions) == 2
    other = next(session for session in sessions if not session["current"])
    assert other["label"] == "phone"
    assert person.http.delete(f"/sessions/{other['sessionId']}").status_code == 204
    assert len(person.read("/sessions")["sessions"]) == 1


def test_session_of_someone_else_cannot_be_ended(server: Server, person: Person) -> None:
    mine = person.read("/sessions")["sessions"][0]["sessionId"]
    other = server.person(next(_names))
    assert other.http.delete(f"/sessions/{mine}").status_code == 404
    assert person.http.get("/sessions").status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"username": "x", "password": "correct horse"}, 422, "invalid"),
        ({"username": "good.name", "password": "short"}, 422, "invalid"),
        ({"username": "good.name"}, 422, "invalid"),
        ({"username": "good.name", "password": "correct horse", "admin": True}, 422, "invalid"),
        ({"username": "admin", "password": "correct horse"}, 422, "invalid"),
    ],
)
def test_bad_registrations_say_why(
    person: Person, body: dict[str, object], status: int, code: str
) -> None:
    answer = person.http.post("/accounts", json=body)
    assert answer.status_code == status, answer.text
    assert answer.json()["code"] == code
    assert answer.json()["detail"]


def test_taken_name_and_wrong_password(person: Person) -> None:
    body = {"username": person.username.title(), "password": "correct horse"}
    taken = person.http.post("/accounts", json=body)
    assert (taken.status_code, taken.json()["code"]) == (409, "name_taken")
    for name in (person.username, "nobody.at.all"):
        wrong = person.http.post("/tokens", json={"username": name, "password": "wrong horse"})
        assert (wrong.status_code, wrong.json()["code"]) == (401, "invalid_credentials")


@pytest.mark.parametrize("header", ["Bearer nonsense", "Basic abc", "Bearer", "Bearer a.b.c"])
def test_bad_authorization_is_refused(server: Server, person: Person, header: str) -> None:
    # Also where a stranger would be let in: a broken log-in must not pass for none.
    url = f"{server.url}/api/v1/users/{person.id}/profile"
    assert httpx.get(url, headers={"Authorization": header}).status_code == 401
    assert httpx.get(url).status_code == 200


def test_broken_json_is_malformed(person: Person) -> None:
    answer = person.http.post(
        "/tokens", content=b"{nope", headers={"Content-Type": "application/json"}
    )
    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"


def test_open_address_needs_an_invitation_and_the_owner_comes_by_link(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", {"CALOTYPE_ACCOUNTS_REGISTRATION": "invitation"}).start()
    try:
        body = {"username": "first", "password": "correct horse"}
        accounts = server.url + "/api/v1/accounts"
        refused = httpx.post(accounts, json=body)
        assert (refused.status_code, refused.json()["code"]) == (403, "invitation_required")

        link = next(filter(None, (re.search(r"http\S+/setup\?\S+", line) for line in server.log)))
        page = httpx.get(link[0])
        assert page.status_code == 200
        assert "default-src 'none'" in page.headers["content-security-policy"]
        code = link[0].partition("invitation=")[2]
        form = {"invitation": code, "username": "owner.of.it", "password": "correct horse"}
        short = httpx.post(server.url + "/setup", data=form | {"password": "short"})
        assert short.status_code == 422
        assert 'role="alert"' in short.text
        made = httpx.post(server.url + "/setup", data=form)
        assert "owner.of.it" in made.text
        again = httpx.post(server.url + "/setup", data=form | {"username": "second.owner"})
        assert again.status_code == 422, "the link works once"
        owner = httpx.post(
            server.url + "/api/v1/tokens",
            json={"username": "owner.of.it", "password": "correct horse"},
        )
        assert owner.status_code == 200
    finally:
        assert server.stop() == 0
