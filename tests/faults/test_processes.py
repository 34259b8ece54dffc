"""Single faults of the process tree: what ends, what refuses to start, and what is waited for."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.faults import inside
from tests.faults.pictures import picture
from tests.server import PATIENCE_S, Person, Server, eventually, kill, wait_until_gone

BOUNDARY = "boundary"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    running = Server(tmp_path / "data").start()
    yield running
    if running.process is not None and running.process.poll() is None:
        assert running.stop() == 0


def test_decoder_killed_at_work_costs_one_try(server: Server) -> None:
    author = server.person("author")
    created = author.post(picture(1, large=True))
    # It was started for this photo: reading its own code takes it longer than seeing it takes us.
    assert kill(eventually(server.decoders, "a decoder")[0])
    assert author.settled(created["postId"])["status"] == "PUBLISHED"
    assert "the decoder died: signal 9" in "".join(server.log)


def test_tree_ends_with_its_parent_and_another_takes_over(server: Server) -> None:
    author = server.person("author")
    post_id = author.post(picture(1, large=False))["postId"]
    children = server.children()
    assert set(children) == {"web", "worker"}
    assert server.process is not None
    assert kill(server.process.pid)
    server.process.wait(PATIENCE_S)

    server.start()

    for pid in children.values():
        wait_until_gone(pid)
    assert author.settled(post_id)["status"] == "PUBLISHED"
    author.post(picture(2, large=False))


def test_another_waits_for_what_is_left_of_a_killed_tree(server: Server) -> None:
    author = server.person("author")
    web = server.children()["web"]
    os.kill(web, signal.SIGSTOP)  # it holds the socket, and is deaf, as one that only starts is
    try:
        assert server.process is not None
        assert kill(server.process.pid)
        server.process.wait(PATIENCE_S)
        starting = threading.Thread(target=server.start)
        starting.start()
        eventually(lambda: any("waiting for the rest" in line for line in server.log), "a wait")
    finally:
        os.kill(web, signal.SIGCONT)
    starting.join()

    author.post(picture(1, large=False))


def test_second_server_on_a_directory_is_refused(server: Server) -> None:
    code, lines = _refused(Server(server.data))
    assert code == 2
    assert len(lines) == 1
    assert "another Calotype runs on" in lines[0]


def test_taken_port_is_refused(tmp_path: Path) -> None:
    other = Server(tmp_path / "data")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", other.port))
        taken.listen()
        code, lines = _refused(other)
    assert code == 2
    assert len(lines) == 1
    assert f"cannot listen on 127.0.0.1:{other.port}" in lines[0]


def test_directory_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("not a directory")
    code, lines = _refused(Server(tmp_path / "data"))
    assert code == 2
    assert len(lines) == 1
    assert "cannot be used" in lines[0]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_directory_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    code, lines = _refused(Server(tmp_path / "closed" / "data"))
    assert code == 2
    assert "cannot be used" in lines[0]


def test_upload_under_way_is_finished_before_the_server_stops(server: Server) -> None:
    author = server.person("author")
    body = _form(picture(1, large=False), "under way")
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as client:
        client.sendall(_head(author, body) + body[: len(body) // 2])
        _until_it_is_received(server)
        assert server.process is not None
        server.process.send_signal(signal.SIGTERM)
        eventually(lambda: _refuses_connections(server), "the server to take no more requests")
        client.sendall(body[len(body) // 2 :])
        answer = _read_all(client)
    status, _, content = answer.partition(b"\r\n\r\n")
    assert status.startswith(b"HTTP/1.1 201"), answer
    assert server.stop() == 0
    assert list(inside.statuses(server.data)) == [json.loads(content)["postId"]]


@pytest.mark.parametrize(
    "idle_s",
    [
        pytest.param("1", id="refused"),
        # Nothing refuses it before the 20 s are over that requests are given to end.
        pytest.param("60", id="cut off", marks=pytest.mark.soak),
    ],
)
def test_upload_that_never_ends_leaves_nothing_behind(tmp_path: Path, idle_s: str) -> None:
    server = Server(tmp_path / "data", {"CALOTYPE_UPLOADS_IDLE_S": idle_s}).start()
    author = server.person("author")
    body = _form(picture(1, large=False), "never ends")
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as client:
        client.sendall(_head(author, body) + body[: len(body) // 2])
        _until_it_is_received(server)
        assert server.stop() == 0
    assert inside.statuses(server.data) == {}
    assert inside.blob_findings(server.data) == []


def test_open_stream_does_not_delay_the_end(server: Server) -> None:
    reader = server.person("reader")
    with reader.http.stream("GET", "/stream") as stream:
        lines = stream.iter_lines()
        assert "listening" in next(lines)
        assert server.process is not None
        server.process.send_signal(signal.SIGTERM)
        assert not [line for line in lines if line], "it ended without another event"
    assert server.stop() == 0


def _refused(server: Server) -> tuple[int, list[str]]:
    """The exit code of a `serve` that cannot run, and what it says."""
    ended = subprocess.run(
        [sys.executable, "-m", "calotype", "serve"],
        env=server.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    return ended.returncode, ended.stdout.splitlines()


def _form(photo: bytes, caption: str) -> bytes:
    return (
        (
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="caption"\r\n\r\n{caption}\r\n'
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="mediaFile"; '
            'filename="photo.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
        ).encode()
        + photo
        + f"\r\n--{BOUNDARY}--\r\n".encode()
    )


def _head(author: Person, body: bytes) -> bytes:
    return (
        "POST /api/v1/posts HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: {author.http.headers['Authorization']}\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode()


def _until_it_is_received(server: Server) -> None:
    eventually(lambda: [*(server.data / "blobs" / "tmp").iterdir()], "the upload to begin")


def _refuses_connections(server: Server) -> bool:
    try:
        httpx.get(f"{server.url}/health/live", timeout=1)
    except httpx.TransportError:
        return True
    return False


def _read_all(client: socket.socket) -> bytes:
    answer = b""
    while chunk := client.recv(65536):
        answer += chunk
    return answer
