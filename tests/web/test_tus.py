"""Resumable uploads: the protocol's own words, and a client that nobody here wrote."""

import hashlib
import io
import itertools
import os
import socket
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from tusclient.client import TusClient
from tusclient.exceptions import TusUploadFailed

from tests.photos import camera_jpeg
from tests.server import Person, Server, eventually

_names = (f"resumer{number}" for number in itertools.count())
TUS = {"Tus-Resumable": "1.0.0"}
PIECE = {**TUS, "Content-Type": "application/offset+octet-stream"}


@pytest.fixture
def person(server: Server) -> Person:
    return server.person(next(_names))


@pytest.fixture(scope="module")
def photo() -> bytes:
    return camera_jpeg(width=1600, height=1200)


def begun(person: Person, size: int, **headers: str) -> str:
    answer = person.http.post(
        "/uploads/tus", headers={**TUS, "Upload-Length": str(size), **headers}
    )
    assert answer.status_code == 201, answer.text
    assert answer.headers["tus-resumable"] == "1.0.0"
    assert "upload-expires" in answer.headers
    return answer.headers["location"].removeprefix("/api/v1")


def append(person: Person, path: str, offset: int, data: bytes, **headers: str) -> httpx.Response:
    own = {**PIECE, "Upload-Offset": str(offset), **headers}
    return person.http.patch(path, headers=own, content=data)


def offset(person: Person, path: str) -> int:
    answer = person.http.head(path, headers=TUS)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    return int(answer.headers["upload-offset"])


def state(person: Person, path: str) -> Any:
    return person.read(f"/uploads/{path.rpartition('/')[2]}")


def original(server: Server, person: Person, path: str) -> bytes:
    upload_id = path.rpartition("/")[2]
    return (server.data / "blobs" / "originals" / person.id / upload_id).read_bytes()


def checksum(algorithm: str, data: bytes) -> str:
    return f"{algorithm} {b64encode(hashlib.new(algorithm, data).digest()).decode()}"


def test_what_is_spoken_here(server: Server) -> None:
    answer = httpx.options(server.url + "/api/v1/uploads/tus")
    assert answer.status_code == 204
    assert answer.headers["tus-version"] == "1.0.0"
    assert set(answer.headers["tus-extension"].split(",")) == {
        "creation",
        "creation-with-upload",
        "termination",
        "expiration",
        "checksum",
    }
    assert answer.headers["tus-max-size"] == str(200 * 1024 * 1024)
    assert answer.headers["tus-checksum-algorithm"] == "sha1,sha256"


def test_a_photo_in_pieces_becomes_a_post(server: Server, person: Person, photo: bytes) -> None:
    named = "filename " + b64encode(b"a.jpg").decode()
    path = begun(person, len(photo), **{"Upload-Metadata": named})
    half = len(photo) // 2
    assert offset(person, path) == 0
    first = append(person, path, 0, photo[:half])
    assert (first.status_code, first.headers["upload-offset"]) == (204, str(half))
    assert offset(person, path) == half
    assert person.http.head(path, headers=TUS).headers["upload-metadata"] == named
    assert state(person, path)["status"] == "OPEN"
    last = append(
        person, path, half, photo[half:], **{"Upload-Checksum": checksum("sha256", photo[half:])}
    )
    assert (last.status_code, last.headers["upload-offset"]) == (204, str(len(photo)))
    assert offset(person, path) == len(photo)
    assert original(server, person, path) == photo
    shown = state(person, path)
    assert shown["status"] == "COMPLETE"
    assert shown["sha256"] == hashlib.sha256(photo).hexdigest()
    upload_id = path.rpartition("/")[2]
    body = {"media": [{"uploadId": upload_id, "altText": "a view"}], "caption": "hello #there"}
    created = person.http.post("/posts", json=body)
    assert created.status_code == 201, created.text
    assert created.json()["status"] == "PROCESSING"
    post = person.settled(created.json()["postId"])
    assert post["status"] == "PUBLISHED"
    assert post["media"][0]["mediaId"] == upload_id
    assert post["media"][0]["altText"] == "a view"
    assert post["tags"] == ["there"]
    again = person.http.post("/posts", json=body)
    assert again.status_code == 409
    assert person.http.delete(path, headers=TUS).status_code == 409


def test_creation_with_the_first_bytes(person: Person, photo: bytes) -> None:
    headers = {**PIECE, "Upload-Length": str(len(photo))}
    answer = person.http.post("/uploads/tus", headers=headers, content=photo[:1000])
    assert (answer.status_code, answer.headers["upload-offset"]) == (201, "1000")
    path = answer.headers["location"].removeprefix("/api/v1")
    override = {**PIECE, "Upload-Offset": "1000", "X-HTTP-Method-Override": "PATCH"}
    assert person.http.post(path, headers=override, content=photo[1000:]).status_code == 204
    assert state(person, path)["status"] == "COMPLETE"


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_damaged_piece_is_not_kept(person: Person, photo: bytes, algorithm: str) -> None:
    path = begun(person, len(photo))
    assert append(person, path, 0, photo[:500]).status_code == 204
    wrong = append(
        person, path, 500, photo[500:900], **{"Upload-Checksum": checksum(algorithm, b"other")}
    )
    assert (wrong.status_code, wrong.json()["code"]) == (460, "damaged_chunk")
    assert wrong.headers["tus-resumable"] == "1.0.0"
    assert offset(person, path) == 500
    rest = {"Upload-Checksum": checksum(algorithm, photo[500:])}
    assert append(person, path, 500, photo[500:], **rest).status_code == 204
    assert state(person, path)["status"] == "COMPLETE"


def test_what_is_refused(server: Server, person: Person, photo: bytes) -> None:
    path = begun(person, 1000)
    append(person, path, 0, b"x" * 10)
    wrong = append(person, path, 11, b"x")
    assert (wrong.status_code, wrong.json()["code"], wrong.json()["offset"]) == (
        409,
        "wrong_offset",
        10,
    )
    assert append(person, path, 10, b"x" * 991).status_code == 413
    older = person.http.head(path, headers={"Tus-Resumable": "0.2.2"})
    assert (older.status_code, older.headers["tus-version"]) == (412, "1.0.0")
    bare = person.http.patch(path, headers={**TUS, "Upload-Offset": "10"}, content=b"x")
    assert bare.status_code == 415
    assert append(person, path, 10, b"x", **{"Upload-Checksum": "crc32 eA=="}).status_code == 400
    assert offset(person, path) == 10
    other = server.person(next(_names))
    assert other.http.head(path, headers=TUS).status_code == 404
    assert append(other, path, 10, b"x").status_code == 404
    assert other.http.delete(path, headers=TUS).status_code == 404
    assert httpx.head(f"{server.url}/api/v1{path}", headers=TUS).status_code == 401
    for length, status in (("0", 422), (str(201 * 1024 * 1024), 413), ("x", 400), (None, 400)):
        headers = {**TUS, **({"Upload-Length": length} if length else {})}
        assert person.http.post("/uploads/tus", headers=headers).status_code == status
    assert person.http.delete(path, headers=TUS).status_code == 204
    assert person.http.head(path, headers=TUS).status_code == 404


def test_what_is_no_photo_is_refused_when_it_is_there(person: Person) -> None:
    path = begun(person, 3000)
    answer = append(person, path, 0, b"%PDF-1.7 " + b"x" * 2991)
    assert (answer.status_code, answer.json()["code"]) == (422, "not_an_image")
    assert person.http.head(path, headers=TUS).status_code == 410
    shown = state(person, path)
    assert shown["status"] == "REFUSED"
    assert "PDF" in shown["reason"]


def is_held(server: Server, path: str) -> bool:
    """Whether the server has the file of an upload open."""
    file = str(server.data / "blobs" / "partial" / path.rpartition("/")[2])
    descriptors = Path(f"/proc/{server.children()['web']}/fd").iterdir()
    return any(os.path.realpath(each) == file for each in descriptors)


def test_of_two_requests_at_once_one_is_refused(server: Server, person: Person) -> None:
    path = begun(person, 3000)
    head = (
        f"PATCH /api/v1{path} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\n"
        f"Authorization: {person.http.headers['Authorization']}\r\nUpload-Offset: 0\r\n"
        "Content-Type: application/offset+octet-stream\r\nContent-Length: 2000\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as slow:
        slow.sendall(head.encode() + b"y" * 1000)
        eventually(lambda: is_held(server, path), "the first request to be at it")
        refused = append(person, path, 0, b"")
        assert (refused.status_code, refused.json()["code"]) == (423, "busy")
        slow.sendall(b"y" * 1000)
        assert slow.recv(1000).startswith(b"HTTP/1.1 204")
    assert offset(person, path) == 2000


def test_a_broken_connection_keeps_what_came(server: Server, person: Person, photo: bytes) -> None:
    path = begun(person, len(photo))
    with proxy(server.port, cut_after=200_000) as port, pytest.raises(httpx.TransportError):
        append(person, f"http://127.0.0.1:{port}/api/v1{path}", 0, photo)
    kept = eventually(lambda: offset(person, path), "what came to be kept")
    assert 0 < kept < len(photo)
    assert eventually(
        lambda: (
            append(person, path, offset(person, path), photo[offset(person, path) :]).is_success
        ),
        "the rest to be taken",
    )
    assert original(server, person, path) == photo


def test_a_client_that_loses_its_connection_resumes(server: Server, person: Person) -> None:
    content = camera_jpeg(width=4000, height=3000)
    with proxy(server.port, cut_after=len(content) // 3) as port:
        uploader = client(person, port).uploader(
            file_stream=io.BytesIO(content), chunk_size=len(content), retries=5, retry_delay=0
        )
        uploader.upload()
    assert original(server, person, url_of(uploader)) == content


def test_a_client_resumes_when_the_server_was_killed(tmp_path: Path) -> None:
    content = camera_jpeg(width=4000, height=3000)
    server = Server(tmp_path / "data").start()
    person = server.person("resumer")

    def kill() -> None:
        partial = server.data / "blobs" / "partial"
        eventually(lambda: any(each.stat().st_size for each in partial.iterdir()), "bytes to come")
        server.kill_tree()

    with proxy(server.port, cut_after=len(content) * 3 // 4, on_cut=kill) as port:
        uploader = client(person, port).uploader(
            file_stream=io.BytesIO(content), chunk_size=len(content)
        )
        with pytest.raises(TusUploadFailed):
            uploader.upload()
    server.start()
    path = url_of(uploader).partition("/api/v1")[2]
    kept = offset(person, path)
    assert kept > 0
    again = client(person, server.port).uploader(
        file_stream=io.BytesIO(content), url=f"{server.url}/api/v1{path}", upload_checksum=True
    )
    assert again.offset == kept
    again.upload()
    assert original(server, person, path) == content
    assert list((server.data / "blobs" / "partial").iterdir()) == []
    assert server.stop() == 0


def url_of(uploader: Any) -> str:
    url: str = uploader.url
    return url


def client(person: Person, port: int) -> TusClient:
    headers = {"Authorization": person.http.headers["Authorization"]}
    return TusClient(f"http://127.0.0.1:{port}/api/v1/uploads/tus", headers=headers)


@dataclass
class Way:
    """A way to the server that cuts the connection once, after so many bytes of requests."""

    port: int
    left: int
    on_cut: Callable[[], None]

    def serve(self, listener: socket.socket) -> None:
        while True:
            try:
                inner, _ = listener.accept()
            except OSError:
                return
            with inner, socket.create_connection(("127.0.0.1", self.port)) as outer:
                back = threading.Thread(target=self._pump, args=(outer, inner))
                back.start()
                self._pump(inner, outer, counted=True)
                back.join()

    def _pump(self, source: socket.socket, sink: socket.socket, counted: bool = False) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                sink.sendall(data)
                if counted and self._is_cut(len(data)):
                    break
        for each in (source, sink):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _is_cut(self, size: int) -> bool:
        before, self.left = self.left, self.left - size
        if before > 0 >= self.left:
            self.on_cut()
            return True
        return False


@contextmanager
def proxy(port: int, cut_after: int, on_cut: Callable[[], None] = lambda: None) -> Iterator[int]:
    way = Way(port, cut_after, on_cut)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        accepting = threading.Thread(target=way.serve, args=(listener,))
        accepting.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        accepting.join()
