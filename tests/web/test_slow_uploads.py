"""Clients that are too slow: told so, and nothing of theirs is kept."""

import socket
from collections.abc import Iterator

import pytest

from tests.photos import camera_jpeg
from tests.server import Person, Server


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("data"), {"CALOTYPE_UPLOADS_IDLE_S": "0.3"}).start()
    yield running
    assert running.stop() == 0


def test_upload_that_stalls_gets_a_408_and_leaves_nothing(impatient: Server) -> None:
    person: Person = impatient.person("snail")
    head = (
        "POST /api/v1/posts HTTP/1.1\r\nHost: x\r\n"
        f"Authorization: {person.http.headers['Authorization']}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 5000000\r\n\r\n"
        '--b\r\nContent-Disposition: form-data; name="mediaFile"; filename="a.jpg"\r\n\r\n'
    )
    with socket.create_connection(("127.0.0.1", impatient.port), timeout=20) as client:
        client.sendall(head.encode() + camera_jpeg(width=640, height=480)[:20_000])
        answer = client.recv(65_536).decode()
        while chunk := client.recv(65_536):
            answer += chunk.decode()
    assert answer.startswith("HTTP/1.1 408")
    assert '"code":"too_slow"' in answer
    assert not [path for path in (impatient.data / "blobs").rglob("*") if path.is_file()]
    assert person.feed_ids() == []


def test_a_piece_that_stalls_is_kept_as_far_as_it_came(impatient: Server) -> None:
    """And its client is told in such a way that it goes on by itself."""
    person: Person = impatient.person("slug")
    tus = {"Tus-Resumable": "1.0.0"}
    begun = person.http.post("/uploads/tus", headers={**tus, "Upload-Length": "5000000"})
    path = begun.headers["location"]
    head = (
        f"PATCH {path} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\n"
        f"Authorization: {person.http.headers['Authorization']}\r\nUpload-Offset: 0\r\n"
        "Content-Type: application/offset+octet-stream\r\nContent-Length: 5000000\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", impatient.port), timeout=20) as client:
        client.sendall(head.encode() + b"x" * 20_000)
        answer = client.recv(65_536).decode()
        while chunk := client.recv(65_536):
            answer += chunk.decode()
    assert answer.startswith("HTTP/1.1 503")
    assert "retry-after: 1\r\n" in answer.lower()
    kept = person.http.head(impatient.url + path, headers=tus)
    assert kept.headers["upload-offset"] == "20000"
