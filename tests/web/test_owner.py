"""The owner's pages over HTTP: the place at a glance, and its dead letters."""

import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from calotype.accounts.account import Role
from calotype.accounts.create import NewPerson
from calotype.jobs.queue import NewJob
from calotype.kernel.errors import Unavailable
from calotype.posts.lifecycle import Status
from calotype.web.app import build_app
from tests.inprocess import PASSWORD, Place, Visitor, running
from tests.stores import move

pytestmark = pytest.mark.anyio


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with running(tmp_path / "house") as place:
        yield place


@pytest.fixture
async def owner(place: Place) -> Visitor:
    person = NewPerson("keeper", PASSWORD)
    await place.shape.people.administration.create_account(person, Role.OWNER)
    visitor = place.stranger()
    visitor.name = "keeper"
    await visitor.log_in()
    return visitor


async def read(visitor: Visitor, path: str, **query: Any) -> dict[str, Any]:
    answer = await visitor.api("GET", f"/owner/{path}", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def bury(place: Place, key: str) -> None:
    """A job that failed its last try."""
    shape = place.shape
    job = NewJob(7, "photos", "photo.process", key)
    await shape.core.write(7, lambda tx: shape.jobs.enqueue(tx, [job]))
    (work,) = await shape.jobs.lease("photos", 1, "test")
    await shape.jobs.bury(work, f"no luck with {key}")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/owner/overview"),
        ("GET", "/owner/dead-letters"),
        ("POST", "/owner/dead-letters/5/replay"),
    ],
)
async def test_nobody_but_the_owner_is_answered(
    place: Place, owner: Visitor, method: str, path: str
) -> None:
    member = await place.person("member")
    assert (await place.stranger().api(method, path)).status_code == 401
    refused = await member.api(method, path)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert (await owner.api(method, path)).status_code in {200, 404}


async def test_the_place_at_a_glance(place: Place, owner: Visitor) -> None:
    member = await place.person("member")
    await place.published(member.id, photos=2)
    gone = await place.published(member.id)
    await move(place.shape, gone.post_id, Status.ARCHIVED, Status.PURGED)
    await bury(place, "1")
    found = await read(owner, "overview")
    assert found["accounts"] == 2
    assert found["posts"] == {"PUBLISHED": 1, "PURGED": 1}
    assert {"kind": "originals", "bytes": 2_000, "files": 2} in found["storage"]
    assert {each["kind"] for each in found["storage"]} == {"originals", "core", "timelines"}
    assert all(each["bytes"] > 0 for each in found["storage"])
    assert 0 < found["freeBytes"] < found["totalBytes"]
    depths = {(each["source"], each["lane"]): each for each in found["queues"]}
    assert (depths["jobs", "photos"]["waiting"], depths["jobs", "photos"]["dead"]) == (0, 1)
    # What the registration told waits for a relay, which this place does not have.
    assert depths["events", "outbox"]["waiting"] == 2
    assert depths["jobs", "videos"]["oldestSeconds"] == 0


async def test_a_part_that_is_out_of_order_says_why(place: Place, owner: Visitor) -> None:
    async def away() -> None:
        raise Unavailable("the timelines are away")

    async def well() -> None: ...

    view = dataclasses.replace(
        place.services.owner.view, probes={"database": well, "timelines": away}
    )
    owners = dataclasses.replace(place.services.owner, view=view)
    services = dataclasses.replace(place.services, owner=owners)
    here = Place(place.shape, place.clock, services, build_app(services))
    parts = (await read(owner.at(here), "overview"))["parts"]
    await here.close()
    assert parts == [
        {"name": "database", "healthy": True},
        {"name": "timelines", "healthy": False, "detail": "the timelines are away"},
    ]
    # Here no worker runs.
    real = {each["name"]: each["healthy"] for each in (await read(owner, "overview"))["parts"]}
    assert real == {"database": True, "timelines": True, "worker": False}


async def test_dead_letters_are_paged_and_given_another_chance(
    place: Place, owner: Visitor
) -> None:
    for key in ("1", "2", "3"):
        await bury(place, key)
    first = await read(owner, "dead-letters", limit=2)
    assert [each["key"] for each in first["deadLetters"]] == ["3", "2"]
    letter = first["deadLetters"][0]
    assert (letter["source"], letter["lane"]) == ("jobs", "photos")
    assert (letter["kind"], letter["error"]) == ("photo.process", "no luck with 3")
    rest = await read(owner, "dead-letters", limit=2, cursor=first["nextCursor"])
    assert [each["key"] for each in rest["deadLetters"]] == ["1"]
    assert "nextCursor" not in rest
    path = f"/owner/dead-letters/{letter['id']}/replay"
    assert (await owner.api("POST", path)).status_code == 204
    assert (await owner.api("POST", path)).status_code == 404
    left = await read(owner, "dead-letters")
    assert [each["key"] for each in left["deadLetters"]] == ["2", "1"]
    (again,) = await place.shape.jobs.lease("photos", 5, "test")
    assert (again.key, again.attempt) == ("3", 1)
