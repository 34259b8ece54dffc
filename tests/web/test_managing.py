"""Managing posts: every move of the state graph that HTTP can ask for, and what becomes of files."""

import io
import itertools
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import httpx
import pytest
from PIL import Image

from calotype.bootstrap import Embedded, fan_out
from calotype.connections.sql import Transaction
from calotype.feed.fanout import Chunk
from calotype.kernel.errors import Unavailable
from calotype.kernel.ids import MAX_ID, shard_of
from calotype.posts.create import PHOTO_LANE, process_job
from calotype.posts.drop import DROP
from calotype.posts.lifecycle import LIFECYCLE, Status
from calotype.posts.outcome import Outcome
from calotype.posts.post import Audience, Facts, MediumStatus, Post
from calotype.posts.process import WORN_OUT
from calotype.posts.rekey import REKEY, Rekey
from calotype.posts.withdraw import PURGE, UPKEEP_LANE
from tests.inprocess import Place, Visitor, content, running
from tests.photos import camera_jpeg
from tests.server import Server, eventually
from tests.stores import new_post, publish, start

pytestmark = pytest.mark.anyio

_names = (f"manager{number}" for number in itertools.count())
READY = Facts(640, 480, "LEHV6nWB2yk8pyo0adR*")
_ROADS: dict[Status, tuple[Status, ...]] = {
    Status.UPLOADING: (),
    Status.PROCESSING: (),
    Status.PUBLISHED: (Status.PUBLISHED,),
    Status.ARCHIVED: (Status.PUBLISHED, Status.ARCHIVED),
    Status.FLAGGED: (Status.PUBLISHED, Status.FLAGGED),
    Status.REMOVED: (Status.PUBLISHED, Status.FLAGGED, Status.REMOVED),
    Status.CANCELLED: (Status.CANCELLED,),
    Status.FAILED: (Status.FAILED,),
    Status.PURGED: (Status.CANCELLED, Status.PURGED),
}
# What an act makes of a post in each state; a state that is not named refuses it.
_MOVES: dict[str, dict[Status, Status]] = {
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


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    async with running(tmp_path_factory.mktemp("house")) as place:
        yield place


@pytest.fixture
async def author(place: Place) -> Visitor:
    return await place.person(next(_names))


async def in_state(place: Place, author_id: int, state: Status) -> Post:
    """A post of two photos, brought to a state along the graph; FAILED as by a worn-out photo."""
    first = Status.UPLOADING if state == Status.UPLOADING else Status.PROCESSING
    post = await start(place.shape, new_post(place.shape, author_id, status=first, photos=2))
    if state == Status.FAILED:
        await settle(place, post, 0, WORN_OUT)
        return await place.stored(post.post_id)
    for to in _ROADS[state]:
        if to == Status.PUBLISHED:
            await publish(place.shape, post.post_id)
        else:
            await place.shape.core.write(
                shard_of(post.post_id),
                partial(place.shape.posts.move, post_id=post.post_id, to=to),
            )
    return await place.stored(post.post_id)


async def settle(place: Place, post: Post, position: int, outcome: Facts | str) -> None:
    """Let a photo end as it would in a worker's hands."""
    shape, media_id = place.shape, post.media[position].media_id

    def settle(tx: Transaction) -> None:
        shape.posts.settle(tx, media_id, outcome)
        Outcome(shape.posts, shape.outbox, shape.ids).conclude(tx, post.post_id)

    await shape.core.write(shard_of(media_id), settle)


async def act(visitor: Visitor, name: str, post: Post) -> httpx.Response:
    path = f"/posts/{post.post_id}"
    match name:
        case "withdraw":
            return await visitor.api("DELETE", path)
        case "drop":
            return await visitor.api("DELETE", f"{path}/media/{post.media[0].media_id}")
        case "edit":
            return await visitor.api("PATCH", path, json={"caption": "edited"})
        case _:
            return await visitor.api("POST", f"{path}/{name}")


async def work_off_upkeep(place: Place) -> list[str]:
    """Do the jobs of the upkeep lane, as its worker would; their kinds."""
    services, shape = place.services, place.shape
    done: list[str] = []
    while leased := await shape.jobs.lease(UPKEEP_LANE, 10, "test"):
        for job in leased:
            first, _, second = job.key.partition("/")
            if job.kind == PURGE:
                await services.withdraw_post.remove_files(int(first))
            elif job.kind == DROP:
                await services.drop_medium.remove_files(int(first), int(second))
            else:
                assert job.kind == REKEY
                await Rekey(shape.posts, shape.blobs).rekey(int(first), second)
            await shape.jobs.finish(job)
            done.append(job.kind)
    return done


async def keep_originals(place: Place, post: Post) -> None:
    async def photo() -> AsyncIterator[bytes]:
        yield b"an original"

    for medium in post.media:
        await place.shape.blobs.put(f"originals/{post.author_id}/{medium.media_id}", photo())


async def originals(place: Place, author: Visitor) -> set[str]:
    return {blob.key async for blob in place.shape.blobs.list(f"originals/{author.id}/")}


@pytest.mark.parametrize("state", Status)
@pytest.mark.parametrize("name", _MOVES)
async def test_every_move_is_legal_or_a_conflict_that_names_the_state(
    place: Place, author: Visitor, name: str, state: Status
) -> None:
    post = await in_state(place, author.id, state)
    assert post.status == state
    answer = await act(author, name, post)
    after = await place.stored(post.post_id)
    expected = _MOVES[name].get(state)
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
    for name, moves in _MOVES.items():
        for state, to in moves.items():
            assert state == to or LIFECYCLE.allows(state, to), f"{name} {state}"


@pytest.mark.parametrize("name", _MOVES)
async def test_posts_of_others_are_not_found(place: Place, author: Visitor, name: str) -> None:
    post = await in_state(place, author.id, Status.ARCHIVED)
    other = await place.person(next(_names))
    assert (await act(other, name, post)).status_code == 404
    assert (await act(place.stranger(), name, post)).status_code == 401
    assert await place.stored(post.post_id) == post


async def test_restored_post_keeps_its_place_and_its_count(place: Place, author: Visitor) -> None:
    posts = [await place.published(author.id) for _ in range(3)]
    fan = await place.person(next(_names))
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
    fan = await place.person(next(_names))
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


async def events_of(shape: Embedded) -> list[str]:
    """The kinds of events that the feed's group is to hear of, and forget them."""
    await shape.events.pass_on(100)
    kinds = []
    while leased := await shape.events.lease("feed", 20, "test"):
        for event in leased:
            kinds.append(event.kind)
            await shape.events.finish(event)
    return kinds


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


async def test_edit_changes_words_place_and_alt_texts(place: Place, author: Visitor) -> None:
    post = await place.published(author.id, photos=2)
    first, second = (str(medium.media_id) for medium in post.media)
    path = f"/posts/{post.post_id}"
    edit = {
        "caption": "New #words",
        "tags": ["apart"],
        "location": {"name": "Lacock"},
        "media": [{"mediaId": second, "altText": "  a window "}],
    }
    answer = await author.api("PATCH", path, json=edit)
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert shown["caption"] == "New #words"
    assert shown["tags"] == ["words", "apart"]
    assert shown["location"] == {"name": "Lacock"}
    assert [medium["altText"] for medium in shown["media"]] == ["", "a window"]
    assert shown["editedAt"]
    both = [{"mediaId": first, "altText": "a door"}, {"mediaId": second, "altText": ""}]
    shown = (await author.api("PATCH", path, json={"media": both})).json()
    assert [medium["altText"] for medium in shown["media"]] == ["a door", ""]
    assert shown["caption"] == "New #words", "what is left out stays"


@pytest.mark.parametrize(
    "edit",
    [
        {"audience": "enemies"},
        {"media": [{"mediaId": "12345", "altText": "no such medium"}]},
        {"media": [{"mediaId": "x", "altText": ""}]},
        {"media": [{"altText": "of which?"}]},
        {"captoin": "typing error"},
        {"caption": "x" * 2_201},
        {"location": {"latitude": 1}},
    ],
)
async def test_wrong_edits_change_nothing(
    place: Place, author: Visitor, edit: dict[str, Any]
) -> None:
    post = await place.published(author.id)
    answer = await author.api("PATCH", f"/posts/{post.post_id}", json={"tags": ["a"], **edit})
    assert answer.status_code == 422, answer.text
    assert await place.stored(post.post_id) == post


async def test_too_long_an_alt_text_is_refused(place: Place, author: Visitor) -> None:
    post = await place.published(author.id)
    media = [{"mediaId": str(post.media[0].media_id), "altText": "x" * 1_501}]
    answer = await author.api("PATCH", f"/posts/{post.post_id}", json={"media": media})
    assert answer.status_code == 422
    assert answer.json()["field"] == "media"


async def narrow(author: Visitor, post: Post, audience: str = "followers") -> dict[str, Any]:
    answer = await author.api("PATCH", f"/posts/{post.post_id}", json={"audience": audience})
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def test_narrowing_ends_old_urls_and_moves_the_files(place: Place, author: Visitor) -> None:
    post = await place.published(author.id, Audience.FOLLOWERS, photos=2)
    stranger = place.stranger()
    signed_before = await author.url(post)
    public = (await narrow(author, post, "everyone"))["media"][0]["urls"]["w640"]
    assert await work_off_upkeep(place) == [], "widening needs nothing"
    assert (await stranger.http.get(public)).status_code == 200
    old_files = await place.files(post)

    signed = (await narrow(author, post))["media"][0]["urls"]["w640"]
    whole = content(post.media[0].media_id, "w640", 3_000)
    for _ in range(2):
        assert (await stranger.http.get(public)).status_code == 404
        assert (await stranger.http.get(signed_before)).status_code == 404
        assert (await stranger.http.get(signed)).content == whole
        await work_off_upkeep(place)
    files = await place.files(post)
    assert len(files) == len(old_files) == 10
    assert not files & old_files
    keys = {medium.key for medium in (await place.stored(post.post_id)).media}
    assert {name.split("/")[2] for name in files} == keys


async def test_narrowing_what_was_never_published_moves_nothing(
    place: Place, author: Visitor
) -> None:
    post = await start(place.shape, new_post(place.shape, author.id))
    await narrow(author, post)
    assert (await place.stored(post.post_id)).media[0].key == post.media[0].key
    assert await work_off_upkeep(place) == []


async def test_narrowing_twice_before_the_files_moved_loses_none(
    place: Place, author: Visitor
) -> None:
    post = await place.published(author.id)
    await narrow(author, post)
    await narrow(author, post, "everyone")
    url = (await narrow(author, post))["media"][0]["urls"]["w640"]
    assert len(await work_off_upkeep(place)) == 2
    assert (await place.stranger().http.get(url)).status_code == 200
    key = (await place.stored(post.post_id)).media[0].key
    files = await place.files(post)
    assert len(files) == 5
    assert all(f"/{key}/" in name for name in files)


@pytest.mark.parametrize("breaks_at", range(11))
async def test_a_move_that_breaks_anywhere_is_finished_by_the_next_try(
    place: Place, author: Visitor, breaks_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = await place.published(author.id)
    medium = post.media[0]
    url = (await narrow(author, post))["media"][0]["urls"]["w640"]
    rekey = Rekey(place.shape.posts, place.shape.blobs)
    steps = itertools.count()

    def breaking(verb: Callable[..., Any]) -> Callable[..., Any]:
        async def step(*words: Any) -> Any:
            if next(steps) == breaks_at:
                raise Unavailable("the power went")
            return await verb(*words)

        return step

    with monkeypatch.context() as patch:
        for verb in ("put", "delete"):
            patch.setattr(place.shape.blobs, verb, breaking(getattr(place.shape.blobs, verb)))
        if breaks_at < 10:  # five files put, five deleted
            with pytest.raises(Unavailable):
                await rekey.rekey(medium.media_id, medium.key)
        else:
            await rekey.rekey(medium.media_id, medium.key)
    assert (await place.stranger().http.get(url)).status_code == 200
    await work_off_upkeep(place)
    files = await place.files(post)
    assert len(files) == 5
    assert not any(f"/{medium.key}/" in name for name in files)
    assert (await place.stranger().http.get(url)).status_code == 200


async def test_post_purged_before_its_files_moved_leaves_none(
    place: Place, author: Visitor
) -> None:
    post = await place.published(author.id)
    await narrow(author, post)
    await act(author, "withdraw", post)
    await act(author, "purge", post)
    await work_off_upkeep(place)
    await Rekey(place.shape.posts, place.shape.blobs).rekey(post.media[0].media_id, "key0")
    assert await place.files(post) == set()


async def test_dropping_the_failed_photo_publishes_the_rest(place: Place, author: Visitor) -> None:
    post = await start(place.shape, new_post(place.shape, author.id, photos=3))
    await place.render(post)
    await keep_originals(place, post)
    bad = post.media[1].media_id
    await settle(place, post, 1, "this photo is broken")
    for position in (0, 2):
        await settle(place, post, position, READY)
    shown = await author.shown(post)
    assert (shown["status"], shown["reason"]) == ("FAILED", "this photo is broken")
    assert [medium.get("reason") for medium in shown["media"]] == [
        None,
        "this photo is broken",
        None,
    ]
    answer = await author.api("DELETE", f"/posts/{post.post_id}/media/{bad}")
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert shown["status"] == "PUBLISHED"
    assert "reason" not in shown
    left = [str(post.media[position].media_id) for position in (0, 2)]
    assert [medium["mediaId"] for medium in shown["media"]] == left
    assert "post.published" in await events_of(place.shape)
    await work_off_upkeep(place)
    assert len(await originals(place, author)) == 2
    assert len(await place.files(post)) == 10
    again = await author.api("DELETE", f"/posts/{post.post_id}/media/{bad}")
    assert again.status_code == 404


async def test_with_another_failed_photo_the_post_stays_failed_for_its_reason(
    place: Place, author: Visitor
) -> None:
    post = await start(place.shape, new_post(place.shape, author.id, photos=3))
    await settle(place, post, 0, "the first is broken")
    await settle(place, post, 1, "the second is broken")
    answer = await act(author, "drop", post)
    assert (answer.json()["status"], answer.json()["reason"]) == ("FAILED", "the second is broken")


async def test_dropping_a_waiting_photo_publishes_what_is_ready(
    place: Place, author: Visitor
) -> None:
    post = await start(place.shape, new_post(place.shape, author.id, photos=2))
    await settle(place, post, 1, READY)
    assert (await act(author, "drop", post)).json()["status"] == "PUBLISHED"


async def test_last_photo_cannot_be_dropped(place: Place, author: Visitor) -> None:
    post = await start(place.shape, new_post(place.shape, author.id))
    await settle(place, post, 0, "broken")
    answer = await act(author, "drop", post)
    assert (answer.status_code, answer.json()["code"]) == (409, "last_medium")
    assert "delete the post" in answer.json()["detail"]


async def test_retry_is_for_what_wore_out_alone(place: Place, author: Visitor) -> None:
    post = await start(place.shape, new_post(place.shape, author.id, photos=2))
    await settle(place, post, 0, "this photo is broken")
    assert (await act(author, "retry", post)).status_code == 409
    await settle(place, post, 1, WORN_OUT)
    answer = await act(author, "retry", post)
    assert (answer.status_code, answer.json()["status"]) == (200, "FAILED")
    assert (await place.stored(post.post_id)).media[1].status == MediumStatus.WAITING
    assert (await act(author, "drop", post)).json()["status"] == "PROCESSING"


async def test_retry_waits_for_the_last_try_to_end_and_revives_its_job(
    place: Place, author: Visitor
) -> None:
    shape = place.shape
    for earlier in await shape.jobs.lease(PHOTO_LANE, 500, "test"):
        await shape.jobs.finish(earlier)
    post = await start(shape, new_post(shape, author.id))
    job = process_job(post.media[0])
    await shape.core.write(job.shard, lambda tx: shape.jobs.enqueue(tx, [job]))
    (lease,) = await shape.jobs.lease(PHOTO_LANE, 1, "test")
    await settle(place, post, 0, WORN_OUT)
    answer = await act(author, "retry", post)
    assert (answer.status_code, answer.json()["code"]) == (409, "in_flight")
    assert (await place.stored(post.post_id)).status == Status.FAILED
    await shape.jobs.bury(lease, "worn out")
    assert (await act(author, "retry", post)).json()["status"] == "PROCESSING"
    (again,) = await shape.jobs.lease(PHOTO_LANE, 1, "test")
    assert (again.key, again.attempt) == (job.key, 1)
    await shape.jobs.finish(again)


def damaged_png() -> bytes:
    """A whole file by its headers, whose picture data is damaged."""
    out = io.BytesIO()
    Image.open(io.BytesIO(camera_jpeg(width=300, height=300))).save(out, "PNG")
    whole = out.getvalue()
    at = whole.index(b"IDAT") + 5_000
    return whole[:at] + bytes(4_000) + whole[at + 4_000 :]


def test_over_a_real_server_the_rest_of_a_carousel_is_published_and_moves(server: Server) -> None:
    author, fan = server.person(next(_names)), server.person(next(_names))
    fan.follow(author)
    good = camera_jpeg(width=400, height=300)
    post_id = author.post(good, damaged_png(), good)["postId"]
    failed = author.settled(post_id)
    assert failed["status"] == "FAILED"

    def all_settled() -> Any:
        media = author.read(f"/posts/{post_id}")["media"]
        return media if all(each["urls"] or "reason" in each for each in media) else None

    (bad,) = [each for each in eventually(all_settled, "the others") if "reason" in each]
    shown = author.http.delete(f"/posts/{post_id}/media/{bad['mediaId']}").json()
    assert shown["status"] == "PUBLISHED"
    eventually(lambda: fan.feed_ids() == [post_id], "the post in the feed")
    blobs = server.data / "blobs"
    media_id = shown["media"][0]["mediaId"]
    (old,) = blobs.glob(f"processed/{media_id}/*")
    eventually(lambda: not list(blobs.glob(f"originals/*/{bad['mediaId']}")), "the bad file to go")

    url = author.http.patch(f"/posts/{post_id}", json={"audience": "followers"}).json()
    signed = url["media"][0]["urls"]["w640"]
    bare = server.url + signed.partition("?")[0]
    assert httpx.get(bare).status_code == 404
    assert httpx.get(server.url + signed).status_code == 200
    eventually(lambda: not old.exists(), "the files to move")
    assert httpx.get(server.url + signed).status_code == 200

    assert author.http.delete(f"/posts/{post_id}").json()["status"] == "ARCHIVED"
    assert fan.feed_ids() == []
    assert author.http.post(f"/posts/{post_id}/restore").json()["status"] == "PUBLISHED"
    assert fan.feed_ids() == [post_id]
    author.http.delete(f"/posts/{post_id}")
    assert author.http.post(f"/posts/{post_id}/purge").json()["status"] == "PURGED"
    eventually(lambda: not list(blobs.glob(f"*/{media_id}")), "its renditions to go")
    eventually(lambda: not list(blobs.glob(f"originals/{author.id}/*")), "its originals to go")
