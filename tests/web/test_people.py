"""Follow, unfollow, lists of people, profiles and the feed over HTTP."""

import itertools

import httpx
import pytest

from tests.photos import camera_jpeg
from tests.server import Person, Server, eventually

_names = (f"people{number}" for number in itertools.count())


@pytest.fixture
def ann(server: Server) -> Person:
    return server.person(next(_names))


@pytest.fixture
def bob(server: Server) -> Person:
    return server.person(next(_names))


@pytest.fixture(scope="module")
def photo() -> bytes:
    return camera_jpeg(width=400, height=300)


def test_follow_is_idempotent_and_counted_once(ann: Person, bob: Person) -> None:
    first = bob.http.post(f"/users/{ann.id}/follow").json()
    again = bob.http.post(f"/users/@{ann.username}/follow").json()
    assert first == again
    assert first["status"] == "FOLLOWING"
    profile = bob.read(f"/users/@{ann.username}/profile")
    assert (profile["followerCount"], profile["following"]) == (1, True)
    assert bob.read(f"/users/{bob.id}/profile")["followingCount"] == 1
    for _ in range(2):
        assert bob.http.delete(f"/users/{ann.id}/follow").json() == {"status": "UNFOLLOWED"}
    profile = bob.read(f"/users/{ann.id}/profile")
    assert (profile["followerCount"], profile["following"]) == (0, False)


def test_nobody_follows_themselves_or_nobody(ann: Person) -> None:
    assert ann.http.post(f"/users/{ann.id}/follow").status_code == 422
    assert ann.http.post("/users/12345/follow").status_code == 404
    assert ann.http.post("/users/@nobody.here/follow").status_code == 404
    assert ann.http.post("/users/not-an-id/follow").status_code == 422


def test_followers_and_following_are_paged_newest_first(server: Server, ann: Person) -> None:
    fans = [server.person(next(_names)) for _ in range(5)]
    for fan in fans:
        fan.follow(ann)
    seen: list[str] = []
    cursor = ""
    while True:
        page = ann.read(f"/users/{ann.id}/followers", limit=2, cursor=cursor)
        seen += [person["username"] for person in page["people"]]
        if "nextCursor" not in page:
            break
        cursor = page["nextCursor"]
    assert seen == [fan.username for fan in reversed(fans)]
    following = fans[0].read(f"/users/{fans[0].id}/following")
    assert [person["userId"] for person in following["people"]] == [ann.id]


def test_follow_brings_the_last_ten_posts_and_unfollow_takes_them(
    ann: Person, bob: Person, photo: bytes
) -> None:
    posts = [ann.post(photo, caption=str(number))["postId"] for number in range(12)]
    for post in posts:
        assert ann.settled(post)["status"] == "PUBLISHED"
    newest = [post["postId"] for post in ann.read(f"/users/{ann.id}/profile")["posts"]][:10]
    bob.follow(ann)
    eventually(
        lambda: bob.feed_ids(order="chronological", limit=50) == newest, "ten posts backfilled"
    )
    bob.http.delete(f"/users/{ann.id}/follow")
    assert bob.feed_ids() == []
    assert bob.feed_ids(order="chronological") == []


def test_profile_pages_posts_for_strangers_too(server: Server, ann: Person, photo: bytes) -> None:
    posts = [ann.post(photo)["postId"] for _ in range(5)]
    for post in posts:
        ann.settled(post)
    seen: list[str] = []
    cursor = ""
    url = f"{server.url}/api/v1/users/@{ann.username}/profile"
    while True:
        page = httpx.get(url, params={"limit": 2, "cursor": cursor}).json()
        assert page["postCount"] == 5
        seen += [post["postId"] for post in page["posts"]]
        if "nextCursor" not in page:
            break
        cursor = page["nextCursor"]
    assert sorted(seen) == sorted(posts)
    stamps = [ann.read(f"/posts/{post}")["timestamp"] for post in seen]
    assert stamps == sorted(stamps, reverse=True)


@pytest.mark.parametrize(
    ("params", "status"),
    [
        ({"limit": 0}, 422),
        ({"limit": 101}, 422),
        ({"limit": "x"}, 422),
        ({"cursor": "!!"}, 400),
        ({"cursor": "a" * 5000}, 400),
        ({"order": "random"}, 422),
    ],
)
def test_feed_refuses_bad_parameters(ann: Person, params: dict[str, str], status: int) -> None:
    answer = ann.http.get("/feed", params=params)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_posts_are_read_in_batches(ann: Person, bob: Person, photo: bytes) -> None:
    public, private = ann.post(photo)["postId"], ann.post(photo, audience="followers")["postId"]
    for post in (public, private):
        ann.settled(post)
    both = f"{private},{public},77"
    assert [post["postId"] for post in ann.read("/posts", ids=both)["posts"]] == [private, public]
    assert [post["postId"] for post in bob.read("/posts", ids=both)["posts"]] == [public]
