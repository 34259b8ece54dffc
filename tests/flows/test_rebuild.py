"""`calotype media rebuild`: old posts' renditions are made anew while people look at them."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.faults import inside
from tests.faults.pictures import picture
from tests.photos import small_jpeg
from tests.server import Person, Server, eventually

LOOKS = '[{}, {"turn": 90, "crop": "square", "filter": "lacock"}]'


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("place") / "data") as server:
        yield server


def keys(server: Server, author: Person) -> dict[str, str]:
    """The key of each medium that was made by today's recipe."""
    return {media_id: key for media_id, (key, recipe) in media(server, author).items() if recipe}


def media(server: Server, author: Person) -> dict[str, tuple[str, int]]:
    """Key and recipe of each medium of a person."""
    wanted = "SELECT media_id, key, recipe FROM media WHERE author_id = ?"
    found = inside.rows(server.data, wanted, int(author.id))
    return {str(media_id): (key, recipe) for media_id, key, recipe in found}


def files(server: Server, author: Person) -> dict[tuple[str, str], tuple[str, bytes]]:
    """By medium and name: the key that a rendition lies under, and its bytes."""
    return {
        (media_id, path.name): (path.parent.name, path.read_bytes())
        for media_id in media(server, author)
        for path in (server.data / "blobs" / "processed" / media_id).rglob("*.*")
    }


def grow_old(server: Server, author: Person) -> None:
    """As if a person's posts had been made before recipes were counted."""
    inside.change(server.data, f"UPDATE media SET recipe = 0 WHERE author_id = {author.id}")


@contextmanager
def watched(server: Server, author: Person, post: str) -> Iterator[list[int]]:
    """Someone reads a post and all its files again and again; how they were answered."""
    answers: list[int] = []
    over = threading.Event()
    urls = [url for each in author.read(f"/posts/{post}")["media"] for url in each["urls"].values()]

    def read() -> None:
        with httpx.Client(base_url=server.url) as http:
            while not over.is_set():
                answers.extend(http.get(url).status_code for url in urls)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield answers
    finally:
        over.set()
        reader.join()


def settle(server: Server) -> None:
    eventually(lambda: not inside.work_left(server.data), "all work to be done")


@pytest.mark.parametrize("audience", ["everyone", "followers"])
def test_renditions_get_a_new_key_and_can_be_read_throughout(place: Server, audience: str) -> None:
    author = place.person(f"for.{audience}")
    photos = (picture(1, large=False), picture(2, large=False))
    post = author.post(*photos, media=LOOKS, audience=audience)["postId"]
    shown = author.settled(post)["media"]
    before, old_keys = files(place, author), keys(place, author)
    grow_old(place, author)
    with watched(place, author, post) as answers:
        said = place.calotype("media", "rebuild")
    assert said.splitlines()[-1] == "2 of 2 rebuilt"
    assert set(answers) == {200}
    settle(place)
    after, new_keys = files(place, author), keys(place, author)
    assert {name: data for name, (_, data) in after.items()} == {
        name: data for name, (_, data) in before.items()
    }, "the same recipe and look"
    assert {key for key, _ in after.values()} == set(new_keys.values())
    assert set(new_keys.values()).isdisjoint(old_keys.values())
    again = author.read(f"/posts/{post}")["media"]
    assert [each["blurhash"] for each in again] == [each["blurhash"] for each in shown]
    old_url = shown[0]["urls"]["w640"]
    assert httpx.get(place.url + old_url).status_code == 200, "what was signed before still holds"
    assert place.calotype("media", "rebuild").splitlines() == ["nothing to rebuild"]


def test_a_narrowed_audience_ends_what_was_signed_before_a_rebuild(place: Server) -> None:
    author = place.person("narrow")
    post = author.post(small_jpeg(), audience="followers")["postId"]
    old_url = author.settled(post)["media"][0]["urls"]["w640"]
    said = place.calotype("media", "rebuild", "--all", "--account", "narrow")
    assert said.splitlines()[-1] == "1 of 1 rebuilt", "of this account alone"
    assert httpx.get(place.url + old_url).status_code == 200
    for audience in ("everyone", "followers"):
        assert author.http.patch(f"/posts/{post}", json={"audience": audience}).status_code == 200
    assert httpx.get(place.url + old_url).status_code == 404
    settle(place)
    new_url = author.read(f"/posts/{post}")["media"][0]["urls"]["w640"]
    assert httpx.get(place.url + new_url).status_code == 200
    assert "0 things wrong" in place.calotype("check", "--deep")


def test_what_cannot_be_made_again_stays_as_it_was_and_is_told(place: Server) -> None:
    author = place.person("unlucky")
    post = author.post(small_jpeg())["postId"]
    url = author.settled(post)["media"][0]["urls"]["w640"]
    shown = httpx.get(place.url + url).content
    next((place.data / "blobs" / "originals" / author.id).iterdir()).unlink()
    said = place.calotype("media", "rebuild", "--all", "--account", "unlucky").splitlines()
    assert said[-2] == "0 of 1 rebuilt"
    assert said[-1].startswith("1 could not be, and stay as they were; calotype dead-letters list")
    assert "media.rebuild" in place.dead_letters()[0]
    assert httpx.get(place.url + url).content == shown


def test_a_rebuild_goes_on_after_everything_was_killed(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as server:
        author = server.person("author")
        for number in range(2):
            carousel = [small_jpeg(seed=10 * number + each) for each in range(10)]
            author.settled(author.post(*carousel)["postId"])
        old = keys(server, author)
        grow_old(server, author)
        command = subprocess.Popen(
            [sys.executable, "-m", "calotype", "media", "rebuild"],
            env=server.environment,
            stdout=subprocess.DEVNULL,
        )
        eventually(lambda: len(keys(server, author)) > 3, "the first to be rebuilt")
        command.kill()
        command.wait()
        server.kill_tree()
        halfway = keys(server, author)
        assert 3 < len(halfway) < 20
        said = server.calotype("media", "rebuild").splitlines()
        assert said == ["20 to rebuild; it begins when calotype serve runs"]
        server.start()
        assert server.calotype("media", "rebuild").splitlines()[-1] == "20 of 20 rebuilt"
        settle(server)
        new = keys(server, author)
        assert len(new) == 20
        assert all(new[media_id] != key for media_id, key in old.items())
        assert all(new[media_id] == key for media_id, key in halfway.items()), "none is made twice"
        assert "0 things wrong" in server.calotype("check")
