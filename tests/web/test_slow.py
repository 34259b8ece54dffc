"""Clients that are slow, many, or all at once: each gets a clear end, and others are served."""

import socket
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import httpx
import pytest

from tests.photos import small_jpeg
from tests.server import Person, Server, eventually

# So short that a test need not sleep, so long that a busy machine keeps to them.
QUICK = {
    "CALOTYPE_WEB_REQUEST_S": "1",
    "CALOTYPE_WEB_HEADER_S": "1",
    "CALOTYPE_WEB_STALL_S": "1",
    "CALOTYPE_WEB_KEEP_ALIVE_S": "1",
    "CALOTYPE_UPLOADS_IDLE_S": "1",
}
CROWD = 200
UPLOADS = 50
PATIENCE_S = 30.0


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with little patience."""
    running = Server(tmp_path_factory.mktemp("slow"), QUICK).start()
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="module")
def reader(quick: Server) -> Person:
    return quick.person("reader")


def connect(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), PATIENCE_S)


def head(method: str, path: str, *headers: str) -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: x", *headers, "", ""]).encode()


def until_closed(connection: socket.socket) -> bytes:
    """All that the server says before it ends the connection."""
    said = b""
    try:
        while piece := connection.recv(65_536):
            said += piece
    except ConnectionResetError:
        pass
    return said


def drip(connection: socket.socket, piece: bytes = b"x") -> bytes:
    """Send a byte at a time, like one who never ends, until the server has enough of it."""
    connection.settimeout(0.1)
    until = time.monotonic() + PATIENCE_S
    said = b""
    while time.monotonic() < until:
        try:
            connection.sendall(piece)
            received = connection.recv(65_536)
            if not received:
                return said
            said += received
        except TimeoutError:
            continue
        except (ConnectionResetError, BrokenPipeError):
            return said
    raise AssertionError("the server has more patience than this test")


def test_who_says_nothing_is_hung_up_on(quick: Server) -> None:
    with connect(quick) as connection:
        assert until_closed(connection) == b""


def test_who_drips_the_head_is_hung_up_on(quick: Server) -> None:
    with connect(quick) as connection:
        connection.sendall(b"GET /livez HTTP/1.1\r\nX-Slow: ")
        assert drip(connection) == b""


def test_who_drips_the_head_of_a_second_request_is_hung_up_on(quick: Server) -> None:
    with connect(quick) as connection:
        connection.sendall(head("GET", "/livez"))
        assert b"200 OK" in connection.recv(65_536)
        connection.sendall(b"GET /livez HTTP/1.1\r\nX-Slow: ")
        assert b"HTTP/" not in drip(connection), "at most the first answer's end"


def test_a_head_without_end_is_refused(quick: Server) -> None:
    with connect(quick) as connection:
        connection.sendall(b"GET /livez HTTP/1.1\r\n")
        try:
            for number in range(2_000):
                connection.sendall(f"X-{number}: {'y' * 1000}\r\n".encode())
        except (ConnectionResetError, BrokenPipeError):
            return  # it hung up in the middle
        assert until_closed(connection).startswith(b"HTTP/1.1 431")


@pytest.mark.parametrize("path", ["/api/v1/tokens", "/api/v1/accounts", "/setup"])
def test_who_drips_a_body_is_told_and_hung_up_on(quick: Server, path: str) -> None:
    with connect(quick) as connection:
        kind = "application/json" if path != "/setup" else "application/x-www-form-urlencoded"
        connection.sendall(head("POST", path, "Content-Length: 1000", f"Content-Type: {kind}"))
        said = drip(connection)
    assert said.startswith(b"HTTP/1.1 408")
    assert b'"code":"too_slow"' in said
    assert b"x-content-type-options: nosniff" in said.lower()


def test_who_drips_an_upload_is_told(quick: Server, reader: Person) -> None:
    with connect(quick) as connection:
        connection.sendall(
            head(
                "POST",
                "/api/v1/posts",
                f"Authorization: {reader.http.headers['Authorization']}",
                "Content-Type: multipart/form-data; boundary=b",
                "Content-Length: 1000000",
            )
            + b'--b\r\nContent-Disposition: form-data; name="mediaFile"; filename="a.jpg"\r\n\r\n'
        )
        answer = connection.recv(65_536)
    assert answer.startswith(b"HTTP/1.1 408")


def test_who_drips_after_the_answer_is_hung_up_on(quick: Server) -> None:
    """A refusal ends the handler; the rest of the body must not hold the connection."""
    with connect(quick) as connection:
        connection.sendall(head("POST", "/api/v1/posts", "Content-Length: 1000000"))
        said = drip(connection)
    assert said.startswith(b"HTTP/1.1 401")


def test_a_request_that_we_are_too_slow_for_is_told(quick: Server, reader: Person) -> None:
    """Another writer holds the database for longer than a request may take."""
    with closing(sqlite3.connect(quick.data / "core.db", isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        answer = reader.http.delete(f"/users/{reader.id}/follow")
        assert answer.status_code == 503
        assert answer.json()["code"] == "timed_out"
        assert int(answer.headers["Retry-After"]) > 0
        database.execute("ROLLBACK")


def test_an_idle_connection_is_closed_after_a_while(quick: Server) -> None:
    with connect(quick) as connection:
        connection.sendall(head("GET", "/livez"))
        assert b"200 OK" in until_closed(connection)


def test_who_takes_no_picture_is_let_go(quick: Server, reader: Person) -> None:
    """More than the buffers of both sides hold is asked for, and none of it is read."""
    post = reader.settled(reader.post(small_jpeg(1600, 1200))["postId"])
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(PATIENCE_S)
        connection.connect(("127.0.0.1", quick.port))
        picture = head("GET", post["mediaUrls"][0])
        connection.sendall(picture * 100)

        def is_cut() -> bool:
            try:
                connection.send(picture)
            except (BrokenPipeError, ConnectionResetError):
                return True
            return False

        connection.setblocking(False)
        eventually(is_cut, "the connection to be cut")
    assert reader.http.get("/feed").status_code == 200


def test_feed_is_read_while_many_connections_idle_and_many_drip(
    quick: Server, server: Server
) -> None:
    """On the server with the usual patience, so that all of them are still there at the end."""
    someone = server.person("amid_the_crowd")
    someone.settled(someone.post(small_jpeg())["postId"])
    with ExitStack() as crowd:
        idle = [crowd.enter_context(connect(server)) for _ in range(CROWD)]
        for connection in idle[: CROWD // 2]:
            connection.sendall(b"POST /api/v1/tokens HTTP/1.1\r\nHost: x\r\nContent-Le")
        for _ in range(20):
            assert len(someone.feed_ids()) == 1
        for connection in idle:
            connection.setblocking(False)
            with pytest.raises(BlockingIOError):
                connection.recv(1)


def test_connections_beyond_the_number_are_refused_in_words(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    few = Server(tmp_path_factory.mktemp("few"), {"CALOTYPE_WEB_MAX_CONNECTIONS": "5"}).start()
    try:
        with ExitStack() as crowd:
            held = [crowd.enter_context(connect(few)) for _ in range(5)]
            with connect(few) as one_more:
                assert until_closed(one_more).startswith(b"HTTP/1.1 503")
            held[0].sendall(head("GET", "/livez"))
            assert b"200 OK" in held[0].recv(65_536)
        eventually(lambda: _answers(few), "a place to be free again")
    finally:
        few.stop()


def _answers(server: Server) -> bool:
    try:
        return httpx.get(server.url + "/livez").status_code == 200
    except httpx.TransportError:
        return False


def test_uploads_all_at_once_are_acknowledged_and_published(server: Server) -> None:
    person = server.person("prolific")
    photos = [small_jpeg(200 + number, 150) for number in range(UPLOADS)]

    def upload(photo: bytes) -> httpx.Response:
        return httpx.post(
            f"{server.url}/api/v1/posts",
            files={"mediaFile": photo},
            headers={"Authorization": person.http.headers["Authorization"]},
            timeout=60,
        )

    with ThreadPoolExecutor(UPLOADS) as clients:
        answers = list(clients.map(upload, photos))
    for answer in answers:
        clear = answer.status_code == 201 or (
            answer.status_code in {429, 503} and "Retry-After" in answer.headers
        )
        assert clear, answer.text
    made = [answer.json()["postId"] for answer in answers if answer.status_code == 201]
    assert made

    def all_settled() -> list[str] | None:
        posts = person.read("/posts", ids=",".join(made))["posts"]
        statuses = [post["status"] for post in posts]
        return statuses if "PROCESSING" not in statuses else None

    assert eventually(all_settled, "all posts to settle", 60) == ["PUBLISHED"] * len(made)
