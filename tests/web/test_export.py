"""Taking along what is one's own, as a zip over HTTP."""

import io
import json
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calotype.departure.archive import Entry, zipped
from calotype.posts.lifecycle import Status
from calotype.posts.post import Audience
from calotype.uploads.keys import original_key
from tests.inprocess import Place, content, running
from tests.stores import move

pytestmark = pytest.mark.anyio


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with running(tmp_path / "house") as place:
        yield place


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def test_everything_of_ones_own_is_in_it_and_nothing_of_others(place: Place) -> None:
    ann, ben = await place.person("ann"), await place.person("ben")
    await ann.follow(ben)
    await place.published(ben.id)
    posts = [await place.published(ann.id, Audience.FOLLOWERS, photos=2) for _ in range(101)]
    gone, archived = posts[1], posts[2]
    await move(place.shape, gone.post_id, Status.ARCHIVED, Status.PURGED)
    await move(place.shape, archived.post_id, Status.ARCHIVED)
    sent = posts[0].media[0]
    await place.shape.blobs.put(original_key(ann.id, sent.media_id), chunks(b"as it ", b"was sent"))

    answer = await ann.api("GET", "/users/me/export")
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["cache-control"] == "no-store"
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None
    read: dict[str, Any] = {
        name: json.loads(archive.read(f"{name}.json"))
        for name in ("profile", "posts", "following", "followers")
    }
    assert read["profile"]["username"] == "ann"
    kept = [post for post in posts if post is not gone]
    assert [post["postId"] for post in read["posts"]] == [str(post.post_id) for post in kept]
    assert read["posts"][1]["status"] == "ARCHIVED"
    assert [each["username"] for each in read["following"]] == ["ben"]
    assert read["followers"] == []
    assert archive.read(f"media/{sent.media_id}.jpg") == b"as it was sent"
    # Where the original was not kept there is the largest picture made of it.
    other = posts[0].media[1].media_id
    assert archive.read(f"media/{other}.jpg") == content(other, "w1080.jpg", 3_000)
    media = {name for name in archive.namelist() if name.startswith("media/")}
    assert media == {f"media/{each.media_id}.jpg" for post in kept for each in post.media}
    assert posts[0].media[0].key not in answer.text


async def test_a_new_person_has_little_to_take(place: Place) -> None:
    ann = await place.person("ann")
    archive = zipfile.ZipFile(io.BytesIO((await ann.api("GET", "/users/me/export")).content))
    assert json.loads(archive.read("posts.json")) == []
    assert len(archive.namelist()) == 4


@given(
    st.lists(
        st.tuples(st.text(min_size=1, max_size=20), st.lists(st.binary(max_size=500))), max_size=8
    )
)
async def test_what_goes_into_an_archive_comes_out(files: list[tuple[str, list[bytes]]]) -> None:
    async def entries() -> AsyncIterator[Entry]:
        for at, (name, parts) in enumerate(files):
            yield Entry(f"{at}{name.replace(chr(0), '')}", 1_800_000_000_000, chunks(*parts))

    whole = b"".join([chunk async for chunk in zipped(entries())])
    archive = zipfile.ZipFile(io.BytesIO(whole))
    assert [archive.read(info) for info in archive.infolist()] == [
        b"".join(parts) for _, parts in files
    ]


async def test_an_archive_that_breaks_off_is_seen_to_be_cut() -> None:
    async def entries() -> AsyncIterator[Entry]:
        yield Entry("a", 1_800_000_000_000, chunks(b"a"))
        raise OSError

    sent = b""
    broken = False
    try:
        async for chunk in zipped(entries()):
            sent += chunk
    except OSError:
        broken = True
    assert broken
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(sent))
