"""Notifications: whom what tells whom, grouped, counted, read, and silent about what has gone."""

import asyncio
import functools
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from calotype.bootstrap import Embedded, open_embedded
from calotype.connections.doorbell import Listener
from calotype.engagement.events import MarkChanged, Subject
from calotype.kernel.ids import shard_of
from calotype.notify.notices import Notice, topic
from calotype.notify.stream import LiveStream
from calotype.posts.lifecycle import Status
from calotype.posts.post import Audience, Failure, Post
from calotype.posts.store import Advance
from tests.inprocess import Place, Visitor, running
from tests.stores import move, new_post, publish, start
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


async def told(place: Place, visitor: Visitor, **query: Any) -> list[dict[str, Any]]:
    place.clock.advance(ms=1)
    await work_off_events(place.shape)
    answer = await visitor.api("GET", "/notifications", params=query)
    assert answer.status_code == 200, answer.text
    listed: list[dict[str, Any]] = answer.json()["notifications"]
    return listed


async def kinds(place: Place, visitor: Visitor) -> list[str]:
    return [each["kind"] for each in await told(place, visitor)]


async def unread(visitor: Visitor) -> int:
    count: int = (await visitor.api("GET", "/notifications/count")).json()["unread"]
    return count


async def like(visitor: Visitor, post: Post, method: str = "POST") -> None:
    assert (await visitor.api(method, f"/posts/{post.post_id}/like")).status_code == 200


async def say(visitor: Visitor, post: Post, text: str, reply_to: str = "") -> str:
    body = {"text": text} | ({"replyTo": reply_to} if reply_to else {})
    answer = await visitor.api("POST", f"/posts/{post.post_id}/comments", json=body)
    assert answer.status_code == 201, answer.text
    comment_id: str = answer.json()["commentId"]
    return comment_id


async def test_likes_of_a_post_are_one_line_that_grows(
    place: Place, ada: Visitor, bob: Visitor, post: Post
) -> None:
    others = [await place.person(f"fan{at}") for at in range(4)]
    await like(ada, post)
    assert await told(place, ada) == [], "nobody is told of themselves"
    await like(bob, post)
    (line,) = await told(place, ada)
    assert (line["kind"], line["count"], line["read"]) == ("post.liked", 1, False)
    assert [each["username"] for each in line["people"]] == ["bob"]
    assert line["postId"] == str(post.post_id)
    await ada.api("POST", "/notifications/read", json={"upTo": line["notificationId"]})
    for fan in others:
        place.clock.advance(ms=1)
        await like(fan, post)
    (line,) = await told(place, ada)
    assert (line["count"], line["read"]) == (5, False)
    assert [each["username"] for each in line["people"]] == ["fan3", "fan2", "fan1"]
    await like(others[3], post, "DELETE")
    (again,) = await told(place, ada)
    assert (again["count"], again["notificationId"]) == (4, line["notificationId"])
    for fan in (bob, *others[:3]):
        await like(fan, post, "DELETE")
    assert await told(place, ada) == [], "nobody is left"
    assert await unread(ada) == 0


async def test_a_storm_of_likes_costs_a_line_and_few_writes(
    place: Place, ada: Visitor, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [await place.person(f"fan{at}") for at in range(3)]
    subject = Subject(post.post_id, post.post_id, ada.id, post.published_id or 0)
    crowd = [person.id for person in people] + [10_000 + at for at in range(2_000)]
    changes = [MarkChanged(subject, user, 1_000 + user, 1, standing=True) for user in crowd]
    renewals = []
    renew = place.shape.notices.renew

    async def counted(*arguments: Any) -> None:
        renewals.append(arguments)
        await renew(*arguments)

    monkeypatch.setattr(place.shape.notices, "renew", counted)
    await place.shape.tallies.project(changes)
    (line,) = await told(place, ada)
    assert line["count"] == 2_003
    assert len(renewals) <= 5, "one for each 500 likes"


async def test_comments_answers_and_mentions_tell_each_person_once(
    place: Place, ada: Visitor, bob: Visitor, post: Post
) -> None:
    cleo, dan = await place.person("cleo"), await place.person("dan")
    first = await say(bob, post, "look at this, @cleo and @ada and @nobody and @bob")
    assert await kinds(place, ada) == ["comment.written"]
    assert await kinds(place, bob) == []
    (mention,) = await told(place, cleo)
    assert mention["kind"] == "comment.mentioned"
    assert mention["comment"]["commentId"] == first
    assert [each["username"] for each in mention["people"]] == ["bob"]
    answer = await say(cleo, post, "I see, @dan", first)
    assert await kinds(place, bob) == ["comment.answered"]
    await say(ada, post, "thank you", answer)
    assert await kinds(place, cleo) == ["comment.answered", "comment.mentioned"]
    assert await kinds(place, dan) == ["comment.mentioned"]
    assert await kinds(place, ada) == ["comment.written", "comment.written"]
    await dan.api("POST", f"/comments/{answer}/like")
    line = (await told(place, cleo))[0]
    assert (line["kind"], line["count"]) == ("comment.liked", 1)
    assert line["comment"] == {"commentId": answer, "text": "I see, @dan"}
    # Whatever is delivered again says nothing new.
    before = {each["notificationId"] for each in await told(place, cleo)}
    assert {each["notificationId"] for each in await told(place, cleo)} == before


async def test_a_caption_tells_those_it_mentions_and_may_see_it(
    place: Place, ada: Visitor, bob: Visitor
) -> None:
    cleo = await place.person("cleo")
    await cleo.follow(ada)
    for audience in Audience:
        fresh = new_post(place.shape, ada.id, audience)
        mentioning = replace(fresh, mentions=("bob", "Cleo", "ada"))
        post = await start(place.shape, mentioning)
        await publish(place.shape, post.post_id)
        for _ in range(2):
            await handlers_of(place.shape).people.of_post(post.post_id, post.post_id)
    assert await kinds(place, bob) == ["post.mentioned"]
    assert await kinds(place, cleo) == ["post.mentioned", "post.mentioned"]
    assert "post.mentioned" not in await kinds(place, ada)


async def test_a_follow_tells_once_however_often_it_comes(
    place: Place, ada: Visitor, bob: Visitor
) -> None:
    for _ in range(3):
        await bob.follow(ada)
        await work_off_events(place.shape)
        await bob.unfollow(ada)
    await bob.follow(ada)
    (line,) = await told(place, ada)
    assert (line["kind"], line["count"]) == ("user.followed", 1)
    assert [each["username"] for each in line["people"]] == ["bob"]
    assert await told(place, bob) == []


async def test_nothing_is_told_of_what_has_gone(
    place: Place, ada: Visitor, bob: Visitor, post: Post
) -> None:
    cleo = await place.person("cleo")
    await cleo.follow(ada)
    said = await say(cleo, post, "one @bob")
    await say(cleo, post, "two @bob")
    await bob.api("POST", f"/comments/{said}/like")
    await like(cleo, post)
    assert len(await told(place, bob)) == 2
    assert len(await told(place, ada)) == 4
    assert (await cleo.api("DELETE", f"/comments/{said}")).status_code == 204
    assert await kinds(place, bob) == ["comment.mentioned"]
    assert await kinds(place, cleo) == []
    await move(place.shape, post.post_id, Status.ARCHIVED)
    assert await kinds(place, bob) == []
    assert await unread(bob) == 0
    await move(place.shape, post.post_id, Status.PUBLISHED)
    assert await unread(bob) == 1
    gone = await cleo.http.request("DELETE", "/api/v1/users/me", json={"password": "correct horse"})
    assert gone.status_code == 204
    assert await kinds(place, bob) == []
    assert await kinds(place, ada) == []


async def test_reading_goes_up_to_a_notice_and_never_back(
    place: Place, ada: Visitor, bob: Visitor, post: Post
) -> None:
    for at in range(5):
        await say(bob, post, str(at))
        await told(place, ada)
    listed = await told(place, ada)
    assert await unread(ada) == 5
    for at, left in ((2, 2), (4, 2), (0, 0)):
        answer = await ada.api(
            "POST", "/notifications/read", json={"upTo": listed[at]["notificationId"]}
        )
        assert answer.json() == {"unread": left}
    assert [each["read"] for each in await told(place, ada)] == [True] * 5
    assert (await ada.api("POST", "/notifications/read", json={"upTo": "x"})).status_code == 422


async def test_the_list_is_paged_without_gap_or_repeat_while_more_come(
    place: Place, ada: Visitor, bob: Visitor, post: Post
) -> None:
    for at in range(5):
        await say(bob, post, str(at))
        await told(place, ada)
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await ada.api("GET", f"/notifications?limit=2&cursor={cursor}")).json()
        found += [each["comment"]["text"] for each in page["notifications"]]
        cursor = page.get("nextCursor")
        await say(bob, post, "later")
        await told(place, ada)
    assert found == ["4", "3", "2", "1", "0"]


async def test_outcomes_of_processing_are_listed_too(place: Place, ada: Visitor) -> None:
    post = await start(place.shape, new_post(place.shape, ada.id))
    fail = functools.partial(
        place.shape.posts.move,
        post_id=post.post_id,
        to=Status.FAILED,
        failure=Failure("torn", "it is torn"),
    )
    await place.shape.core.write(shard_of(post.post_id), fail)
    await handlers_of(place.shape).author.tell(post.post_id, "post.failed", 1)
    (line,) = await told(place, ada)
    assert (line["kind"], line["reason"], line["count"]) == ("post.failed", "it is torn", 0)
    assert line["postId"] == str(post.post_id)
    assert await unread(ada) == 1


class Watched(Listener):
    """A listener of a stream that tells when the stream has begun to wait."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self.waits = asyncio.Event()

    async def wait(self, seconds: float) -> bool:
        self.waits.set()
        return await self._listener.wait(seconds)

    def close(self) -> None:
        self._listener.close()


async def _hears(web: Embedded, user_id: int) -> asyncio.Future[Notice | Advance | None]:
    """What a stream of this process tells next; it waits already, and has no heartbeat meanwhile."""
    web.doorbell.open()
    watched = Watched(web.doorbell.listen(topic(user_id)))
    following = LiveStream(web.notices, web.posts, lambda _: watched).follow(user_id, None, 600)
    coming = asyncio.ensure_future(anext(following))
    await watched.waits.wait()
    return coming


async def test_streams_in_every_web_process_hear_of_it(
    place: Place, ada: Visitor, bob: Visitor, post: Post
) -> None:
    webs = [open_embedded(place.shape.settings, f"web{at}", place.clock) for at in range(2)]
    coming = [await _hears(web, ada.id) for web in webs]
    await like(bob, post)
    await work_off_events(place.shape)
    for heard in await asyncio.wait_for(asyncio.gather(*coming), 10):
        assert isinstance(heard, Notice)
        (shown,) = await place.services.notices.read.show(ada.id, [heard])
        assert [account.username for account in shown.people] == ["bob"]
    for web in webs:
        await web.close()
