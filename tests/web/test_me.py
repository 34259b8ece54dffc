"""One's own account over HTTP: names, password, picture."""

import io
import itertools
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.photos import camera_jpeg, small_png
from tests.server import Person, Server, eventually

_names = (f"myself{number}" for number in itertools.count())


@pytest.fixture
def me(server: Server) -> Person:
    return server.person(next(_names))


def refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    problem: dict[str, Any] = answer.json()
    assert problem["code"] == code
    return problem


def log_in(server: Server, name: str, password: str = "correct horse") -> httpx.Response:
    credentials = {"username": name, "password": password}
    return httpx.post(server.url + "/api/v1/tokens", json=credentials)


def send_avatar(person: Person, photo: bytes) -> httpx.Response:
    return person.http.put("/users/me/avatar", files={"mediaFile": ("me.jpg", photo)})


def settled_avatar(person: Person, photo: bytes) -> Any:
    """Send a picture; one's own account once it is processed."""
    answer = send_avatar(person, photo)
    assert answer.status_code == 202, answer.text
    assert answer.json()["pendingAvatar"]["status"] == "PROCESSING"

    def look() -> Any:
        view = person.read("/users/me")
        pending = view.get("pendingAvatar", {}).get("status")
        return None if pending == "PROCESSING" else view

    return eventually(look, "the picture to settle")


def blobs_of(server: Server, person: Person, avatar_url: str) -> list[Path]:
    media_id = avatar_url.split("/media/")[1].split("/", maxsplit=1)[0]
    blobs = server.data / "blobs"
    return [
        *blobs.glob(f"originals/{person.id}/{media_id}"),
        *blobs.glob(f"processed/{media_id}/*/*"),
    ]


def test_account_is_read_and_edited(server: Server, me: Person) -> None:
    view = me.read("/users/me")
    assert view.pop("created").endswith("Z")
    assert view == {
        "userId": me.id,
        "username": me.username,
        "name": "",
        "bio": "",
        "role": "member",
        "avatarUrls": {},
    }
    changes = {"name": "Me", "bio": "It is I.", "email": f"{me.username}@example.org"}
    edited = me.http.patch("/users/me", json=changes)
    assert edited.status_code == 200
    assert edited.json() == me.read("/users/me")
    assert changes.items() <= edited.json().items()
    assert log_in(server, changes["email"]).status_code == 200
    assert "email" not in me.http.patch("/users/me", json={"email": ""}).json()
    assert log_in(server, changes["email"]).status_code == 401
    assert me.http.patch("/users/me", json={}).json()["bio"] == "It is I."


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"username": "x"}, "username"),
        ({"username": ""}, "username"),
        ({"email": "nobody"}, "email"),
        ({"name": "n" * 65}, "name"),
        ({"bio": "b" * 501}, "bio"),
        ({"role": "owner"}, None),
    ],
)
def test_wrong_changes_are_named_and_nothing_is_changed(
    me: Person, changes: dict[str, str], field: str | None
) -> None:
    before = me.read("/users/me")
    problem = refused(me.http.patch("/users/me", json={"bio": "x", **changes}), 422, "invalid")
    assert field is None or problem["field"] == field
    assert me.read("/users/me") == before


def test_everything_here_is_for_the_logged_in(server: Server) -> None:
    for method, path in (
        ("GET", "/users/me"),
        ("PATCH", "/users/me"),
        ("DELETE", "/users/me"),
        ("PUT", "/users/me/password"),
        ("PUT", "/users/me/avatar"),
        ("DELETE", "/users/me/avatar"),
    ):
        answer = httpx.request(method, server.url + "/api/v1" + path, json={})
        refused(answer, 401, "unauthenticated")


def test_old_username_leads_nowhere_and_waits_for_its_bearer(server: Server, me: Person) -> None:
    old, new = me.username, next(_names)
    other = server.person(next(_names))
    assert me.http.patch("/users/me", json={"username": new}).json()["username"] == new
    assert other.read(f"/users/@{new}/profile")["userId"] == me.id
    assert other.http.get(f"/users/@{old}/profile").status_code == 404
    assert log_in(server, new).status_code == 200
    refused(log_in(server, old), 401, "invalid_credentials")
    taken = refused(other.http.patch("/users/me", json={"username": old}), 409, "name_taken")
    assert taken["field"] == "username"
    body = {"username": old, "password": "correct horse"}
    refused(httpx.post(server.url + "/api/v1/accounts", json=body), 409, "name_taken")
    assert me.http.patch("/users/me", json={"username": old.upper()}).status_code == 200
    assert other.read(f"/users/@{old}/profile")["username"] == old.upper()


def test_new_password_ends_the_other_sessions_alone(server: Server, me: Person) -> None:
    other = log_in(server, me.username).json()
    bearer = {"Authorization": f"Bearer {other['accessToken']}"}
    url = server.url + "/api/v1/users/me"
    assert httpx.get(url, headers=bearer).status_code == 200
    change = {"old": "wrong horse", "new": "battery staple"}
    refused(me.http.put("/users/me/password", json=change), 401, "invalid_credentials")
    change = {"old": "correct horse", "new": "short"}
    refused(me.http.put("/users/me/password", json=change), 422, "invalid")
    assert httpx.get(url, headers=bearer).status_code == 200

    change = {"old": "correct horse", "new": "battery staple"}
    assert me.http.put("/users/me/password", json=change).status_code == 204
    assert me.http.get("/users/me").status_code == 200
    assert httpx.get(url, headers=bearer).status_code == 401
    token = {"refreshToken": other["refreshToken"]}
    assert me.http.post("/tokens/refresh", json=token).status_code == 401
    token = {"refreshToken": me.grant["refreshToken"]}
    assert me.http.post("/tokens/refresh", json=token).status_code == 200
    refused(log_in(server, me.username), 401, "invalid_credentials")
    assert log_in(server, me.username, "battery staple").status_code == 200


def test_picture_is_shown_wherever_its_person_is(server: Server, me: Person) -> None:
    fan = server.person(next(_names))
    fan.follow(me)
    post = me.settled(me.post(camera_jpeg(width=400, height=300))["postId"])
    assert "avatar" not in post["author"]
    view = settled_avatar(me, camera_jpeg(width=800, height=600))
    assert set(view["avatarUrls"]) == {"w150", "w320", "w640"}
    for name, path in view["avatarUrls"].items():
        answer = httpx.get(server.url + path)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        assert Image.open(io.BytesIO(answer.content)).width == int(name[1:])
        assert b"Exif" not in answer.content
    small = view["avatar"]
    assert small == view["avatarUrls"]["w150"]
    assert fan.read(f"/users/{me.id}/profile")["avatar"] == small
    assert fan.read(f"/users/{fan.id}/following")["people"][0]["avatar"] == small
    assert fan.read(f"/posts/{post['postId']}")["author"]["avatar"] == small
    feed = eventually(lambda: fan.read("/feed")["posts"], "the post in the feed")
    assert feed[0]["author"]["avatar"] == small


def test_new_picture_replaces_the_old_one_and_its_files(server: Server, me: Person) -> None:
    first = settled_avatar(me, small_png())["avatar"]
    assert len(blobs_of(server, me, first)) == 4
    second = settled_avatar(me, small_png(seed=2))["avatar"]
    assert second != first
    assert httpx.get(server.url + second).status_code == 200
    eventually(lambda: not blobs_of(server, me, first), "the old picture's files to go")
    assert httpx.get(server.url + first).status_code == 404
    for _ in range(2):
        assert me.http.delete("/users/me/avatar").status_code == 204
    view = me.read("/users/me")
    assert view["avatarUrls"] == {}
    assert "avatar" not in view
    eventually(lambda: not blobs_of(server, me, second), "the removed picture's files to go")


def test_of_two_pictures_sent_at_once_the_later_one_stays(server: Server, me: Person) -> None:
    send_avatar(me, camera_jpeg(seed=1))
    view = settled_avatar(me, small_png())
    assert Image.open(io.BytesIO(httpx.get(server.url + view["avatarUrls"]["w640"]).content)).size
    shown = blobs_of(server, me, view["avatar"])

    def kept() -> bool:
        return set((server.data / "blobs" / "originals" / me.id).iterdir()) <= set(shown)

    eventually(kept, "the earlier picture's files to go")
    assert me.read("/users/me")["avatar"] == view["avatar"]


def test_unreadable_picture_leaves_the_old_one_and_says_why(server: Server, me: Person) -> None:
    good = settled_avatar(me, small_png())["avatar"]
    whole = small_png(seed=3)
    at = whole.index(b"IDAT") + 5_000
    damaged = whole[:at] + bytes(4_000) + whole[at + 4_000 :]
    view = settled_avatar(me, damaged)
    assert view["avatar"] == good
    assert view["pendingAvatar"]["status"] == "FAILED"
    assert len(view["pendingAvatar"]["reason"]) > 20
    assert view["pendingAvatar"]["reasonCode"].endswith("image")
    assert httpx.get(server.url + good).status_code == 200
    assert "pendingAvatar" not in settled_avatar(me, small_png(seed=4))


def test_bad_picture_forms_are_refused(me: Person, server: Server) -> None:
    refused(send_avatar(me, b"%PDF-1.7 no picture" * 50), 422, "not_an_image")
    two = [("mediaFile", ("1.png", small_png())), ("mediaFile", ("2.png", small_png()))]
    refused(me.http.put("/users/me/avatar", files=two), 422, "invalid")
    none = me.http.put("/users/me/avatar", files={"mediaFile2": ("1.png", small_png())})
    refused(none, 422, "invalid")
    refused(me.http.put("/users/me/avatar", json={}), 415, "unsupported_media")
    assert not list((server.data / "blobs").glob(f"originals/{me.id}/*"))
