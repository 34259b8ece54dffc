"""Headers of every answer: security, other origins, the request's id."""

from collections.abc import Iterator

import httpx
import pytest

from tests.photos import small_jpeg
from tests.server import Server

APP = "https://app.example"


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that people reach by HTTPS, and an app of another origin."""
    running = Server(
        tmp_path_factory.mktemp("headers"),
        {"CALOTYPE_WEB_ORIGINS": APP, "CALOTYPE_PUBLIC_URL": "https://photos.example"},
    ).start()
    yield running
    assert running.stop() == 0


PATHS = ("/", "/api/v1/feed", "/api/v1/nothing", "/livez", "/schema", "/metrics", "/media/1/x.webp")


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_is_guarded(server: Server, path: str) -> None:
    headers = httpx.get(server.url + path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["X-Request-Id"]
    assert "Strict-Transport-Security" not in headers
    assert not [name for name in headers if name.startswith("access-control-")]
    assert all(len(headers.get_list(name)) == 1 for name in headers), "none comes twice"


def test_media_keep_their_own_policy(server: Server) -> None:
    author = server.person("pictured")
    post = author.settled(author.post(small_jpeg())["postId"])
    answer = httpx.get(server.url + post["mediaUrls"][0])
    assert answer.status_code == 200
    assert answer.headers.get_list("Content-Security-Policy") == ["default-src 'none'; sandbox"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_no_other_origin_is_let_in_unless_listed(server: Server) -> None:
    asks = {"Origin": APP, "Access-Control-Request-Method": "GET"}
    for answer in (
        httpx.get(server.url + "/api/v1/posts?ids=1", headers={"Origin": APP}),
        httpx.options(server.url + "/api/v1/feed", headers=asks),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_a_listed_origin_is_let_in_and_no_other(public: Server) -> None:
    url = public.url + "/api/v1/posts?ids=1"
    answer = httpx.get(url, headers={"Origin": APP})
    assert answer.headers["Access-Control-Allow-Origin"] == APP
    assert "X-RateLimit-Remaining" in answer.headers["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Credentials" not in answer.headers
    for stranger in ("https://evil.example", "null", APP + ".evil.example"):
        answer = httpx.get(url, headers={"Origin": stranger})
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert answer.headers["Vary"] == "Origin"


def test_a_listed_origin_may_ask_beforehand(public: Server) -> None:
    answer = httpx.options(
        public.url + "/api/v1/posts",
        headers={"Origin": APP, "Access-Control-Request-Method": "POST"},
    )
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == APP
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert "Idempotency-Key" in answer.headers["Access-Control-Allow-Headers"]


def test_https_is_kept_to_and_pictures_may_be_shown_by_listed_origins(public: Server) -> None:
    headers = httpx.get(public.url + "/livez").headers
    assert headers["Strict-Transport-Security"].startswith("max-age=")
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    media = httpx.get(public.url + "/media/1/w640.webp").headers
    assert media["Cross-Origin-Resource-Policy"] == "cross-origin"


def test_a_sane_request_id_is_kept_and_any_other_replaced(server: Server) -> None:
    def told(theirs: bytes) -> str:
        answer = httpx.get(server.url + "/livez", headers=[(b"X-Request-Id", theirs)])
        return answer.headers["X-Request-Id"]

    assert told(b"My-app_1.2") == "My-app_1.2"
    for insane in (b"", b"two words", b"x" * 65, b'a"b', b"\xfc"):
        minted = told(insane)
        assert minted.encode("latin-1") != insane
        assert minted.isalnum()
