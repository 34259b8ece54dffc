"""Posts with a photo that failed: drop it and publish the rest, or try it again."""

import io
from typing import Any

import httpx
import pytest
from PIL import Image

from calotype.posts.create import PHOTO_LANE, process_job
from calotype.posts.lifecycle import Status
from calotype.posts.post import MediumStatus
from calotype.posts.process import WORN_OUT
from tests.inprocess import Place, Visitor
from tests.photos import camera_jpeg
from tests.server import Server, eventually
from tests.stores import new_post, start
from tests.web.managing.world import (
    READY,
    act,
    events_of,
    keep_originals,
    names,
    originals,
    settle,
    work_off_upkeep,
)

pytestmark = pytest.mark.anyio


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
    author, fan = server.person(next(names)), server.person(next(names))
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
