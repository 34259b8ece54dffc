"""Uploads apart from posts: signed URLs, what is refused, how many, and for how long."""

import dataclasses
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from msgspec.structs import replace

from calotype.bootstrap.common import sweep_blobs
from calotype.uploads.take import TakeUpload
from calotype.web.app import build_app
from tests.inprocess import Place, Visitor, running
from tests.photos import small_jpeg

pytestmark = pytest.mark.anyio

TUS = {"Tus-Resumable": "1.0.0"}
PIECE = {**TUS, "Content-Type": "application/offset+octet-stream"}
DAY_S = 86_400


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with running(tmp_path / "house") as place:
        yield place


@pytest.fixture
async def ada(place: Place) -> Visitor:
    return await place.person("ada")


def refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    problem: dict[str, Any] = answer.json()
    assert problem["code"] == code
    return problem


async def asked(person: Visitor, size: int, **more: str) -> dict[str, Any]:
    answer = await person.api("POST", "/uploads", json={"bytes": size, **more})
    assert answer.status_code == 201, answer.text
    target: dict[str, Any] = answer.json()
    return target


async def send(place: Place, target: dict[str, Any], data: bytes) -> httpx.Response:
    """As whoever has the URL; nobody logs in for it."""
    http = place.stranger().http
    return await http.request(
        target["method"], target["url"], headers=target["headers"], content=data
    )


async def state(person: Visitor, target: dict[str, Any]) -> dict[str, Any]:
    answer = await person.api("GET", f"/uploads/{target['uploadId']}")
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def kept(place: Place) -> dict[str, bytes]:
    """Everything that the blob directory holds, by name."""
    root = Path(place.shape.settings.data) / "blobs"
    return {str(f.relative_to(root)): f.read_bytes() for f in root.rglob("*") if f.is_file()}


async def test_a_file_goes_to_its_signed_url(place: Place, ada: Visitor) -> None:
    photo = small_jpeg()
    target = await asked(ada, len(photo), contentType="image/jpeg")
    before = await state(ada, target)
    assert (before["status"], before["offset"], before["bytes"]) == ("OPEN", 0, len(photo))
    answer = await send(place, target, photo)
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert shown["status"] == "COMPLETE"
    assert shown["contentType"] == "image/jpeg"
    assert shown["sha256"] == hashlib.sha256(photo).hexdigest()
    assert await state(ada, target) == shown
    assert await kept(place) == {f"originals/{ada.id}/{target['uploadId']}": photo}
    refused(await send(place, target, photo), 409, "conflict")
    assert await state(ada, target) == shown


async def test_a_url_is_good_for_one_upload_and_as_it_was_signed(
    place: Place, ada: Visitor
) -> None:
    photo = small_jpeg()
    target, other = await asked(ada, len(photo)), await asked(ada, len(photo))
    url = target["url"]
    query = parse_qs(urlsplit(url).query)
    expires, signature = int(query["expires"][0]), query["signature"][0]
    for forged in (
        url.replace(target["uploadId"], other["uploadId"]),
        url.replace(str(expires), str(expires + 1)),
        url.replace(signature, signature[::-1]),
        url.replace(signature, ""),
        url.partition("?")[0],
    ):
        refused(await send(place, {**target, "url": forged}, photo), 403, "forbidden")
    for method in ("GET", "POST", "PATCH", "DELETE"):
        wrong = await send(place, {**target, "method": method}, photo)
        refused(wrong, 405, "method_not_allowed")
    assert set((await kept(place)).values()) == {b""}
    place.clock.advance(seconds=3_600)
    refused(await send(place, target, photo), 403, "forbidden")
    assert set((await kept(place)).values()) == {b""}


async def test_a_file_of_another_size_is_not_taken(place: Place, ada: Visitor) -> None:
    photo = small_jpeg()
    target = await asked(ada, len(photo))
    for wrong, status, code in (
        (photo + b"\0", 413, "too_large"),
        (photo[:-1], 400, "malformed"),
        (b"", 400, "malformed"),
    ):
        refused(await send(place, target, wrong), status, code)
        assert (await state(ada, target))["status"] == "OPEN"

    async def in_chunks() -> AsyncIterator[bytes]:
        yield photo
        yield b"\0"

    http = place.stranger().http
    refused(await http.put(target["url"], content=in_chunks()), 413, "too_large")
    assert (await send(place, target, photo)).status_code == 200


async def test_only_what_must_come_at_once_must_come_soon(place: Place, ada: Visitor) -> None:
    photo = small_jpeg()
    direct, resumable = await asked(ada, len(photo)), await asked(ada, len(photo))
    hurried = with_take(place, limits=replace(place.services.uploads.take.limits, total_s=0))
    refused(await send(hurried, direct, photo), 408, "too_slow")
    assert (await piece(ada.at(hurried), resumable["uploadId"], 0, photo)).status_code == 204


@pytest.mark.parametrize("how", ["direct", "resumable"])
async def test_another_file_than_announced_is_refused_for_good(
    place: Place, ada: Visitor, how: str
) -> None:
    photo = small_jpeg()
    other = hashlib.sha256(b"another").hexdigest()
    target = await asked(ada, len(photo), sha256=other.upper())
    if how == "direct":
        answer = await send(place, target, photo)
    else:
        answer = await piece(ada, target["uploadId"], 0, photo)
    refused(answer, 422, "checksum_mismatch")
    shown = await state(ada, target)
    assert shown["status"] == "REFUSED"
    assert "SHA-256" in shown["reason"]
    assert await kept(place) == {}
    refused(await send(place, target, photo), 410, "gone")


async def test_limits_are_those_of_what_the_file_is(place: Place, ada: Visitor) -> None:
    """What it says that it is is believed only for a first look."""
    uploads = place.services.uploads.take.limits
    mib = 2**20
    for size, kind in ((51 * mib, "image/jpeg"), (201 * mib, "video/mp4"), (201 * mib, "")):
        answer = await ada.api("POST", "/uploads", json={"bytes": size, "contentType": kind})
        refused(answer, 413, "too_large")
    pdf = {"bytes": 1000, "contentType": "application/pdf"}
    refused(await ada.api("POST", "/uploads", json=pdf), 415, "unsupported_media")
    photo = small_jpeg()
    target = await asked(ada, len(photo), contentType="video/mp4")
    small = replace(uploads, max_file_bytes=len(photo) - 1)
    answer = await send(with_take(place, limits=small), target, photo)
    refused(answer, 413, "too_large")
    assert (await state(ada, target))["status"] == "REFUSED"
    assert await kept(place) == {}


async def test_what_is_no_announcement_is_invalid(place: Place, ada: Visitor) -> None:
    for wrong in (
        {},
        {"bytes": 0},
        {"bytes": -1},
        {"bytes": 1, "sha256": "x"},
        {"bytes": 1, "sha256": "é" * 64},
        {"bytes": 1, "more": 1},
    ):
        refused(await ada.api("POST", "/uploads", json=wrong), 422, "invalid")
    assert await kept(place) == {}


async def test_an_account_may_have_so_many_that_no_post_uses(place: Place, ada: Visitor) -> None:
    limits = replace(place.services.uploads.begin.limits, max_unused=3, max_unused_bytes=1000)
    begin = dataclasses.replace(place.services.uploads.begin, limits=limits)
    uploads = dataclasses.replace(place.services.uploads, begin=begin)
    services = dataclasses.replace(place.services, uploads=uploads)
    strict = Place(place.shape, place.clock, services, build_app(services))
    ada, bob = ada.at(strict), (await place.person("bob")).at(strict)
    first = await asked(ada, 400)
    await asked(ada, 400)
    too_many = {"bytes": 201}
    problem = refused(await ada.api("POST", "/uploads", json=too_many), 429, "too_many_uploads")
    assert "delete some" in problem["detail"]
    tus = await ada.api("POST", "/uploads/tus", headers={**TUS, "Upload-Length": "201"})
    refused(tus, 429, "too_many_uploads")
    await asked(ada, 200)
    refused(await ada.api("POST", "/uploads", json={"bytes": 1}), 429, "too_many_uploads")
    assert len(await kept(place)) == 3
    await asked(bob, 400)
    assert (await ada.api("DELETE", f"/uploads/{first['uploadId']}")).status_code == 204
    await asked(ada, 400)
    await strict.close()


async def test_an_upload_is_its_owners_alone(place: Place, ada: Visitor) -> None:
    target = await asked(ada, 1000)
    bob = await place.person("bob")
    path = f"/uploads/{target['uploadId']}"
    for method in ("GET", "DELETE"):
        refused(await bob.api(method, path), 404, "not_found")
        refused(await place.stranger().api(method, path), 401, "unauthenticated")
    refused(await piece(bob, target["uploadId"], 0, b"x"), 404, "not_found")
    assert (await state(ada, target))["offset"] == 0


async def test_what_is_not_finished_in_a_day_ends(place: Place, ada: Visitor) -> None:
    target = await asked(ada, 1000)
    first = await piece(ada, target["uploadId"], 0, b"x" * 10)
    place.clock.advance(seconds=DAY_S - 1)
    await ada.log_in()
    second = await piece(ada, target["uploadId"], 10, b"x" * 10)
    # Each piece gives it another day.
    assert first.headers["upload-expires"] != second.headers["upload-expires"]
    place.clock.advance(seconds=DAY_S - 1)
    await ada.log_in()
    assert await place.services.uploads.abandon.expire() == 0
    assert (await look(ada, target)).headers["upload-offset"] == "20"

    place.clock.advance(seconds=1)
    assert (await look(ada, target)).status_code == 410
    refused(await piece(ada, target["uploadId"], 20, b"x"), 410, "gone")
    assert await place.services.uploads.abandon.expire() == 1
    shown = await state(ada, target)
    assert (shown["status"], "in time" in shown["reason"]) == ("EXPIRED", True)
    assert (await look(ada, target)).status_code == 410
    await swept(place)
    assert await kept(place) == {}

    place.clock.advance(seconds=7 * DAY_S + 1)
    await ada.log_in()
    await place.services.uploads.abandon.expire()
    assert (await look(ada, target)).status_code == 404


async def test_a_file_that_no_post_uses_ends_too(place: Place, ada: Visitor) -> None:
    photo = small_jpeg()
    target = await asked(ada, len(photo))
    assert (await send(place, target, photo)).status_code == 200
    place.clock.advance(seconds=DAY_S + 1)
    await ada.log_in()
    assert await place.services.uploads.abandon.expire() == 1
    body = {"media": [{"uploadId": target["uploadId"]}]}
    refused(await ada.api("POST", "/posts", json=body), 410, "gone")
    await swept(place)
    assert await kept(place) == {}


async def test_a_whole_file_is_finished_whoever_was_cut_off(place: Place, ada: Visitor) -> None:
    """Killed between its last byte and its last row; its client comes back, or never does."""
    photo = small_jpeg()
    back, away = await asked(ada, len(photo)), await asked(ada, len(photo))
    for target in (back, away):
        async with place.shape.partials.hold(target["uploadId"]) as partial:
            await partial.append(_chunks(photo))
    # One got as far as its place.
    async with place.shape.partials.hold(away["uploadId"]) as partial:
        await partial.place(f"originals/{ada.id}/{away['uploadId']}")
    assert (await look(ada, back)).headers["upload-offset"] == str(len(photo))
    place.clock.advance(seconds=3 * DAY_S)
    await ada.log_in()
    await place.services.uploads.abandon.expire()
    assert (await state(ada, away))["status"] == "COMPLETE"


async def test_deleted_it_is_gone(place: Place, ada: Visitor) -> None:
    photo = small_jpeg()
    whole, open_ = await asked(ada, len(photo)), await asked(ada, len(photo))
    await send(place, whole, photo)
    await piece(ada, open_["uploadId"], 0, photo[:10])
    for target in (whole, open_):
        path = f"/uploads/{target['uploadId']}"
        assert (await ada.api("DELETE", path)).status_code == 204
        refused(await ada.api("DELETE", path), 404, "not_found")
    assert await kept(place) == {}
    refused(await send(place, open_, photo), 404, "not_found")


def with_take(place: Place, **changes: Any) -> Place:
    """The same place, whose uploads are taken a little otherwise."""
    take: TakeUpload = place.services.uploads.take
    finish = dataclasses.replace(take.finish, **changes)
    take = dataclasses.replace(take, finish=finish, **changes)
    uploads = dataclasses.replace(place.services.uploads, take=take)
    services = dataclasses.replace(place.services, uploads=uploads)
    return dataclasses.replace(place, services=services, app=build_app(services))


async def piece(person: Visitor, upload_id: str, offset: int, data: bytes) -> httpx.Response:
    headers = {**PIECE, "Upload-Offset": str(offset)}
    return await person.api("PATCH", f"/uploads/tus/{upload_id}", headers=headers, content=data)


async def look(person: Visitor, target: dict[str, Any]) -> httpx.Response:
    return await person.api("HEAD", f"/uploads/tus/{target['uploadId']}", headers=TUS)


async def swept(place: Place) -> None:
    """Run the sweeps, with files long past their grace: those are as old as this machine says."""
    place.clock.advance(seconds=400 * DAY_S)
    await place.services.uploads.abandon.expire()
    await sweep_blobs(place.shape).run()
    place.clock.advance(seconds=-400 * DAY_S)


async def _chunks(data: bytes) -> AsyncIterator[bytes]:
    yield data
