"""Deleting an account: nothing of a person is left in the data directory but a bare id."""

import itertools
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from tests.faults.inside import work_left
from tests.photos import SECRET_PLACE, camera_jpeg, small_png
from tests.server import Person, Server, eventually, kill

CAPTION = "an oriel window, taken on a grey morning"
# Tables that hold something of a person like this.
KEPT_OF_THEM = (
    "timelines",
    "followers",
    "notices",
    "idempotency_keys",
    "avatars",
    "sessions",
    "visits",
    "marks",
    "likers",
    "comments",
    "affinities",
    "notice_reads",
)
_names = itertools.count()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("leaving") / "data").start()
    yield server
    assert server.stop() == 0


def traces(data: Path, *words: str) -> list[str]:
    """Where in the directory a word is found: in a row's values, a file's name or its bytes."""
    return [*_in_rows(data, words), *_in_files(data, words)]


def _in_rows(data: Path, words: tuple[str, ...]) -> Iterator[str]:
    for name in ("core", "timelines"):
        with closing(sqlite3.connect(data / f"{name}.db", timeout=10)) as connection:
            tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            for (table,) in tables.fetchall():
                for row in connection.execute(f"SELECT * FROM {table}"):
                    for word in words:
                        if any(_holds(value, word) for value in row):
                            yield f"{table}: {word}"


def _holds(value: object, word: str) -> bool:
    packed = msgspec.msgpack.encode(int(word)) if word.isdigit() else word.encode()
    if isinstance(value, bytes):
        return word.encode() in value or packed in value
    return word.lower() in str(value).lower()


def _in_files(data: Path, words: tuple[str, ...]) -> Iterator[str]:
    for path in [*(data / "blobs").rglob("*"), *(data / "impressions").rglob("*")]:
        content = path.read_bytes() if path.is_file() else b""
        for word in words:
            if word in str(path.relative_to(data)) or word.encode() in content:
                yield f"{path.relative_to(data)}: {word}"


class Leaver:
    """Someone who has left their mark everywhere, and those around them."""

    def __init__(self, server: Server) -> None:
        number = next(_names)
        self.fan = server.person(f"fan{number}")
        self.idol = server.person(f"idol{number}")
        self.former = f"formerly{number}"
        self.person: Person = server.person(self.former)
        self.name = f"leaver{number}"
        self.email = f"postbox{number}@example.org"
        changes = {"username": self.name, "email": self.email, "name": "Ada", "bio": "me, myself"}
        assert self.person.http.patch("/users/me", json=changes).status_code == 200
        self.person.follow(self.idol)
        self.idol.follow(self.person)
        self.fan.follow(self.person)
        self.fan.follow(self.idol)

    @property
    def words(self) -> tuple[str, ...]:
        return (self.person.id, self.former, self.name, self.email, CAPTION, SECRET_PLACE)

    def post(self, **fields: Any) -> Any:
        photo = camera_jpeg(width=640, height=480)
        created = self.person.post(photo, caption=CAPTION, **fields)
        return self.person.settled(created["postId"])

    def engage(self, own: str, theirs: str) -> None:
        """Everyone likes, saves and comments on everything."""
        for someone in (self.person, self.idol, self.fan):
            for post_id in (own, theirs):
                said = self._say(someone, post_id)
                for other in (self.person, self.fan):
                    self._say(other, post_id, replyTo=said)
                    assert other.http.post(f"/comments/{said}/like").status_code == 200
                for what in ("like", "save"):
                    assert someone.http.post(f"/posts/{post_id}/{what}").status_code == 200
        self.person.http.delete(f"/posts/{theirs}/save")
        self.person.http.post("/notifications/read", json={"upTo": "1"})
        self.look_at(self.idol, theirs)

    def look_at(self, other: Person, theirs: str) -> None:
        seen = {"impressions": [{"postId": theirs, "dwellMs": 1_500, "position": 0}]}
        assert self.person.http.post("/impressions", json=seen).status_code == 204
        self.person.read(f"/users/{other.id}/profile")

    def _say(self, someone: Person, post_id: str, **reply: str) -> str:
        words = CAPTION if someone is self.person else "how true"
        body = {"text": f"{words} {someone.id}"} | reply
        answer = someone.http.post(f"/posts/{post_id}/comments", json=body)
        assert answer.status_code == 201, answer.text
        comment_id: str = answer.json()["commentId"]
        return comment_id

    def leave(self, password: str = "correct horse") -> httpx.Response:
        return self.person.http.request("DELETE", "/users/me", json={"password": password})


def quiet(server: Server) -> None:
    eventually(lambda: not work_left(server.data), "all work to be done")


@dataclass(frozen=True)
class Left:
    """What the leaver had, and what is another's."""

    public: Any
    secret: Any
    avatar: str
    theirs: Any


def lived(house: Server, leaver: Leaver) -> Left:
    """Let the leaver have some of everything, and make sure that a scan sees it."""
    fan, idol, person = leaver.fan, leaver.idol, leaver.person
    public = leaver.post(headers={"Idempotency-Key": "once"})
    secret = leaver.post(audience="followers")
    archived = leaver.post()
    person.http.delete(f"/posts/{archived['postId']}")
    whole = small_png()
    at = whole.index(b"IDAT") + 5_000
    damaged = whole[:at] + bytes(4_000) + whole[at + 4_000 :]
    assert person.settled(person.post(damaged, caption=CAPTION)["postId"])["status"] == "FAILED"
    person.http.put("/users/me/avatar", files={"mediaFile": ("me.jpg", camera_jpeg(640, 480))})
    theirs = idol.settled(idol.post(small_png())["postId"])
    leaver.engage(public["postId"], theirs["postId"])
    quiet(house)
    eventually(lambda: any((house.data / "impressions").glob("*.jsonl")), "impressions to be kept")
    assert {public["postId"], secret["postId"]} <= set(fan.feed_ids())
    assert theirs["postId"] in person.feed_ids()
    before = traces(house.data, *leaver.words)
    for word in leaver.words:
        assert any(where.endswith(word) for where in before), f"the scan must see {word}"
    assert any(where.startswith("impressions/") for where in before)
    for table in KEPT_OF_THEM:
        assert f"{table}: {person.id}" in before
    return Left(public, secret, person.read("/users/me")["avatar"], theirs)


def is_gone_at_once(house: Server, leaver: Leaver, left: Left) -> None:
    """Whatever the job has done by now."""
    fan, person = leaver.fan, leaver.person
    assert person.http.get("/users/me").status_code == 401
    token = {"refreshToken": person.grant["refreshToken"]}
    assert httpx.post(f"{house.url}/api/v1/tokens/refresh", json=token).status_code == 401
    for name in (leaver.name, leaver.email):
        body = {"username": name, "password": "correct horse"}
        assert httpx.post(f"{house.url}/api/v1/tokens", json=body).status_code == 401
    for user in (person.id, f"@{leaver.name}"):
        assert fan.http.get(f"/users/{user}/profile").status_code == 404
        assert fan.http.post(f"/users/{user}/follow").status_code == 404
    assert fan.http.get(f"/posts/{left.public['postId']}").status_code == 404
    assert fan.feed_ids() == [left.theirs["postId"]]


def only_the_others_are_left(leaver: Leaver, post_id: str) -> None:
    """Two people's comments, each with what fan answered; what answered the leaver went too."""
    fan, idol = leaver.fan, leaver.idol
    shown = fan.read(f"/posts/{post_id}")
    comments = fan.read(f"/posts/{post_id}/comments")["comments"]
    assert [each["author"]["userId"] for each in comments] == [fan.id, idol.id]
    assert [(each["likes"], each["replies"]) for each in comments] == [(1, 1)] * 2
    assert (shown["likes"], shown["comments"]) == (2, 4)
    likers = fan.read(f"/posts/{post_id}/likes")["people"]
    assert [each["userId"] for each in likers] == [fan.id, idol.id]


def test_nothing_is_left_but_a_tombstone(house: Server) -> None:
    leaver = Leaver(house)
    fan, idol, person = leaver.fan, leaver.idol, leaver.person
    left = lived(house, leaver)
    assert leaver.leave("wrong horse").status_code == 401
    assert person.http.get("/users/me").status_code == 200
    # What is still gathered in memory is no way round it.
    leaver.look_at(idol, left.theirs["postId"])
    assert leaver.leave().status_code == 204
    is_gone_at_once(house, leaver, left)

    quiet(house)
    assert traces(house.data, *leaver.words) == [f"tombstones: {person.id}"]
    only_the_others_are_left(leaver, left.theirs["postId"])
    for url in (left.public["mediaUrls"][0], left.secret["mediaUrls"][0], left.avatar):
        assert httpx.get(house.url + url).status_code == 404
    profile = idol.read(f"/users/{idol.id}/profile")
    assert (profile["followerCount"], profile["followingCount"]) == (1, 0)
    assert fan.read(f"/users/{fan.id}/profile")["followingCount"] == 1
    assert [each["userId"] for each in idol.read(f"/users/{idol.id}/followers")["people"]] == [
        fan.id
    ]
    assert httpx.get(house.url + left.theirs["mediaUrls"][0]).status_code == 200
    for name in (leaver.name.upper(), leaver.former):
        body = {"username": name, "password": "correct horse"}
        assert httpx.post(f"{house.url}/api/v1/accounts", json=body).status_code == 409
    body = {"username": f"next{person.id[-6:]}", "password": "correct horse", "email": leaver.email}
    assert httpx.post(f"{house.url}/api/v1/accounts", json=body).status_code == 201


@pytest.mark.parametrize(("method", "path"), [("POST", "/posts"), ("PUT", "/users/me/avatar")])
def test_upload_that_ends_after_its_person_left_leaves_nothing(
    house: Server, method: str, path: str
) -> None:
    leaver = Leaver(house)

    def slowly() -> Iterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="mediaFile"; filename="a"\r\n\r\n'
        assert leaver.leave().status_code == 204
        quiet(house)
        yield small_png()
        yield b"\r\n--b--\r\n"

    answer = httpx.request(
        method,
        f"{house.url}/api/v1{path}",
        content=slowly(),
        headers={
            "Authorization": leaver.person.http.headers["Authorization"],
            "Content-Type": "multipart/form-data; boundary=b",
        },
        timeout=60,
    )
    assert answer.status_code == 404, answer.text
    left = traces(house.data, leaver.person.id, leaver.name, leaver.former, leaver.email)
    assert left == [f"tombstones: {leaver.person.id}"]


def test_worker_killed_halfway_is_followed_by_one_that_ends_it(house: Server) -> None:
    leaver = Leaver(house)
    photos = [small_png(64, 48, seed) for seed in range(10)]
    for _ in range(4):
        leaver.person.settled(leaver.person.post(*photos, caption=CAPTION)["postId"])
    quiet(house)
    originals = house.data / "blobs" / "originals" / leaver.person.id
    worker = house.children()["worker"]
    assert leaver.leave().status_code == 204
    eventually(lambda: len(list(originals.glob("*"))) < 40, "the removal to begin")
    assert kill(worker)
    assert any(originals.glob("*")), "it was killed halfway"
    quiet(house)
    left = traces(house.data, leaver.person.id, leaver.name, leaver.former, leaver.email, CAPTION)
    assert left == [f"tombstones: {leaver.person.id}"]
