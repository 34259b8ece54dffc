"""A data directory that cannot be written: no start on it; while running, reads go on."""

import os
import signal
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from calotype.bootstrap import Embedded
from calotype.kernel.errors import ReadOnly
from tests.faults import inside
from tests.faults.disks import Ext4, mounted
from tests.faults.pictures import picture
from tests.server import Server, eventually
from tests.stores import AUTHOR_SHARD, READER_SHARD, House, graph_of


def test_a_start_on_a_read_only_directory_is_refused_with_one_line(tmp_path: Path) -> None:
    data = tmp_path / "data"
    Server(data).calotype("migrate")
    with mounted(data, "--bind", "-o", "ro", str(data)):
        server = Server(data)
        assert server.refused_start() == 2
        (line,) = [line for line in server.log if line.startswith("calotype:")]
        assert "cannot be used: Read-only file system" in line


def test_pictures_that_cannot_be_kept_are_refused_and_the_rest_goes_on(tmp_path: Path) -> None:
    server = Server(tmp_path / "data").start()
    author = server.person("author")
    shown = author.post(picture(1, large=False))["postId"]
    author.settled(shown)
    blobs = server.data / "blobs"
    with mounted(blobs, "--bind", "-o", "ro", str(blobs)):
        files = [("mediaFile", ("a.jpg", picture(2, large=False)))]
        answer = author.http.post("/posts", files=files)
        assert (answer.status_code, answer.json()["code"]) == (503, "read_only")
        assert author.feed_ids() == [shown]
        url = author.read(f"/posts/{shown}")["media"][0]["urls"]["w640"]
        assert author.http.get(server.url + url).status_code == 200
    assert author.settled(author.post(picture(3, large=False))["postId"])["status"] == "PUBLISHED"
    eventually(lambda: not inside.work_left(server.data), "all work to be done")
    assert server.stop() == 0


def test_a_disk_that_turns_read_only_is_read_on_and_nothing_acknowledged_is_lost(
    tmp_path: Path,
) -> None:
    disk = Ext4(tmp_path / "disk.img", tmp_path / "disk")
    with disk.mounted() as place:
        server = Server(place / "data").start()
        try:
            author, reader = server.person("author"), server.person("reader")
            reader.follow(author)
            shown = author.post(picture(1, large=False))["postId"]
            author.settled(shown)
            eventually(lambda: reader.feed_ids() == [shown], "the post to be shown")
            photo, worker = picture(3, large=False), server.children()["worker"]
            os.kill(worker, signal.SIGSTOP)
            waiting = author.post(picture(2, large=True))["postId"]
            disk.turn_read_only()
            os.kill(worker, signal.SIGCONT)

            _is_refused(
                author.http.post("/posts", files=[("mediaFile", ("a.jpg", photo))]), "read_only"
            )
            _is_refused(author.http.post(f"/users/{reader.id}/follow"), "unavailable")
            for _ in range(20):
                assert reader.feed_ids()[-1] == shown, "reads go on"
            url = author.read(f"/posts/{shown}")["media"][0]["urls"]["w640"]
            assert author.http.get(server.url + url).status_code == 200
            eventually(
                lambda: [line for line in server.log if "read-only" in line.lower()], "a word"
            )
            assert not [line for line in server.log if "Traceback" in line]
            assert len(server.log) < 200, "no flood"
        finally:
            code = server.stop(people_come_back=True)
        assert code == 0
    disk.mend()
    with disk.mounted():
        with server:
            assert author.settled(waiting)["status"] == "PUBLISHED", "it was acknowledged"
            eventually(lambda: reader.feed_ids() == [waiting, shown], "both to be shown")
            eventually(lambda: not inside.work_left(server.data), "all work to be done")
        assert inside.broken_databases(server.data) == []


@pytest.mark.anyio
async def test_a_database_that_turns_read_only_is_read_on_and_recovers(tmp_path: Path) -> None:
    house = House("embedded", tmp_path / "house")
    shape = house.open()
    writable = _Switch(shape)
    ada, bob = shape.ids.new(AUTHOR_SHARD), shape.ids.new(READER_SHARD)
    await graph_of(shape).follow(ada, bob)
    writable.off()
    with pytest.raises(ReadOnly, match="cannot be written"):
        await graph_of(shape).unfollow(ada, bob)
    assert await shape.graph.edge(ada, bob)
    writable.on()
    await graph_of(shape).unfollow(ada, bob)
    assert await shape.graph.edge(ada, bob) is None
    await house.close()


def _is_refused(answer: httpx.Response, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (503, code), answer.text
    assert answer.headers["Retry-After"]


class _Switch:
    """Lets SQLite refuse all writes, with the error of a read-only disk."""

    def __init__(self, shape: Embedded) -> None:
        self._refuses = 0
        sa.event.listen(shape.core.engine, "checkout", self._set)

    def off(self) -> None:
        self._refuses = 1

    def on(self) -> None:
        self._refuses = 0

    def _set(self, connection: Any, *_: object) -> None:
        connection.execute(f"PRAGMA query_only={self._refuses}")
