"""`calotype demo`: an empty directory becomes a community that one can log in to."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from calotype.accounts.settings import AccountSettings
from calotype.bootstrap import open_embedded
from calotype.demo.community import plan
from calotype.kernel.clock import to_datetime
from calotype.kernel.ids import MAX_ID, time_of
from calotype.posts.post import Audience
from calotype.settings import Settings
from tests.photos import small_jpeg, small_png
from tests.server import CHEAP, Server

pytestmark = pytest.mark.anyio

SMALL = ("--people", "6", "--posts", "12")
HOUR_MS = 3_600_000


def fill(data: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "calotype", "demo", *words],
        env={**os.environ, **CHEAP, "CALOTYPE_DATA": str(data)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A filled directory, and what was printed."""
    data = tmp_path_factory.mktemp("demo") / "data"
    done = fill(data, *SMALL)
    assert done.returncode == 0, done.stderr
    return data, done.stdout


async def everything(data: Path) -> list[Any]:
    """What the seed decides, of all that is stored: names, bios, follows, texts, originals."""
    shape = open_embedded(Settings(data=str(data), accounts=AccountSettings()), "test")
    try:
        keeper = await shape.people.accounts.by_username("keeper")
        ids = {edge.user_id for edge in await shape.graph.following(keeper.user_id, MAX_ID, 100)}
        people = await shape.people.accounts.by_ids(ids)
        found: list[Any] = []
        for user_id, person in people.items():
            edges = await shape.graph.following(user_id, MAX_ID, 100)
            follows = sorted(people[edge.user_id].username for edge in edges)
            published = await shape.posts.published_ids(user_id, MAX_ID, 100, list(Audience))
            posts = await shape.posts.by_ids(post_id for _, post_id in published)
            texts = sorted(
                (post.caption, post.tags, post.audience, [m.sha256 for m in post.media])
                for post in posts.values()
            )
            found.append((person.username, person.name, person.bio, follows, texts))
        return sorted(found)
    finally:
        await shape.close()


def test_what_was_printed_logs_in_to_a_feed_with_faces(filled: tuple[Path, str]) -> None:
    data, printed = filled
    logins = re.findall(r"^  (\S+)  password (\S+)", printed, re.MULTILINE)
    assert [name for name, _ in logins][1:] == ["keeper"]
    server = Server(data).start()
    try:
        for username, password in logins:
            _look_around(server, username, password)
    finally:
        assert server.stop() == 0


def _look_around(server: Server, username: str, password: str) -> None:
    with httpx.Client(base_url=server.url + "/api/v1") as client:
        login = client.post("/tokens", json={"username": username, "password": password})
        assert login.status_code == 200, login.text
        client.headers["Authorization"] = f"Bearer {login.json()['accessToken']}"
        page = client.get("/feed", params={"order": "chronological", "limit": 50}).json()
        stamps = [post["timestamp"] for post in page["posts"]]
        assert len(stamps) >= 5
        assert stamps == sorted(stamps, reverse=True)
        assert len(set(stamps)) == len(stamps), "each post has a moment of its own"
        for post in page["posts"]:
            assert post["caption"]
            for url in [post["author"]["avatar"], *post["mediaUrls"]]:
                assert httpx.get(server.url + url).status_code == 200


async def test_posts_lie_in_the_past_and_the_newest_within_the_last_hour(
    filled: tuple[Path, str],
) -> None:
    shape = open_embedded(Settings(data=str(filled[0])), "test")
    try:
        keeper = await shape.people.accounts.by_username("keeper")
        edges = await shape.graph.following(keeper.user_id, MAX_ID, 100)
        moments = []
        for edge in edges:
            every = await shape.posts.published_ids(edge.user_id, MAX_ID, 100, list(Audience))
            for published_id, post_id in every:
                assert 0 < time_of(published_id) - time_of(post_id) < 60_000
                assert time_of(edge.edge_id) < time_of(post_id), "followed before, so it fans out"
            moments += [time_of(published_id) for published_id, _ in every]
        now = shape.clock.now_ms()
    finally:
        await shape.close()
    assert len(moments) == 12
    assert now - HOUR_MS < max(moments) <= now
    assert len({to_datetime(moment).date() for moment in moments}) > 3


async def test_the_same_seed_gives_the_same_community(
    filled: tuple[Path, str], tmp_path: Path
) -> None:
    assert fill(tmp_path / "twin", *SMALL).returncode == 0
    assert await everything(filled[0]) == await everything(tmp_path / "twin")


def test_another_seed_gives_another_community() -> None:
    assert plan(1, 6, 12) == plan(1, 6, 12)
    assert plan(1, 6, 12) != plan(2, 6, 12)


async def test_a_directory_with_accounts_is_refused_and_left_as_it_is(
    filled: tuple[Path, str],
) -> None:
    data, _ = filled
    before = await everything(data), sorted((data / "blobs").rglob("*"))
    refused = fill(data, *SMALL)
    assert refused.returncode == 1
    assert "has accounts in it" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert (await everything(data), sorted((data / "blobs").rglob("*"))) == before


async def test_photos_of_ones_own_are_used_and_a_bad_file_is_skipped_with_a_word(
    tmp_path: Path,
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for seed in (1, 2, 3):
        (photos / f"{seed}.jpg").write_bytes(small_jpeg(seed=seed))
    (photos / "4.PNG").write_bytes(small_png())
    (photos / "broken.jpg").write_bytes(small_jpeg()[:900])
    (photos / "notes.txt").write_text("not a photo")
    done = fill(tmp_path / "data", "--people", "3", "--posts", "2", "--photos", str(photos))
    assert done.returncode == 0, done.stderr
    assert "broken.jpg is skipped" in done.stderr
    assert "notes.txt" not in done.stderr
    assert "2 posts" in done.stdout
    used = [
        sha for *_, texts in await everything(tmp_path / "data") for *_, of in texts for sha in of
    ]
    assert len(used) == len(set(used)) >= 2


def test_a_directory_without_photos_is_refused(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    refused = fill(tmp_path / "data", "--photos", str(tmp_path / "photos"))
    assert refused.returncode == 1
    assert "no JPEG, PNG, WebP, HEIC or AVIF" in refused.stderr
    assert not (tmp_path / "data").exists()
