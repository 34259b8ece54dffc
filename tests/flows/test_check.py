"""`calotype check` finds what is wrong and no more, and `--repair` mends it."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from calotype.kernel.ids import shard_of_name
from tests.faults import inside
from tests.faults.pictures import picture
from tests.server import Person, Server, eventually

CLEAN = "14 checks done, 0 things wrong, 0 mended"
LOOKS = '[{}, {"turn": 90, "crop": "square", "filter": "lacock"}]'
LONG_AGO = 1_000_000_000


class Place:
    """A server's data with a post of two photos, its author, and a follower."""

    def __init__(self, data: Path) -> None:
        self.server = Server(data).start()
        self.author: Person = self.server.person("author")
        self.reader: Person = self.server.person("reader")
        self.reader.follow(self.author)
        photos = (picture(1, large=False), picture(2, large=False))
        self.post = self.author.post(*photos, media=LOOKS)["postId"]
        self.media = self.author.settled(self.post)["media"]
        self.settle()

    def settle(self) -> None:
        eventually(lambda: not inside.work_left(self.server.data), "all work to be done")

    def check(self, *options: str) -> tuple[int, list[str]]:
        done = subprocess.run(
            [sys.executable, "-m", "calotype", "check", *options],
            env=self.server.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert not done.stderr, done.stderr
        return done.returncode, done.stdout.splitlines()

    def change(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.server.data / "core.db", timeout=10)) as core, core:
            for statement in statements:
                assert core.execute(statement).rowcount > 0, statement

    def renditions(self, medium: int) -> list[Path]:
        media_id = self.media[medium]["mediaId"]
        return sorted((self.server.data / "blobs" / "processed" / media_id).rglob("*.*"))

    def original(self, medium: int) -> Path:
        media_id: str = self.media[medium]["mediaId"]
        return self.server.data / "blobs" / "originals" / self.author.id / media_id


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    place = Place(tmp_path_factory.mktemp("place") / "data")
    yield place
    assert place.server.stop() == 0


@pytest.fixture(autouse=True)
def _whole(place: Place) -> Iterator[None]:
    """Each test finds a place where nothing is wrong, and leaves one."""
    yield
    place.settle()
    assert place.check("--deep") == (0, [CLEAN])


def test_counts_of_likes_and_comments_are_counted_again(place: Place) -> None:
    for person in (place.author, place.reader):
        assert person.http.post(f"/posts/{place.post}/like").status_code == 200
    said = place.reader.http.post(f"/posts/{place.post}/comments", json={"text": "so"}).json()
    thread = {"text": "it is", "replyTo": said["commentId"]}
    place.author.http.post(f"/posts/{place.post}/comments", json=thread)
    place.settle()
    assert place.check() == (0, [CLEAN])
    place.change(
        f"UPDATE tallies SET likes = 7 WHERE subject_id = {place.post}",
        f"DELETE FROM tallies WHERE subject_id = {said['commentId']}",
        "UPDATE likers SET counted = 0",
    )
    code, lines = place.check("--repair")
    assert code == 0, lines
    assert "wrong counts of likes and comments: 2, such as" in lines[0], lines
    shown = place.author.read(f"/posts/{place.post}")
    assert (shown["likes"], shown["comments"]) == (2, 2)
    (comment,) = place.author.read(f"/posts/{place.post}/comments")["comments"]
    assert comment["replies"] == 1
    # What is counted is not counted once more.
    assert place.author.http.delete(f"/posts/{place.post}/like").json()["likes"] == 1
    place.settle()
    assert place.reader.read(f"/posts/{place.post}")["likes"] == 1


def test_a_place_at_work_has_no_flaws(place: Place) -> None:
    posts = [place.author.post(picture(3 + n, large=n % 2 == 0))["postId"] for n in range(4)]
    for post in posts:
        code, lines = place.check()
        assert code == 0, lines
        place.author.http.delete(f"/posts/{post}")
    code, lines = place.check()
    assert code == 0, lines


def test_renditions_are_made_again_from_the_original(place: Place) -> None:
    lost, empty = place.renditions(0)[0], place.renditions(1)[-1]
    plain, with_look = lost.read_bytes(), empty.read_bytes()
    lost.unlink()
    empty.write_bytes(b"")
    code, lines = place.check()
    assert code == 1
    assert lines[0].startswith("media without all their renditions: 2, such as medium ")
    assert "(--repair has the worker make them again from the original)" in lines[0]
    assert lines[1:] == ["14 checks done, 2 things wrong, 0 mended"]
    assert not lost.exists(), "looking changes nothing"

    assert place.check("--repair")[0] == 0
    place.settle()
    assert lost.read_bytes() == plain
    assert empty.read_bytes() == with_look
    assert place.author.read(f"/posts/{place.post}")["status"] == "PUBLISHED"


@pytest.mark.parametrize("damage", ["gone", "short", "changed"])
def test_a_damaged_original_is_named_and_left_for_a_backup(place: Place, damage: str) -> None:
    original = place.original(0)
    whole = original.read_bytes()
    original.unlink()
    if damage == "short":
        original.write_bytes(whole[:-1])
    if damage == "changed":
        original.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    try:
        code, lines = place.check("--repair")
        assert (code == 0) == (damage == "changed"), "every byte is only read with --deep"
        code, lines = place.check("--repair", "--deep")
        assert code == 1
        assert f"medium {place.media[0]['mediaId']} of post {place.post} (" in lines[0]
        assert "put files of a backup in their place" in lines[0]
    finally:
        original.unlink(missing_ok=True)
        original.write_bytes(whole)


def test_rows_that_disagree_are_mended(place: Place) -> None:
    data = place.server.data
    counts = inside.rows(data, "SELECT * FROM follow_counts UNION SELECT *, 0 FROM post_counts")
    edges = inside.rows(data, "SELECT * FROM followers")
    place.change(
        "UPDATE post_counts SET published = published + 5",
        "UPDATE follow_counts SET followers = 41 WHERE followers = 1",
        "DELETE FROM follow_counts WHERE following = 1",
        "DELETE FROM followers",
        "INSERT INTO followers VALUES (0, 1 << 40, 1 << 41, 1 << 42)",
        f"INSERT INTO name_claims VALUES ({shard_of_name('ghost')}, 'ghost', 1 << 43, NULL)",
        f"INSERT INTO name_claims VALUES ({shard_of_name('late')}, 'late', 1 << 43, 17)",
    )
    code, lines = place.check()
    assert code == 1
    assert [line.split(",")[0] for line in lines[:-1]] == [
        "follows that stand at one end alone: 2",
        "people with wrong counts of follows: 3",
        "people with wrong counts of posts: 1",
        "names that no account bears: 2",
    ]
    code, lines = place.check("--repair")
    assert code == 0, lines
    assert inside.rows(data, "SELECT * FROM followers") == edges
    again = inside.rows(data, "SELECT * FROM follow_counts UNION SELECT *, 0 FROM post_counts")
    assert set(counts) <= set(again)
    assert not inside.rows(data, "SELECT * FROM name_claims WHERE user_id = 1 << 43")


def test_files_that_nothing_wants_are_removed(place: Place) -> None:
    blobs = place.server.data / "blobs"
    orphan = blobs / "originals" / place.author.id / "12345678901234"
    fresh = orphan.with_name("12345678901235")
    unfinished = blobs / "tmp" / "half"
    beginning = blobs / "partial" / "12345678901236"
    for file in (orphan, fresh, unfinished, beginning):
        file.write_bytes(b"bytes")
    for file in (orphan, unfinished, beginning):
        os.utime(file, (LONG_AGO, LONG_AGO))
    code, lines = place.check()
    assert code == 1
    assert lines[0].startswith("files that no post wants: 1, such as originals/")
    assert lines[1].startswith("beginnings of files that no upload waits for: 1, such as partial/")
    assert lines[2].startswith("unfinished temporary files: 1")
    assert place.check("--repair")[0] == 0
    assert [each for each in (orphan, fresh, unfinished, beginning) if each.exists()] == [fresh]
    fresh.unlink()


def test_a_post_without_its_job_is_given_one(place: Place) -> None:
    worker = place.server.children()["worker"]
    os.kill(worker, signal.SIGSTOP)
    try:
        post = place.author.post(picture(8, large=False))["postId"]
        assert place.check()[0] == 0, "its job waits"
        place.change("DELETE FROM jobs")
        code, lines = place.check()
        assert code == 1
        assert lines[0].startswith(f"posts in PROCESSING without a job: 1, such as post {post}")
        assert place.check("--repair")[0] == 0
    finally:
        os.kill(worker, signal.SIGCONT)
    assert place.author.settled(post)["status"] == "PUBLISHED"
