"""Log lines: structured, one a request or a piece of work, and nothing in them about anybody."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from calotype.cli.logs import JsonFormatter, TextFormatter
from calotype.kernel.errors import Unavailable
from calotype.kernel.trace import tracing
from tests.photos import small_jpeg
from tests.server import Person, Server, eventually

TRACE = "trace-of-one-post"


def lines(server: Server) -> list[dict[str, Any]]:
    return [json.loads(line) for line in list(server.log) if line.startswith("{")]


def traced(server: Server, trace: str = TRACE) -> list[dict[str, Any]]:
    return [line for line in lines(server) if line.get("request") == trace]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("logs"), {"CALOTYPE_LOG_LEVEL": "debug"}).start()
    yield running
    assert running.stop() == 0


def test_a_post_is_followed_by_its_request_through_jobs_and_events(own: Server) -> None:
    author, follower = own.person("author"), own.person("follower")
    follower.follow(author)
    post = author.post(small_jpeg(), headers={"X-Request-Id": TRACE})
    wanted = {"media.process", "post.published", "feed.fanout"}

    def followed() -> list[dict[str, Any]] | None:
        found = traced(own)
        return found if wanted <= {line.get("kind") for line in found} else None

    found = eventually(followed, "the post's lines")
    access = next(line for line in found if line["logger"] == "calotype.access")
    assert access["route"] == "/api/v1/posts"
    assert access["method"] == "POST"
    assert access["status"] == 201
    assert access["ms"] > 0
    assert access["bytes"] > 0
    keys = {line["kind"]: line["key"] for line in found if "kind" in line}
    assert keys["post.published"] == f"post/{post['postId']}"
    assert keys["feed.fanout"].startswith(post["postId"])


def test_no_line_of_a_session_tells_who_or_what(own: Server) -> None:
    author = own.person("Ottilie_private")
    secrets = [
        author.username,
        "correct horse",
        author.grant["accessToken"],
        author.grant["refreshToken"],
        *_session(author),
        "127.0.0.1",
    ]
    told = eventually(lambda: traced(own, "the-last"), "the session's last line")
    assert told[0]["status"] == 404
    greeting = ("Calotype is ready", "  ")
    assert all(line.startswith(("{", *greeting)) for line in own.log), "one line an event"
    log = "".join(line for line in own.log if line.startswith("{"))
    assert '"route":"/api/v1/users/{user}/profile"' in log
    assert '"status":409' in log
    for secret in secrets:
        assert secret.lower() not in log.lower()


def _session(author: Person) -> list[str]:
    """Use the place, rightly and wrongly; what must not be told of it."""
    http = author.http
    post = author.post(small_jpeg(), caption="Moonlit #secretgarden", location='{"name":"Lacock"}')
    shown = author.settled(post["postId"])
    httpx.get(http.base_url.join(shown["mediaUrls"][0]))
    http.get("/feed", params={"cursor": "cursorofmine"})
    http.get(f"/users/@{author.username}/profile", params={"cursor": "x"})
    http.post("/tokens", json={"username": "stranger_name", "password": "wrong guess"})
    http.post("/accounts", json={"username": author.username, "password": "other guess"})
    http.post("/accounts", json={"username": "o", "password": "p", "email": "o@lacock.example"})
    http.post("/posts", files={"mediaFile": ("holiday.jpg", b"not a photo")})
    fresh = http.post("/tokens/refresh", json={"refreshToken": author.grant["refreshToken"]}).json()
    last = {"User-Agent": "OttiliesBrowser", "X-Request-Id": "the-last"}
    http.get("/unknown/ottilies-path", headers=last)
    return [
        "Moonlit",
        "secretgarden",
        "Lacock",
        "cursorofmine",
        "stranger_name",
        "wrong guess",
        "other guess",
        "lacock.example",
        "holiday",
        "ottilies-path",
        "OttiliesBrowser",
        fresh["accessToken"],
        fresh["refreshToken"],
    ]


def record(error: BaseException | None = None, **facts: object) -> logging.LogRecord:
    made = logging.LogRecord("calotype.x", logging.WARNING, "f.py", 1, "it %s", ("broke",), None)
    made.facts = facts
    if error is not None:
        made.exc_info = (type(error), error, error.__traceback__)
    return made


def raised() -> BaseException:
    try:
        try:
            raise ValueError("a caption of somebody")
        except ValueError as cause:
            raise Unavailable("the store is away") from cause
    except Unavailable as error:
        return error


def test_an_error_is_told_by_its_place_and_our_words_alone() -> None:
    with tracing("t-1"):
        line = json.loads(JsonFormatter().format(record(raised(), kind="media.process")))
    assert line["message"] == "it broke"
    assert line["level"] == "warning"
    assert line["request"] == "t-1"
    assert line["kind"] == "media.process"
    assert "Unavailable: the store is away" in line["error"]
    assert "ValueError" in line["error"]
    assert "in raised" in line["error"]
    assert "ValueError: " not in line["error"], "a library's words may be anybody's"


def test_text_is_for_people() -> None:
    with tracing("t-2"):
        text = TextFormatter().format(record(raised(), ms=3.5))
    first, *rest = text.splitlines()
    assert first.endswith("WARNING calotype.x: it broke ms=3.5 request=t-2")
    assert rest[-1] == "Unavailable: the store is away"


def test_a_line_is_one_line() -> None:
    made = record()
    made.msg, made.args = "two\nlines", ()
    assert len(JsonFormatter().format(made).splitlines()) == 1
