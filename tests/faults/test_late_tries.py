"""A try that comes late, because its worker was killed after the work, spoils nothing."""

import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from calotype.kernel.ids import shard_of
from calotype.kernel.leases import MAX_TRIES
from calotype.posts.process import WORN_OUT
from tests.faults import inside
from tests.faults.pictures import picture
from tests.server import Person, Server, eventually


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Not started yet."""
    server = Server(tmp_path / "data")
    yield server
    assert server.stop() == 0


def _left_behind(data: Path, media_id: int, tries: int) -> None:
    """The job's row as it is when its worker dies between the work and `finish`."""
    names = "shard, id, lane, kind, key, payload, due_ms, attempts, token, owner, error, died_ms"
    row = (shard_of(media_id), media_id, "photos", "media.process", str(media_id), b"", 0, tries)
    with closing(sqlite3.connect(data / "core.db")) as connection, connection:
        connection.execute(
            f"INSERT INTO jobs ({names}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 't', 'worker', '', 0)", row
        )


@pytest.mark.parametrize("tries", [1, MAX_TRIES])
def test_late_try_leaves_published_post_whole(server: Server, tries: int) -> None:
    author = server.start().person("author")
    post_id = author.post(picture(1, large=False), picture(2, large=False))["postId"]
    published = author.settled(post_id)
    eventually(lambda: not inside.work_left(server.data), "all work to be done")
    assert server.stop() == 0

    _left_behind(server.data, int(published["media"][0]["mediaId"]), tries)
    server.start()

    eventually(lambda: not inside.work_left(server.data), "the late try to end")
    assert inside.statuses(server.data) == {post_id: "PUBLISHED"}
    assert inside.blob_findings(server.data) == []
    assert _media_statuses(server.data) == {"READY"}


def test_dead_letters_that_are_replayed_publish_their_post(server: Server) -> None:
    post_id, _ = _failed_post(server)
    ids = [letter.split()[0] for letter in server.dead_letters()]
    assert len(ids) == 2
    server.calotype("dead-letters", "replay", *ids)
    eventually(lambda: not inside.work_left(server.data), "the replay to end")
    assert inside.statuses(server.data) == {post_id: "PUBLISHED"}
    assert inside.blob_findings(server.data) == []


def test_the_operator_sees_what_was_given_up_and_has_it_tried_again(server: Server) -> None:
    post_id, _ = _failed_post(server)
    status = server.calotype("media", "status").splitlines()
    assert status[1].split() == ["photos", "0", "-", "2"]
    assert status[-2:] == ["failed of the last day: 1", f"       1  {WORN_OUT.reason}"]
    assert server.calotype("media", "retry") == "2 will be tried again\n"
    eventually(lambda: not inside.work_left(server.data), "the retry to end")
    assert inside.statuses(server.data) == {post_id: "PUBLISHED"}
    assert "failed of the last day: 0" in server.calotype("media", "status")
    assert server.calotype("media", "retry") == "nothing was given up\n"


def test_failed_post_that_was_withdrawn_is_not_brought_back(server: Server) -> None:
    post_id, author = _failed_post(server)
    ids = [letter.split()[0] for letter in server.dead_letters()]
    worker = server.children()["worker"]
    os.kill(worker, signal.SIGSTOP)  # so that the replay comes before its purge
    try:
        answer = httpx.delete(f"{server.url}/api/v1/posts/{post_id}", headers=author.http.headers)
        assert answer.json()["status"] == "PURGED"
        assert inside.statuses(server.data) == {post_id: "PURGED"}, "as it was acknowledged"
        server.calotype("dead-letters", "replay", *ids)
    finally:
        os.kill(worker, signal.SIGCONT)
    eventually(lambda: not inside.work_left(server.data), "purge and replay to end")
    assert inside.statuses(server.data) == {post_id: "PURGED"}
    assert inside.blob_findings(server.data) == []


def _failed_post(server: Server) -> tuple[str, Person]:
    """A post of two photos that both wore out their tries, and its author."""
    server.environment["CALOTYPE_MEDIA_JOB_SECONDS"] = "0.001"
    author = server.start().person("author")
    post_id = author.post(picture(1, large=False), picture(2, large=False))["postId"]
    eventually(lambda: _failed_once(server.data), "both photos to fail once")
    assert server.stop() == 0
    with closing(sqlite3.connect(server.data / "core.db")) as connection, connection:
        connection.execute("UPDATE jobs SET attempts = ?, due_ms = 0", (MAX_TRIES,))
    del server.environment["CALOTYPE_MEDIA_JOB_SECONDS"]
    server.start()
    eventually(lambda: not inside.work_left(server.data), "both photos to be given up")
    assert inside.rows(server.data, "SELECT status, reason FROM posts") == [
        ("FAILED", WORN_OUT.reason)
    ]
    return post_id, author


def _failed_once(data: Path) -> bool:
    return inside.rows(data, "SELECT count(*) FROM jobs WHERE error != ''") == [(2,)]


def _media_statuses(data: Path) -> set[Any]:
    return {status for (status,) in inside.rows(data, "SELECT status FROM media")}
