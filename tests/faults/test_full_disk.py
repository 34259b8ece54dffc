"""A disk that is full, and has room again: what was acknowledged is kept, and the rest is said."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.faults import inside
from tests.faults.disks import fill, small_disk
from tests.faults.pictures import picture
from tests.server import Person, Server, eventually


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    yield from small_disk(tmp_path / "disk", megabytes=24)


@pytest.fixture
def server(disk: Path) -> Iterator[Server]:
    server = Server(disk / "data").start()
    yield server
    assert server.stop() == 0


def test_what_was_acknowledged_outlasts_a_full_disk(disk: Path, server: Server) -> None:
    author, reader = server.person("author"), server.person("reader")
    reader.follow(author)
    shown = author.post(picture(1, large=False))["postId"]
    author.settled(shown)
    eventually(lambda: reader.feed_ids() == [shown], "the post to be shown")
    eventually(lambda: not inside.work_left(server.data), "all work to be done")
    worker = server.children()["worker"]
    os.kill(worker, signal.SIGSTOP)
    waiting = author.post(picture(2, large=True))["postId"]
    before = _files(server.data)
    filler = fill(disk)
    os.kill(worker, signal.SIGCONT)

    _is_refused(author)
    assert _files(server.data) == before, "a refused upload leaves nothing"
    eventually(lambda: _complaints(server), "the worker to say what is wrong")
    for _ in range(20):
        assert reader.feed_ids() == [shown], "reads go on"
    assert author.read(f"/posts/{waiting}")["status"] == "PROCESSING"

    filler.unlink()
    assert author.settled(waiting)["status"] == "PUBLISHED", "it recovers by itself"
    eventually(lambda: waiting in reader.feed_ids(), "the post to be shown")
    eventually(lambda: not inside.work_left(server.data), "all work to be done")
    assert author.post(picture(3, large=False))["status"] == "PROCESSING"
    assert server.dead_letters() == []
    assert len(_complaints(server)) < 30, "no flood"
    assert not [line for line in server.log if "Traceback" in line]
    eventually(lambda: not inside.work_left(server.data), "all work to be done")
    assert inside.blob_findings(server.data) == []
    assert inside.broken_databases(server.data) == []


def test_an_upload_in_pieces_outlasts_a_full_disk(disk: Path, server: Server) -> None:
    author = server.person("author")
    photo = picture(1, large=True)
    tus = {"Tus-Resumable": "1.0.0"}
    begun = author.http.post("/uploads/tus", headers={**tus, "Upload-Length": str(len(photo))})
    path = begun.headers["Location"].removeprefix("/api/v1")

    def append(offset: int, piece: bytes) -> httpx.Response:
        headers = {**tus, "Content-Type": "application/offset+octet-stream"}
        headers["Upload-Offset"] = str(offset)
        return author.http.patch(path, headers=headers, content=piece)

    def offset() -> int:
        return int(author.http.head(path, headers=tus).headers["Upload-Offset"])

    assert append(0, photo[:50_000]).status_code == 204
    filler = fill(disk)
    answer = append(50_000, photo[50_000:])
    assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")
    assert offset() == 50_000, "what was acknowledged is kept, and no more"
    partial = server.data / "blobs" / "partial" / path.rpartition("/")[2]
    assert partial.stat().st_size == 50_000
    another = author.http.post("/uploads/tus", headers={**tus, "Upload-Length": "1000"})
    assert (another.status_code, another.json()["code"]) == (507, "storage_full")
    filler.unlink()
    assert append(50_000, photo[50_000:]).status_code == 204
    body = {"media": [{"uploadId": path.rpartition("/")[2]}]}
    created = author.http.post("/posts", json=body)
    assert author.settled(created.json()["postId"])["status"] == "PUBLISHED"
    assert [each.name for each in partial.parent.iterdir()] == []
    assert not [line for line in server.log if "Traceback" in line]


def test_a_start_on_a_full_disk_is_refused_with_one_line(tmp_path: Path, disk: Path) -> None:
    server = Server(disk / "data")
    (disk / "data").mkdir()
    fill(disk)
    assert server.refused_start() == 2
    (line,) = [line for line in server.log if line.startswith("calotype:")][:1]
    assert "cannot be used: No space left on device" in line


def _is_refused(author: Person) -> None:
    answer = author.http.post("/posts", files=[("mediaFile", ("a.jpg", picture(9, large=True)))])
    assert answer.status_code == 507, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "storage_full"
    assert "full" in answer.json()["detail"]


def _files(data: Path) -> set[Path]:
    return {path for path in (data / "blobs").rglob("*") if path.is_file()}


def _complaints(server: Server) -> list[str]:
    return [line for line in server.log if "is full" in line]
