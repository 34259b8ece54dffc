"""What holds for every endpoint: the OpenAPI document, problems, health, the live stream."""

import itertools
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.photos import camera_jpeg
from tests.server import Server

_names = (f"edge{number}" for number in itertools.count())


@pytest.fixture(scope="module")
def schema(server: Server) -> dict[str, Any]:
    answer = httpx.get(server.url + "/schema")
    assert answer.status_code == 200
    document: dict[str, Any] = answer.json()
    return document


def operations(schema: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in schema["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def test_document_is_openapi_31_and_describes_every_answer(schema: dict[str, Any]) -> None:
    assert schema["openapi"].startswith("3.1")
    names = [operation["operationId"] for _, _, operation in operations(schema)]
    assert len(names) == len(set(names))
    assert {"createPost", "readFeed", "getProfile", "follow", "register", "stream"} <= set(names)
    for path, method, operation in operations(schema):
        where = f"{method} {path}"
        assert operation["description"], where
        statuses = operation["responses"]
        assert any(status.startswith(("2", "3")) for status in statuses), where
        for status, answer in statuses.items():
            if status.startswith(("4", "5")):
                assert "application/problem+json" in answer["content"], f"{where} {status}"


def test_no_answer_of_the_document_may_be_null(schema: dict[str, Any]) -> None:
    for name, shape in schema["components"]["schemas"].items():
        if name.endswith("View"):
            for field, kind in shape["properties"].items():
                assert "null" not in json.dumps(kind), f"{name}.{field}"


def test_document_is_the_same_under_its_usual_name(server: Server, schema: dict[str, Any]) -> None:
    assert httpx.get(server.url + "/schema/openapi.json").json() == schema


def test_unknown_paths_and_methods_are_problems(server: Server) -> None:
    for method, path, status in [("GET", "/api/v1/nothing", 404), ("PUT", "/api/v1/feed", 405)]:
        answer = httpx.request(method, server.url + path)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"]


def test_too_large_a_body_is_refused(server: Server) -> None:
    answer = httpx.post(server.url + "/api/v1/tokens", json={"username": "x" * 300_000})
    assert answer.status_code == 413
    assert answer.json()["code"] == "too_large"


def test_live_and_ready(server: Server) -> None:
    for path in ("/livez", "/readyz"):
        assert httpx.get(server.url + path).json() == {"status": "ok"}


def notices(lines: Iterator[str]) -> Iterator[dict[str, str]]:
    """The events of a stream, as a client parses them; comments are skipped."""
    event: dict[str, str] = {}
    for line in lines:
        if line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            event[name] = value
        elif event:
            yield event
            event = {}


def test_author_is_told_live_and_can_catch_up(server: Server) -> None:
    person = server.person(next(_names))
    with person.http.stream("GET", "/stream") as answer:
        lines = answer.iter_lines()
        assert next(lines) == ": listening"
        first = person.post(camera_jpeg(width=300, height=200))["postId"]
        told = next(notices(lines))
    assert told["event"] == "post.published"
    assert json.loads(told["data"]) == {"postId": first, "status": "PUBLISHED"}

    second = person.post(camera_jpeg(width=310, height=200))["postId"]
    person.settled(second)
    with person.http.stream("GET", "/stream", headers={"Last-Event-ID": told["id"]}) as answer:
        missed = next(notices(answer.iter_lines()))
    assert json.loads(missed["data"])["postId"] == second


def test_stream_is_for_the_logged_in(server: Server) -> None:
    assert httpx.get(server.url + "/api/v1/stream").status_code == 401
    person = server.person(next(_names))
    assert person.http.get("/stream", headers={"Last-Event-ID": "x"}).status_code == 400
