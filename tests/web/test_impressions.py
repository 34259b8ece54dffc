"""Impressions through the API, what rankings log, and visits: none of it is a write a read."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from calotype.engagement.affinity import Act
from calotype.engagement.impressions import MOST
from calotype.ranking.ranker import Candidate
from tests.inprocess import Place, Visitor, running
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


async def logged(place: Place) -> list[Any]:
    await place.services.flush()
    directory = place.shape.settings.directory / "impressions"
    files = sorted(directory.glob("*.jsonl"))
    return [json.loads(line) for path in files for line in path.read_text().splitlines()]


async def test_reports_are_taken_many_at_once(place: Place, ada: Visitor) -> None:
    reports = [{"postId": str(at + 1), "dwellMs": at, "position": at} for at in range(MOST)]
    answer = await ada.api("POST", "/impressions", json={"impressions": reports})
    assert (answer.status_code, answer.content) == (204, b"")
    found = await logged(place)
    assert [each["post"] for each in found] == list(range(1, MOST + 1))
    assert {each["reader"] for each in found} == {ada.id}
    assert found[7]["dwellMs"] == 7


@pytest.mark.parametrize(
    "reports",
    [
        [{"postId": "1", "dwellMs": 1}] * (MOST + 1),
        [{"postId": "x", "dwellMs": 1}],
        [{"postId": "1", "dwellMs": -1}],
        [{"postId": "1", "dwellMs": 3_600_001}],
        [{"postId": "1", "dwellMs": 1, "mood": "good"}],
        [{"postId": "1"}],
    ],
)
async def test_reports_that_break_a_rule_are_refused_whole(
    place: Place, ada: Visitor, reports: list[Any]
) -> None:
    answer = await ada.api("POST", "/impressions", json={"impressions": reports})
    assert answer.status_code == 422, answer.text
    assert await logged(place) == []


async def test_what_one_does_and_whom_one_visits_is_affinity(
    place: Place, ada: Visitor, bob: Visitor
) -> None:
    post = await place.published(bob.id)
    for _ in range(3):
        await ada.api("GET", f"/users/{bob.id}/profile")
        await bob.api("GET", f"/users/{bob.id}/profile")
        await place.stranger().api("GET", f"/users/{bob.id}/profile")
    await place.services.flush()
    await ada.api("POST", f"/posts/{post.post_id}/save")
    for method in ("POST", "DELETE", "POST"):
        await ada.api(method, f"/posts/{post.post_id}/like")
    await ada.api("POST", f"/posts/{post.post_id}/comments", json={"text": "fine"})
    await bob.api("POST", f"/posts/{post.post_id}/like")
    await work_off_events(place.shape)
    acts = (Act.VISIT, Act.SAVE, Act.LIKE, Act.COMMENT)
    expected = {bob.id: sum(act.value for act in acts)}
    found = await place.shape.affinities.affinity(ada.id, [bob.id, ada.id], place.clock.now_ms())
    assert found == pytest.approx(expected)
    assert await place.shape.affinities.affinity(bob.id, [bob.id], place.clock.now_ms()) == {}


async def test_a_feed_puts_first_whom_one_cares_for(
    place: Place, ada: Visitor, bob: Visitor
) -> None:
    cleo = await place.person("cleo")
    for author in (bob, cleo):
        await ada.follow(author)
    liked = await place.published(bob.id)
    for _ in range(2):
        await ada.api("POST", f"/posts/{liked.post_id}/like")
    await work_off_events(place.shape)
    place.clock.advance(seconds=60)
    of_bob = await place.published(bob.id)
    place.clock.advance(seconds=60)
    of_cleo = await place.published(cleo.id)
    entries = [Candidate(p.published_id or 0, p.post_id, p.author_id) for p in (of_bob, of_cleo)]
    features = await place.services.feed.features.gather(ada.id, entries, place.clock.now_ms())
    assert [each.affinity > 0 for each in features] == [True, False]
    ranker = place.services.feed.ranker
    by_bob, by_cleo = ranker.scores(ada.id, entries, features)
    assert by_bob > by_cleo, "a minute older, and dearer"
