"""Every move of the state graph that HTTP can ask for, legal or not, and what becomes of files."""

import pytest

from calotype.bootstrap import fan_out
from calotype.feed.fanout import Chunk
from calotype.kernel.ids import MAX_ID
from calotype.posts.lifecycle import LIFECYCLE, Status
from tests.inprocess import Place, Visitor
from tests.web.managing.world import (
    act,
    events_of,
    in_state,
    keep_originals,
    names,
    originals,
    work_off_upkeep,
)

pytestmark = pytest.mark.anyio

# What an act makes of a post in each state; a state that is not named refuses it.
MOVES: dict[str, dict[Status, Status]] = {
    "withdraw": {
        Status.UPLOADING: Status.CANCELLED,
        Status.PROCESSING: Status.CANCELLED,
        Status.PUBLISHED: Status.ARCHIVED,
        Status.ARCHIVED: Status.ARCHIVED,
        Status.CANCELLED: Status.CANCELLED,
        Status.FAILED: Status.PURGED,
        Status.PURGED: Status.PURGED,
    },
    "restore": {
        Status.ARCHIVED: Status.PUBLISHED,
        Status.PUBLISHED: Status.PUBLISHED,
    },
    "purge": {
        Status.ARCHIVED: Status.PURGED,
        Status.REMOVED: Status.PURGED,
        Status.CANCELLED: Status.PURGED,
        Status.FAILED: Status.PURGED,
        Status.PURGED: Status.PURGED,
    },
    "retry": {
        Status.FAILED: Status.PROCESSING,
        Status.PROCESSING: Status.PROCESSING,
    },
    "drop": {
        Status.PROCESSING: Status.PROCESSING,
        Status.FAILED: Status.PROCESSING,
    },
    "edit": {
        state: state
        for state in Status
        if state not in {Status.CANCELLED, Status.REMOVED, Status.PURGED}
    },
}


@pytest.mark.parametrize("state", Status)
@pytest.mark.parametrize("name", MOVES)
async def test_every_move_is_legal_or_a_conflict_thatnames_the_state(
    place: Place, author: Visitor, name: str, state: Status
) -> None:
    post = await in_state(place, author.id, state)
    assert post.status == state
    answer = await act(author, name, post)
    after = await place.stored(post.post_id)
    expected = MOVES[name].get(state)
    if expected is None:
        assert answer.status_code == 409, answer.text
        problem = answer.json()
        assert (problem["code"], problem["status"]) == ("illegal_move", 409)
        assert problem["state"] == state
        assert str(state) in problem["detail"]
        assert after == post, "a refused act changes nothing"
    else:
        assert answer.status_code == 200, answer.text
        assert answer.json()["status"] == expected
        assert after.status == expected
        again = await act(author, name, after)
        if name in {"withdraw", "restore", "purge", "retry"}:
            assert (again.status_code, again.json()["status"]) == (200, expected)


def test_the_table_makes_no_move_that_the_graph_lacks() -> None:
    for name, moves in MOVES.items():
        for state, to in moves.items():
            assert state == to or LIFECYCLE.allows(state, to), f"{name} {state}"


@pytest.mark.parametrize("name", MOVES)
async def test_posts_of_others_are_not_found(place: Place, author: Visitor, name: str) -> None:
    post = await in_state(place, author.id, Status.ARCHIVED)
    other = await place.person(next(names))
    assert (await act(other, name, post)).status_code == 404
    assert (await act(place.stranger(), name, post)).status_code == 401
    assert await place.stored(post.post_id) == post


async def test_restored_post_keeps_its_place_and_its_count(place: Place, author: Visitor) -> None:
    posts = [await place.published(author.id) for _ in range(3)]
    fan = await place.person(next(names))
    path = f"/users/{author.id}/profile"
    before = (await fan.api("GET", path)).json()
    assert before["postCount"] == 3
    await act(author, "withdraw", posts[1])
    assert (await fan.api("GET", path)).json()["postCount"] == 2
    place.clock.advance(seconds=600)
    await act(author, "restore", posts[1])
    assert (await fan.api("GET", path)).json() == before


async def test_restored_post_reaches_followers_that_came_meanwhile(
    place: Place, author: Visitor
) -> None:
    post = await place.published(author.id)
    await act(author, "withdraw", post)
    fan = await place.person(next(names))
    await fan.follow(author)
    await events_of(place.shape)
    await act(author, "restore", post)
    kinds = await events_of(place.shape)
    assert "post.restored" in kinds
    assert "post.published" not in kinds, "its author is not told once more"
    shape = place.shape
    fanout = fan_out(shape)
    await fanout.plan(post.post_id)
    for job in await shape.jobs.lease("fanout", 10, "test"):
        await fanout.push(Chunk(post.post_id, 0, MAX_ID))
        await shape.jobs.finish(job)
    feed = (await fan.api("GET", "/feed")).json()["posts"]
    assert [each["postId"] for each in feed] == [str(post.post_id)]


@pytest.mark.parametrize("state", [Status.ARCHIVED, Status.CANCELLED, Status.FAILED])
async def test_purged_post_leaves_no_file_and_no_word(
    place: Place, author: Visitor, state: Status
) -> None:
    post = await in_state(place, author.id, state)
    await place.render(post)
    await keep_originals(place, post)
    if state != Status.CANCELLED:
        media = [{"mediaId": str(post.media[0].media_id), "altText": "a secret"}]
        edit = {"caption": "a #secret", "media": media, "location": {"name": "a secret"}}
        assert (await author.api("PATCH", f"/posts/{post.post_id}", json=edit)).status_code == 200
    assert (await act(author, "purge", post)).json()["status"] == "PURGED"
    assert (await author.api("GET", f"/posts/{post.post_id}")).status_code == 404
    assert "secret" not in str(await place.stored(post.post_id))
    assert (await act(author, "restore", post)).status_code == 409
    for _ in range(2):
        await work_off_upkeep(place)
        assert await place.files(post) == set()
        assert await originals(place, author) == set()
