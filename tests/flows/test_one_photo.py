"""The main job: one photo, end to end."""

import io
import itertools

import httpx
import pytest
from PIL import Image

from tests.photos import MARKS, SECRET_PLACE, camera_jpeg, mark_at
from tests.server import Person, Server, eventually

_names = (f"flow{number}" for number in itertools.count())


@pytest.fixture
def author(server: Server) -> Person:
    return server.person(next(_names))


@pytest.fixture
def follower(server: Server, author: Person) -> Person:
    reader = server.person(next(_names))
    reader.follow(author)
    return reader


def test_camera_photo_appears_upright_small_and_without_metadata(
    server: Server, author: Person, follower: Person
) -> None:
    original = camera_jpeg()
    assert b"Exif" in original
    created = author.post(
        original, caption="Lacock #Abbey", tags="Windows", media='[{"altText": "an oriel"}]'
    )
    assert created["status"] == "PROCESSING"

    assert author.feed_ids()[0] == created["postId"], "one's own post is there at once"

    def arrived() -> dict[str, object] | None:
        posts = follower.read("/feed")["posts"]
        return posts[0] if posts else None

    shown = eventually(arrived, "the post in the follower's feed")
    assert shown["postId"] == created["postId"]
    assert shown["tags"] == ["abbey", "windows"]
    medium = shown["media"][0]  # type: ignore[index]
    assert medium["altText"] == "an oriel"
    assert (medium["width"], medium["height"]) == (4000, 3000)
    assert set(medium["urls"]) == {"w150", "w320", "w640", "w1080", "w1080.jpg"}
    for name, path in medium["urls"].items():
        answer = httpx.get(server.url + path)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        picture = Image.open(io.BytesIO(answer.content))
        assert picture.width == int(name.removeprefix("w").removesuffix(".jpg"))
        assert picture.width > picture.height
        for corner, colour in MARKS.items():
            seen = mark_at(picture, corner)
            assert max(abs(a - b) for a, b in zip(seen, colour, strict=True)) < 60, corner
        for secret in (
            SECRET_PLACE.encode(),
            b"Exif",
            b"GPS",
            b"xpacket",
            b"http://ns.adobe.com",
            b"ICC_PROFILE",
        ):
            assert secret not in answer.content
        assert not picture.getexif()
    assert httpx.get(server.url + created["mediaUrl"]).status_code == 200
