"""Likes and saves through the API: at once for oneself, a moment later for others."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from calotype.posts.edit import Edit
from calotype.posts.lifecycle import Status
from calotype.posts.post import Audience, Post
from tests.inprocess import Place, Visitor, running
from tests.stores import move
from tests.working import work_off_events

pytestmark = pytest.mark.anyio


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with running(tmp_path / "house") as place:
        yield place


@pytest.fixture
async def ada(place: Place) -> Visitor:
    return await place.person("ada")


@pytest.fixture
async def bob(place: Place) -> Visitor:
    return await place.person("bob")


@pytest.fixture
async def post(place: Place, ada: Visitor) -> Post:
    return await place.published(ada.id)


async def likes_and_liked(visitor: Visitor, post: Post) -> tuple[int, bool]:
    shown = await visitor.shown(post)
    return shown["likes"], shown["viewer"]["liked"]


async def test_ones_own_like_shows_at_once_and_stays(
    place: Place, ada: Visitor, bob: Visitor, post: Post
) -> None:
    path = f"/posts/{post.post_id}/like"
    for _ in range(2):
        assert (await bob.api("POST", path)).json() == {"liked": True, "likes": 1}
    assert await likes_and_liked(bob, post) == (1, True)
    assert await likes_and_liked(ada, post) == (0, False)
    await work_off_events(place.shape)
    assert await likes_and_liked(bob, post) == (1, True)
    assert await likes_and_liked(ada, post) == (1, False)
    assert await likes_and_liked(place.stranger(), post) == (1, False)
    assert (await ada.api("POST", path)).json() == {"liked": True, "likes": 2}
    for _ in range(2):
        assert (await bob.api("DELETE", path)).json() == {"liked": False, "likes": 0}
    assert await likes_and_liked(bob, post) == (0, False)
    await work_off_events(place.shape)
    assert await likes_and_liked(bob, post) == (1, False)
    assert await likes_and_liked(ada, post) == (1, True)


async def test_every_view_of_a_post_tells_of_engagement(
    place: Place, ada: Visitor, bob: Visitor, post: Post
) -> None:
    await bob.follow(ada)
    await bob.api("POST", f"/posts/{post.post_id}/like")
    await bob.api("POST", f"/posts/{post.post_id}/save")
    await work_off_events(place.shape)
    views = [
        (await bob.api("GET", "/feed")).json()["posts"][0],
        (await bob.api("GET", f"/users/{ada.id}/profile")).json()["posts"][0],
        (await bob.api("GET", f"/posts?ids={post.post_id}")).json()["posts"][0],
        (await bob.api("GET", "/users/me/liked")).json()["posts"][0],
        (await bob.api("GET", "/users/me/saved")).json()["posts"][0],
    ]
    for view in views:
        assert view["postId"] == str(post.post_id)
        assert (view["likes"], view["comments"]) == (1, 0)
        assert view["viewer"] == {"liked": True, "saved": True}


async def test_saves_are_ones_own_business(
    place: Place, ada: Visitor, bob: Visitor, post: Post
) -> None:
    for _ in range(2):
        assert (await bob.api("POST", f"/posts/{post.post_id}/save")).json() == {"saved": True}
    assert (await bob.shown(post))["viewer"] == {"liked": False, "saved": True}
    assert (await ada.shown(post))["viewer"] == {"liked": False, "saved": False}
    assert (await bob.api("DELETE", f"/posts/{post.post_id}/save")).json() == {"saved": False}
    assert (await bob.api("GET", "/users/me/saved")).json() == {"posts": []}
    await work_off_events(place.shape)
    assert (await ada.shown(post))["likes"] == 0


async def test_lists_of_what_one_marked_are_paged_without_gap_or_repeat(
    place: Place, ada: Visitor, bob: Visitor
) -> None:
    posts = [await place.published(ada.id) for _ in range(7)]
    for post in posts:
        await bob.api("POST", f"/posts/{post.post_id}/save")
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await bob.api("GET", f"/users/me/saved?limit=3&cursor={cursor}")).json()
        seen += [each["postId"] for each in page["posts"]]
        cursor = page.get("nextCursor")
        # What is saved meanwhile belongs before the first page.
        await bob.api("POST", f"/posts/{(await place.published(ada.id)).post_id}/save")
    assert seen == [str(post.post_id) for post in reversed(posts)]


async def test_lists_leave_out_what_one_may_no_longer_see(
    place: Place, ada: Visitor, bob: Visitor
) -> None:
    narrowed, archived, kept = [await place.published(ada.id) for _ in range(3)]
    for post in (narrowed, archived, kept):
        await bob.api("POST", f"/posts/{post.post_id}/like")
        await bob.api("POST", f"/posts/{post.post_id}/save")
    await place.services.posting.edit.edit(
        ada.id, narrowed.post_id, Edit(audience=Audience.FOLLOWERS)
    )
    await move(place.shape, archived.post_id, Status.ARCHIVED)
    for what in ("liked", "saved"):
        page = (await bob.api("GET", f"/users/me/{what}")).json()
        assert [each["postId"] for each in page["posts"]] == [str(kept.post_id)]
    gone = {"detail": "there is no such post", "code": "not_found", "status": 404}
    for method, path in (
        ("POST", "like"),
        ("DELETE", "like"),
        ("POST", "save"),
        ("DELETE", "save"),
        ("GET", "likes"),
    ):
        answers = [
            (await bob.api(method, f"/posts/{post_id}/{path}")).json()
            for post_id in (narrowed.post_id, archived.post_id, 12345)
        ]
        assert [answer.items() >= gone.items() for answer in answers] == [True] * 3
        assert answers[0] == answers[1] == answers[2]


async def test_likers_are_listed_newest_first_while_more_come(
    place: Place, ada: Visitor, post: Post
) -> None:
    people = [await place.person(f"liker{at}") for at in range(5)]
    for person in people:
        place.clock.advance(ms=1)
        await person.api("POST", f"/posts/{post.post_id}/like")
    await people[0].api("DELETE", f"/posts/{post.post_id}/like")
    await work_off_events(place.shape)
    first = (await ada.api("GET", f"/posts/{post.post_id}/likes?limit=2")).json()
    place.clock.advance(ms=1)
    await people[0].api("POST", f"/posts/{post.post_id}/like")
    await work_off_events(place.shape)
    path = f"/posts/{post.post_id}/likes?limit=2&cursor={first['nextCursor']}"
    second = (await ada.api("GET", path)).json()
    names = [each["username"] for page in (first, second) for each in page["people"]]
    assert names == ["liker4", "liker3", "liker2", "liker1"]
    assert "nextCursor" not in second
    assert (await ada.api("GET", f"/posts/{post.post_id}/likes?limit=101")).status_code == 422


async def test_someone_elses_post_of_one_who_left_takes_no_likes(
    place: Place, ada: Visitor, bob: Visitor, post: Post
) -> None:
    await bob.api("POST", f"/posts/{post.post_id}/like")
    left = await ada.http.request("DELETE", "/api/v1/users/me", json={"password": "correct horse"})
    assert left.status_code == 204
    for path in ("like", "save"):
        assert (await bob.api("POST", f"/posts/{post.post_id}/{path}")).status_code == 404
    assert (await bob.api("GET", f"/posts/{post.post_id}/likes")).status_code == 404
