"""Comments through the API."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from calotype.posts.lifecycle import Status
from calotype.posts.post import Audience, Post
from tests.inprocess import Place, Visitor, running
from tests.stores import move
from tests.working import handlers_of, work_off_events

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


async def say(visitor: Visitor, post: Post, text: str, reply_to: str = "") -> dict[str, Any]:
    body = {"text": text} | ({"replyTo": reply_to} if reply_to else {})
    answer = await visitor.api("POST", f"/posts/{post.post_id}/comments", json=body)
    assert answer.status_code == 201, answer.text
    said: dict[str, Any] = answer.json()
    return said


async def texts(visitor: Visitor, post: Post, reply_to: str = "") -> list[str]:
    path = f"/posts/{post.post_id}/comments?limit=2&replyTo={reply_to}"
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await visitor.api("GET", f"{path}&cursor={cursor}")).json()
        found += [each["text"] for each in page["comments"]]
        cursor = page.get("nextCursor")
    return found


async def test_a_comment_shows_who_says_what_and_how_it_is_liked(
    place: Place, ada: Visitor, bob: Visitor, post: Post
) -> None:
    said = await say(bob, post, "  what a light, @ada \n")
    assert said["text"] == "what a light, @ada"
    assert said["mentions"] == ["ada"]
    assert said["author"]["username"] == "bob"
    assert (said["likes"], said["replies"], said["viewer"]) == (0, 0, {"liked": False})
    path = f"/comments/{said['commentId']}/like"
    for _ in range(2):
        assert (await ada.api("POST", path)).json() == {"liked": True, "likes": 1}
    await work_off_events(place.shape)
    page = (await ada.api("GET", f"/posts/{post.post_id}/comments")).json()
    assert page == {"comments": [said | {"likes": 1, "viewer": {"liked": True}}]}
    assert (await ada.shown(post))["comments"] == 1
    assert (await ada.shown(post))["likes"] == 0, "that was the comment's"
    assert (await ada.api("GET", "/users/me/liked")).json() == {"posts": []}
    assert (await ada.api("DELETE", path)).json() == {"liked": False, "likes": 0}


async def test_ones_own_comment_is_in_the_feeds_count_once_it_is_counted(
    place: Place, ada: Visitor, post: Post
) -> None:
    async def count() -> int:
        (shown,) = (await ada.api("GET", "/feed")).json()["posts"]
        comments: int = shown["comments"]
        return comments

    assert await count() == 0
    said = await say(ada, post, "mine")
    assert await count() == 0
    await work_off_events(place.shape)
    assert await count() == 1
    assert (await ada.api("DELETE", f"/comments/{said['commentId']}")).status_code == 204
    await work_off_events(place.shape)
    assert await count() == 0


async def test_answers_stand_in_their_thread_on_one_level(
    place: Place, ada: Visitor, bob: Visitor, post: Post
) -> None:
    first = await say(bob, post, "first")
    second = await say(ada, post, "second", first["commentId"])
    third = await say(bob, post, "third", second["commentId"])
    assert second["replyTo"] == third["replyTo"] == first["commentId"]
    await say(ada, post, "apart")
    await work_off_events(place.shape)
    assert await texts(ada, post) == ["apart", "first"]
    assert await texts(ada, post, first["commentId"]) == ["third", "second"]
    page = (await ada.api("GET", f"/posts/{post.post_id}/comments")).json()
    assert [each["replies"] for each in page["comments"]] == [0, 2]
    assert (await ada.shown(post))["comments"] == 4


async def test_pages_go_on_without_gap_or_repeat_while_people_write(
    place: Place, ada: Visitor, post: Post
) -> None:
    for at in range(5):
        place.clock.advance(ms=1)
        await say(ada, post, str(at))
    path = f"/posts/{post.post_id}/comments?limit=2"
    page = (await ada.api("GET", path)).json()
    found = [each["text"] for each in page["comments"]]
    while "nextCursor" in page:
        place.clock.advance(ms=1)
        await say(ada, post, "later")
        page = (await ada.api("GET", f"{path}&cursor={page['nextCursor']}")).json()
        found += [each["text"] for each in page["comments"]]
    assert found == ["4", "3", "2", "1", "0"]


async def test_the_author_edits_and_nobody_else(ada: Visitor, bob: Visitor, post: Post) -> None:
    said = await say(bob, post, "teh light")
    path = f"/comments/{said['commentId']}"
    edited = (await bob.api("PATCH", path, json={"text": "the light of @ada"})).json()
    assert edited.pop("editedAt")
    assert edited == said | {"text": "the light of @ada", "mentions": ["ada"]}
    refused = await ada.api("PATCH", path, json={"text": "mine"})
    assert (refused.status_code, refused.json()["detail"]) == (404, "there is no such comment")
    assert await texts(ada, post) == ["the light of @ada"]


async def test_its_author_and_the_posts_take_a_comment_away(
    place: Place, ada: Visitor, bob: Visitor, post: Post
) -> None:
    cleo = await place.person("cleo")
    said = [await say(person, post, person.name) for person in (bob, cleo, cleo)]
    answer = await say(bob, post, "an answer", said[1]["commentId"])
    await work_off_events(place.shape)
    paths = [f"/comments/{each['commentId']}" for each in said]
    assert (await bob.api("DELETE", paths[1])).status_code == 404
    for visitor, path in ((bob, paths[0]), (ada, paths[1])):
        assert (await visitor.api("DELETE", path)).status_code == 204
        assert (await visitor.api("DELETE", path)).status_code == 404
    assert await texts(bob, post) == ["cleo"]
    gone = f"/posts/{post.post_id}/comments?replyTo={said[1]['commentId']}"
    assert (await bob.api("GET", gone)).status_code == 404
    late = {"text": "too late", "replyTo": answer["commentId"]}
    assert (await bob.api("POST", f"/posts/{post.post_id}/comments", json=late)).status_code == 404
    await work_off_events(place.shape)
    assert (await bob.shown(post))["comments"] == 1
    assert await place.shape.comments.of_author(bob.id, 10) == []


@pytest.mark.parametrize("text", ["", " \n", "x" * 2_201, "a\x00b"])
async def test_words_are_held_to_their_rules(ada: Visitor, post: Post, text: str) -> None:
    path = f"/posts/{post.post_id}/comments"
    refused = await ada.api("POST", path, json={"text": text})
    assert (refused.status_code, refused.json()["field"]) == (422, "text")
    said = await say(ada, post, "x" * 2_200)
    refused = await ada.api("PATCH", f"/comments/{said['commentId']}", json={"text": text})
    assert refused.status_code == 422


async def test_an_answer_must_be_to_a_comment_of_the_same_post(
    place: Place, ada: Visitor, post: Post
) -> None:
    other = await say(ada, await place.published(ada.id), "elsewhere")
    for reply_to in (other["commentId"], "12345"):
        body = {"text": "lost", "replyTo": reply_to}
        answer = await ada.api("POST", f"/posts/{post.post_id}/comments", json=body)
        assert answer.status_code == 404
    assert (await ada.api("GET", f"/posts/{post.post_id}/comments?replyTo=x")).status_code == 422


async def test_to_those_who_may_not_see_the_post_there_is_no_comment(
    place: Place, ada: Visitor, bob: Visitor
) -> None:
    secret = await place.published(ada.id, Audience.FOLLOWERS)
    await bob.follow(ada)
    said = await say(bob, secret, "between us")
    await bob.unfollow(ada)
    for method, path, body in (
        ("PATCH", "/comments/{}", {"text": "x"}),
        ("POST", "/comments/{}/like", None),
        ("DELETE", "/comments/{}/like", None),
    ):
        answers = [
            (await bob.api(method, path.format(id_), json=body)).json()
            for id_ in (said["commentId"], "12345")
        ]
        assert answers[0] == answers[1]
        assert answers[0]["status"] == 404
    # Their own words they may take back all the same.
    assert (await bob.api("DELETE", f"/comments/{said['commentId']}")).status_code == 204
    assert await texts(ada, secret) == []


async def test_a_purged_post_takes_its_comments_and_likes_along(
    place: Place, ada: Visitor, bob: Visitor, post: Post
) -> None:
    said = await say(bob, post, "gone soon")
    await say(ada, post, "so is this", said["commentId"])
    await ada.api("POST", f"/comments/{said['commentId']}/like")
    await bob.api("POST", f"/posts/{post.post_id}/like")
    await work_off_events(place.shape)
    await bob.api("DELETE", f"/posts/{post.post_id}/like")  # on its way while the post goes
    await move(place.shape, post.post_id, Status.ARCHIVED, Status.PURGED)
    await handlers_of(place.shape).forget_engagement.remove_posts([post.post_id])
    await work_off_events(place.shape)
    ids = [post.post_id, int(said["commentId"])]
    assert await place.shape.tallies.counts(ids) == {}
    assert await place.shape.comments.of_post(post.post_id, 10) == []
    for id_ in ids:
        assert await place.shape.tallies.likers(id_, 1 << 62, 10) == []
