"""A video, end to end: uploaded, made, watched, and made again when its maker dies."""

import io
import itertools
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.clips import SECRETS, X264, clip, look, scene
from tests.photos import camera_jpeg
from tests.server import Person, Server, eventually, kill, wait_until_gone

_names = (f"film{number}" for number in itertools.count())
POSTER = {"w150", "w320", "w640", "w1080", "w1080.jpg"}


@pytest.fixture
def author(server: Server) -> Person:
    return server.person(next(_names))


@pytest.fixture
def photo() -> bytes:
    return camera_jpeg()


@pytest.fixture
def slow() -> bytes:
    """What takes some seconds to encode."""
    return clip(
        "-c:v", "libx264", "-preset", "ultrafast", pictures="testsrc2=s=1920x1080:r=50:d=2.5"
    )


def test_a_carousel_of_a_video_a_photo_and_an_animation(
    server: Server, author: Person, photo: bytes
) -> None:
    follower = server.person(next(_names))
    follower.follow(author)
    video = clip(*X264, "-c:a", "aac", sound="sine=d=1", turned=90, suffix="mov")
    gif = clip("-c:v", "gif", pictures=scene(rate=10), suffix="gif")
    created = author.post(video, photo, gif)
    assert created["mediaUrl"].endswith("/720p.mp4")
    shown = author.settled(created["postId"])
    assert shown["status"] == "PUBLISHED", shown
    assert eventually(follower.feed_ids, "the post in a feed") == [created["postId"]]
    film, still, animation = follower.read("/feed")["posts"][0]["media"]
    assert [film["type"], still["type"], animation["type"]] == ["video", "photo", "video"]
    assert (film["width"], film["height"], film["duration"]) == (180, 320, 1.0)
    assert (film["sound"], film["loop"]) == (True, False)
    assert (animation["sound"], animation["loop"]) == (False, True)
    assert not {"duration", "sound", "loop", "progress"} & set(still)
    assert set(film["urls"]) == POSTER | {"720p.mp4", "480p.mp4"}
    assert set(still["urls"]) == POSTER
    ends = [url.rsplit("/", 1)[1] for url in shown["mediaUrls"]]
    assert ends == ["720p.mp4", "w1080.webp", "720p.mp4"]
    poster = Image.open(io.BytesIO(httpx.get(server.url + film["urls"]["w1080"]).content))
    assert poster.size == (180, 320)
    assert film["blurhash"] != animation["blurhash"]
    check_watching(server.url + film["urls"]["720p.mp4"])
    profile = follower.read(f"/users/{author.id}/profile")
    assert profile["posts"][0]["media"][0]["urls"]["w320"]
    # A photo has no moving rendition, whatever is asked for.
    assert httpx.get(server.url + f"/media/{still['mediaId']}/720p.mp4").status_code == 404


def check_watching(url: str) -> None:
    whole = httpx.get(url)
    assert whole.headers["content-type"] == "video/mp4"
    assert whole.headers["accept-ranges"] == "bytes"
    assert "immutable" in whole.headers["cache-control"]
    assert look(whole.content).size == (180, 320)
    assert not [secret for secret in SECRETS if secret in whole.content]
    part = httpx.get(url, headers={"Range": "bytes=100-299"})
    assert (part.status_code, part.content) == (206, whole.content[100:300])


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (lambda: clip(*X264, pictures="color=red:s=64x64:r=2:d=75"), "too_long"),
        (lambda: clip()[:-100], "truncated_video"),
        (lambda: clip("-c:a", "aac", pictures="", sound="sine=d=1"), "no_pictures"),
    ],
)
def test_what_cannot_be_shown_is_refused_on_arrival(author: Person, data: Any, code: str) -> None:
    answer = author.http.post("/posts", files={"mediaFile": ("clip.mp4", data())})
    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_what_turns_out_damaged_fails_with_a_reason(author: Person) -> None:
    data = bytearray(clip(*X264, pictures=scene(640, 360)))
    start, end = data.index(b"mdat") + 4, data.index(b"moov") - 4
    data[start:end] = bytes(end - start)
    created = author.post(bytes(data))
    failed = author.settled(created["postId"])
    assert failed["status"] == "FAILED"
    assert "damaged" in failed["reason"]


def test_a_video_is_no_profile_picture(author: Person) -> None:
    answer = author.http.put("/users/me/avatar", files={"mediaFile": ("clip.mp4", clip())})
    assert (answer.status_code, answer.json()["code"]) == (422, "not_an_image")


def test_its_author_sees_how_far_it_is(author: Person, slow: bytes) -> None:
    with author.http.stream("GET", "/stream", timeout=60) as stream:
        lines = stream.iter_lines()
        assert "listening" in next(lines)
        created = author.post(slow)
        seen: set[int] = set()
        posting = threading.Event()

        def poll() -> None:
            while not posting.is_set():
                medium = author.read(f"/posts/{created['postId']}")["media"][0]
                seen.add(medium.get("progress", 0))
                posting.wait(0.05)

        polling = threading.Thread(target=poll)
        polling.start()
        events = list(until_settled(lines))
        posting.set()
        polling.join()
    told = [body for kind, body in events if kind == "progress"]
    assert told
    assert {body["postId"] for body in told} == {created["postId"]}
    steps = [body["progress"] for body in told]
    assert steps == sorted(set(steps))
    assert set(steps) & seen
    assert events[-1][0] == "post.published"
    assert "progress" not in author.read(f"/posts/{created['postId']}")["media"][0]


def test_no_photo_waits_for_a_video(author: Person, slow: bytes, photo: bytes) -> None:
    video = author.post(slow, slow)
    assert author.settled(author.post(photo)["postId"])["status"] == "PUBLISHED"
    assert author.read(f"/posts/{video['postId']}")["status"] == "PROCESSING"
    assert author.settled(video["postId"])["status"] == "PUBLISHED"


def until_settled(lines: Iterator[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The stream's events until one of an outcome."""
    kind = ""
    for line in lines:
        name, _, value = line.partition(": ")
        if name == "event":
            kind = value
        elif name == "data":
            yield kind, json.loads(value)
            if kind.startswith("post."):
                return


def ffmpegs(server: Server) -> list[int]:
    """The processes of the worker that make a video just now."""
    found = []
    for pid in server.decoders():
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"libx264" in words and b"calotype.media.video.confined" not in words:
            found.append(pid)
    return found


def test_killed_makers_and_lost_files_cost_nothing(tmp_path: Path, slow: bytes) -> None:
    server = Server(tmp_path / "data").start()
    try:
        author = server.person("maker")
        created = author.post(slow)
        maker = eventually(lambda: ffmpegs(server), "a maker")[0]
        assert kill(server.children()["worker"])
        wait_until_gone(maker)
        shown = author.settled(created["postId"])
        assert shown["status"] == "PUBLISHED", shown
        medium = shown["media"][0]
        assert medium["duration"] == 2.5
        assert not list((server.data / "run" / "worker.video").iterdir())
        files = server.data / "blobs" / "processed" / medium["mediaId"]
        lost = next(files.glob("*/480p.mp4"))
        before = lost.read_bytes()
        lost.unlink()
        assert "medium" in server.calotype("check", "--repair")
        eventually(lost.exists, "the rendition to be made again")
        assert look(lost.read_bytes()).size == look(before).size
    finally:
        assert server.stop() == 0
