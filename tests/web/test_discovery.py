"""People by name, people to follow, and explore, over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from calotype.accounts.account import Account
from calotype.posts.post import Audience
from tests.inprocess import PASSWORD, Place, Visitor, running
from tests.working import handlers_of, work_off_events

pytestmark = pytest.mark.anyio


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with running(tmp_path / "house") as place:
        yield place


async def find(visitor: Visitor, q: str, **query: Any) -> list[str]:
    answer = await visitor.api("GET", "/people", params={"q": q, **query})
    assert answer.status_code == 200, answer.text
    return [person["username"] for person in answer.json()["people"]]


async def suggested(visitor: Visitor, limit: int = 20) -> list[dict[str, Any]]:
    answer = await visitor.api("GET", "/people/suggested", params={"limit": limit})
    assert answer.status_code == 200, answer.text
    people: list[dict[str, Any]] = answer.json()["people"]
    return people


async def rename(visitor: Visitor, **changes: str) -> None:
    assert (await visitor.api("PATCH", "/users/me", json=changes)).status_code == 200


async def test_a_person_is_found_by_the_names_that_they_bear_now(place: Place) -> None:
    mia, ann = await place.person("mia.braun"), await place.person("ann")
    await work_off_events(place.shape)
    assert await find(ann, "BRA") == ["mia.braun"]
    await rename(mia, name="Mía Söderström")
    await work_off_events(place.shape)
    assert await find(ann, "soderstro") == ["mia.braun"]
    assert await find(ann, "mia soder") == ["mia.braun"]
    assert await find(ann, "mia sodom") == []
    await rename(mia, name="", username="mim")
    await work_off_events(place.shape)
    assert await find(ann, "sod") == await find(ann, "bra") == []
    assert await find(ann, "@mi") == ["mim"]


async def test_whoever_left_is_found_no_more_even_before_they_are_forgotten(place: Place) -> None:
    mia, ann = await place.person("mia"), await place.person("ann")
    await work_off_events(place.shape)
    assert (await mia.api("DELETE", "/users/me", json={"password": PASSWORD})).status_code == 204
    assert await find(ann, "mia") == []
    assert [person["username"] for person in await suggested(ann)] == []
    # An event from before that is handled late makes nobody of them.
    await work_off_events(place.shape)
    await place.shape.people_index.forget(mia.id)
    await work_off_events(place.shape)
    assert await place.shape.people_index.indexed([mia.id]) == {}


async def test_a_name_that_was_read_before_its_bearer_left_is_not_indexed(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    mia = await place.person("mia")
    accounts = place.shape.people.accounts
    stale = await accounts.by_ids([mia.id])
    assert (await mia.api("DELETE", "/users/me", json={"password": PASSWORD})).status_code == 204

    async def before(_ids: object) -> dict[int, Account]:
        return stale

    monkeypatch.setattr(accounts, "by_ids", before)
    await handlers_of(place.shape).index.index([mia.id])
    assert await place.shape.people_index.indexed([mia.id]) == {}


async def test_followed_ones_come_first_and_then_the_most_followed(place: Place) -> None:
    people = []
    for number in range(6):
        place.clock.advance(ms=1)  # so that ids of different shards keep the order
        people.append(await place.person(f"maria{number}"))
    fans = [await place.person(f"fan{number}") for number in range(4)]
    for fan in fans:
        await fan.follow(people[4])
    for fan in fans[1:3]:
        await fan.follow(people[2])
    await fans[0].follow(people[1])
    await work_off_events(place.shape)
    order = ["maria4", "maria1", "maria2", "maria5", "maria3", "maria0"]
    assert await find(fans[0], "mar") == order
    assert await find(fans[3], "maria", limit=3) == ["maria4", "maria2", "maria1"]
    paged, cursor = [], ""
    while True:
        query = {"q": "maria", "limit": 2, "cursor": cursor}
        page = (await fans[0].api("GET", "/people", params=query)).json()
        paged += [person["username"] for person in page["people"]]
        cursor = page.get("nextCursor", "")
        if not cursor:
            break
    assert paged == order
    (first, *_) = (await fans[0].api("GET", "/people", params={"q": "maria4"})).json()["people"]
    assert (first["followerCount"], first["following"]) == (4, True)


async def test_a_long_name_is_found_among_many_that_begin_alike(place: Place) -> None:
    ann = await place.person("ann")
    for number in range(8):
        await place.person(f"photograph{number}er")
    await work_off_events(place.shape)
    assert await find(ann, "photograph5", limit=1) == ["photograph5er"]
    assert len(await find(ann, "photograph", limit=50)) == 8


async def test_people_to_follow_are_those_whom_most_of_ones_follows_follow(place: Place) -> None:
    ann, ben, cid, dot, eve, fay = [
        await place.person(name) for name in ("ann", "ben", "cid", "dot", "eve", "fay")
    ]
    await ann.follow(ben)
    await ann.follow(cid)
    for follower in (ben, cid):
        await follower.follow(dot)
        await follower.follow(ann)
    await ben.follow(eve)
    await ben.follow(cid)
    await work_off_events(place.shape)
    people = await suggested(ann)
    assert [person["username"] for person in people] == ["dot", "eve", "fay"]
    assert [person["reason"] for person in people] == ["followed_by", "followed_by", "popular"]
    assert [person["followedByCount"] for person in people] == [2, 1, 0]
    assert {each["username"] for each in people[0]["followedBy"]} == {"ben", "cid"}
    assert people[0]["followerCount"] == 2
    assert people[0]["following"] is False
    assert [person["username"] for person in await suggested(ann, limit=1)] == ["dot"]
    # Who follows nobody is shown the most followed, and never themselves.
    names = [person["username"] for person in await suggested(fay)]
    assert set(names[:3]) == {"ann", "cid", "dot"}
    assert set(names[3:]) == {"ben", "eve"}


async def test_explore_pages_what_is_for_everyone(place: Place) -> None:
    ann, ben = await place.person("ann"), await place.person("ben")
    posts = []
    for number in range(5):
        place.clock.advance(ms=5)
        audience = Audience.FOLLOWERS if number == 2 else Audience.EVERYONE
        posts.append(await place.published((ann, ben)[number % 2].id, audience))
    expected = [str(post.post_id) for post in reversed(posts) if post is not posts[2]]
    shown, cursor = [], ""
    while True:
        query = {"limit": 3, "cursor": cursor}
        page = (await place.stranger().api("GET", "/explore", params=query)).json()
        shown += [post["postId"] for post in page["posts"]]
        cursor = page.get("nextCursor", "")
        if not cursor:
            break
    assert shown == expected


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/people", {"limit": 0}),
        ("/people", {"limit": 51}),
        ("/people", {"q": "a" * 101}),
        ("/people/suggested", {"limit": 51}),
        ("/explore", {"limit": 101}),
    ],
)
async def test_limits_are_told(place: Place, path: str, query: dict[str, Any]) -> None:
    ann = await place.person("ann")
    assert (await ann.api("GET", path, params=query)).status_code == 422


async def test_a_cursor_of_another_list_is_refused(place: Place) -> None:
    ann = await place.person("ann")
    for path in ("/people", "/explore"):
        assert (await ann.api("GET", path, params={"cursor": "AAAA"})).status_code == 400
