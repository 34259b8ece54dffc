"""Posts made of uploads, some of which are still on their way."""

import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from calotype.kernel.ids import shard_of
from calotype.posts.create import PROCESS
from calotype.posts.lifecycle import Status
from calotype.posts.post import Medium, MediumKind, MediumStatus, Post
from tests.inprocess import Place, Visitor, running
from tests.photos import small_jpeg
from tests.web.test_uploads import DAY_S, asked, kept, refused, send

pytestmark = pytest.mark.anyio

PHOTO = small_jpeg()


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with running(tmp_path / "house") as place:
        yield place


@pytest.fixture
async def ada(place: Place) -> Visitor:
    return await place.person("ada")


def moving_gif() -> bytes:
    pictures = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue")]
    out = io.BytesIO()
    pictures[0].save(out, "GIF", save_all=True, append_images=pictures[1:])
    return out.getvalue()


async def make(
    person: Visitor, *media: dict[str, Any], key: str | None = None, **more: Any
) -> httpx.Response:
    headers = {"Idempotency-Key": key} if key else {}
    return await person.api("POST", "/posts", headers=headers, json={"media": media, **more})


async def made(place: Place, person: Visitor, *media: dict[str, Any], **more: Any) -> Post:
    answer = await make(person, *media, **more)
    assert answer.status_code == 201, answer.text
    return await place.stored(int(answer.json()["postId"]))


def of(target: dict[str, Any], **wish: Any) -> dict[str, Any]:
    return {"uploadId": target["uploadId"], **wish}


async def has_job(place: Place, medium: Medium) -> bool:
    shard, key = shard_of(medium.media_id), str(medium.media_id)
    held = await place.shape.core.read(
        shard, lambda tx: place.shape.jobs.holds(tx, shard, PROCESS, [key])
    )
    return bool(held)


async def test_a_post_waits_for_the_last_of_its_files(place: Place, ada: Visitor) -> None:
    here, photo, gif = [await asked(ada, len(f)) for f in (PHOTO, PHOTO, moving_gif())]
    await send(place, here, PHOTO)
    look = {"filter": "lacock", "turn": 90}
    post = await made(place, ada, of(here), of(photo, altText="a b", **look), of(gif), caption="c")
    assert post.status == Status.UPLOADING
    assert not [medium for medium in post.media if await has_job(place, medium)]
    bob = await place.person("bob")
    assert (await bob.api("GET", f"/posts/{post.post_id}")).status_code == 404
    shown = await ada.shown(post)
    assert (shown["status"], shown["caption"]) == ("UPLOADING", "c")
    assert [each["mediaId"] for each in shown["media"]] == [
        each["uploadId"] for each in (here, photo, gif)
    ]
    await send(place, gif, moving_gif())
    assert (await ada.shown(post))["status"] == "UPLOADING"
    await send(place, photo, PHOTO)
    stored = await place.stored(post.post_id)
    assert stored.status == Status.PROCESSING
    assert (await ada.shown(post))["status"] == "PROCESSING"
    facts = [(each.content_type, each.size, each.kind) for each in stored.media]
    assert facts == [
        ("image/jpeg", len(PHOTO), MediumKind.PHOTO),
        ("image/jpeg", len(PHOTO), MediumKind.PHOTO),
        ("image/gif", len(moving_gif()), MediumKind.VIDEO),
    ]
    assert stored.media[0].sha256 == stored.media[1].sha256
    assert (stored.media[1].alt_text, stored.media[1].look.filter) == ("a b", "lacock")
    assert all([await has_job(place, medium) for medium in stored.media])


async def test_of_whole_files_it_goes_on_at_once(place: Place, ada: Visitor) -> None:
    target = await asked(ada, len(PHOTO))
    await send(place, target, PHOTO)
    post = await made(place, ada, of(target))
    assert post.status == Status.PROCESSING
    assert await has_job(place, post.media[0])
    upload = (await ada.api("GET", f"/uploads/{target['uploadId']}")).json()
    assert upload["postId"] == str(post.post_id)
    refused(await ada.api("DELETE", f"/uploads/{target['uploadId']}"), 409, "conflict")


@pytest.mark.parametrize("end", ["refused", "expired", "not what its look is for"])
async def test_a_file_that_does_not_come_fails_with_a_reason(
    place: Place, ada: Visitor, end: str
) -> None:
    """And its author drops it and goes on with the rest."""
    gif = moving_gif()
    good, bad = await asked(ada, len(PHOTO)), await asked(ada, len(gif))
    post = await made(place, ada, of(good), of(bad, crop="square"))
    if end == "expired":
        await send(place, good, PHOTO)
        place.clock.advance(seconds=DAY_S)
        await place.services.uploads.abandon.expire()
        await ada.log_in()
        word = "in time"
    elif end == "refused":
        refused(await send(place, bad, b"%PDF" + gif[4:]), 422, "not_an_image")
        await send(place, good, PHOTO)
        word = "PDF"
    else:
        await send(place, bad, gif)
        await send(place, good, PHOTO)
        word = "a video"
    shown = await ada.shown(post)
    assert shown["status"] == "FAILED"
    assert word in shown["reason"]
    stored = await place.stored(post.post_id)
    assert [each.status for each in stored.media] == [MediumStatus.WAITING, MediumStatus.FAILED]
    dropped = await ada.api("DELETE", f"/posts/{post.post_id}/media/{bad['uploadId']}")
    assert dropped.status_code == 200, dropped.text
    assert (await ada.shown(post))["status"] == "PROCESSING"
    assert await has_job(place, stored.media[0])


async def test_a_post_can_be_cancelled_while_its_files_come(place: Place, ada: Visitor) -> None:
    half, whole = await asked(ada, len(PHOTO)), await asked(ada, len(PHOTO))
    await send(place, whole, PHOTO)
    post = await made(place, ada, of(half), of(whole))
    assert (await ada.api("DELETE", f"/posts/{post.post_id}")).status_code == 200
    refused(await send(place, half, PHOTO), 404, "not_found")
    await place.services.posting.withdraw.remove_files(post.post_id)
    assert await kept(place) == {}
    assert (await place.stored(post.post_id)).status == Status.PURGED


async def test_a_twin_gets_the_same_post(place: Place, ada: Visitor) -> None:
    target = await asked(ada, len(PHOTO))
    first = await make(ada, of(target), key="once")
    again = await make(ada, of(target), key="once")
    assert again.status_code == 201, again.text
    assert again.json()["postId"] == first.json()["postId"]
    other = await make(ada, of(target, altText="other"), key="once")
    refused(other, 422, "idempotency_key_reused")


async def test_what_can_be_no_post_is_refused(place: Place, ada: Visitor) -> None:
    bob = await place.person("bob")
    target, gif = await asked(ada, len(PHOTO)), await asked(ada, len(moving_gif()))
    await send(place, gif, moving_gif())
    refused(await make(ada), 422, "invalid")
    refused(await make(ada, {}), 422, "invalid")
    refused(await make(ada, of(target), of(target)), 422, "invalid")
    refused(await make(ada, *[of(target)] * 11), 422, "invalid")
    refused(await make(ada, of(target, filter="none")), 422, "invalid")
    refused(await make(ada, of(gif, turn=90)), 422, "invalid")
    refused(await make(ada, of(target), caption="c" * 2_201), 422, "invalid")
    refused(await make(ada, of(target), more=1), 422, "invalid")
    refused(await make(ada, {"uploadId": "12345"}), 404, "not_found")
    refused(await make(bob, of(target)), 404, "not_found")
    broken = await ada.api(
        "POST", "/posts", content=b"{", headers={"Content-Type": "application/json"}
    )
    refused(broken, 400, "malformed")
    post = await made(place, ada, of(target))
    refused(await make(ada, of(target)), 409, "conflict")
    assert post.status == Status.UPLOADING


async def test_with_their_owner_uploads_go(place: Place, ada: Visitor) -> None:
    half, whole = await asked(ada, len(PHOTO)), await asked(ada, len(PHOTO))
    await send(place, whole, PHOTO)
    assert (await ada.api("DELETE", "/users/me", json={"password": "correct horse"})).is_success
    refused(await send(place, half, PHOTO), 404, "not_found")
    await place.services.uploads.abandon.forget(ada.id)
    assert await kept(place) == {}
    assert await place.shape.uploads.of_person(ada.id, 10) == []
