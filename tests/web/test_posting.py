"""Uploading over HTTP: what is accepted, what is refused and how, and what is left behind."""

import io
import itertools
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from PIL import Image

from tests.photos import camera_jpeg
from tests.server import Person, Server, eventually

_names = (f"poster{number}" for number in itertools.count())


@pytest.fixture
def author(server: Server) -> Person:
    return server.person(next(_names))


@pytest.fixture(scope="module")
def photo() -> bytes:
    return camera_jpeg(width=640, height=480)


def refused(answer: httpx.Response, status: int, code: str) -> dict[str, object]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, object] = answer.json()
    assert problem["code"] == code
    assert problem["status"] == status
    assert problem["detail"]
    return problem


def originals(server: Server, author: Person) -> list[Path]:
    return list((server.data / "blobs").glob(f"originals/{author.id}/*"))


def upload(author: Person, content: bytes, **fields: str) -> httpx.Response:
    return author.http.post("/posts", files={"mediaFile": ("a.jpg", content)}, data=fields)


def png(width: int, height: int) -> bytes:
    out = io.BytesIO()
    Image.new("L", (width, height)).save(out, "PNG")
    return out.getvalue()


def test_post_without_a_log_in_is_refused_before_its_body(server: Server, photo: bytes) -> None:
    answer = httpx.post(server.url + "/api/v1/posts", files={"mediaFile": photo})
    refused(answer, 401, "unauthenticated")


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"%PDF-1.7 not a photo at all" * 50, 422, "not_an_image"),
        (b"", 422, "not_an_image"),
        (camera_jpeg(width=640, height=480)[:-20_000], 422, "truncated_image"),
        (png(16_000, 13_000), 422, "too_many_pixels"),
    ],
)
def test_bad_files_are_refused_with_a_reason_and_leave_nothing(
    server: Server, author: Person, content: bytes, status: int, code: str
) -> None:
    refused(upload(author, content), status, code)
    assert originals(server, author) == []
    assert author.read("/feed")["posts"] == []


def test_one_bad_photo_of_several_takes_the_good_ones_back(
    server: Server, author: Person, photo: bytes
) -> None:
    files = [("mediaFile", ("1.jpg", photo)), ("mediaFile", ("2.jpg", b"%PDF-1.7" + bytes(50)))]
    problem = refused(author.http.post("/posts", files=files), 422, "not_an_image")
    assert problem["index"] == 1
    assert originals(server, author) == []


def test_file_over_50_mib_is_refused(server: Server, author: Person, photo: bytes) -> None:
    large = photo + bytes(50 * 1024 * 1024)
    problem = refused(upload(author, large), 413, "too_large")
    assert problem["limit"] == 50 * 1024 * 1024
    assert originals(server, author) == []


def test_eleven_photos_are_one_too_many_and_none_is_too_few(author: Person, photo: bytes) -> None:
    files = [("mediaFile", (f"{n}.jpg", photo)) for n in range(11)]
    refused(author.http.post("/posts", files=files), 422, "invalid")
    nothing = author.http.post("/posts", files={"caption": (None, "words alone")})
    assert refused(nothing, 422, "invalid")["field"] == "mediaFile"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"captoin": "typing error"}, "captoin"),
        ({"caption": "x" * 2_201}, "caption"),
        ({"audience": "enemies"}, "audience"),
        ({"location": "not json"}, "location"),
        ({"location": '{"name": "x", "latitude": 91, "longitude": 0}'}, "location"),
        ({"location": '{"latitude": 1}'}, "location"),
        ({"media": '[{"altText": "a"}, {"altText": "b"}]'}, "media"),
        ({"media": '[{"fliter": "lacock"}]'}, "media[0]"),
        ({"media": '[{"filter": "valencia"}]'}, "media[0].filter"),
        ({"media": '[{"strength": 1.01}]'}, "media[0].strength"),
        ({"media": '[{"turn": 45}]'}, "media[0].turn"),
        ({"media": '[{"crop": "round"}]'}, "media[0].crop"),
        ({"media": '[{"crop": {"x": 0.5, "y": 0, "width": 0.6, "height": 1}}]'}, "media[0].crop"),
        (
            {"media": '[{"crop": {"x": 0, "y": 0, "width": 0.01, "height": 1}}]'},
            "media[0].crop.width",
        ),
        ({"tags": "two words"}, "tags"),
    ],
)
def test_wrong_fields_are_named_and_nothing_is_kept(
    server: Server, author: Person, photo: bytes, fields: dict[str, str], field: str
) -> None:
    answer = upload(author, photo, **fields)
    assert refused(answer, 422, "invalid")["field"] == field
    assert originals(server, author) == []


def test_neither_a_form_nor_json_is_unsupported(author: Person) -> None:
    text = {"Content-Type": "text/plain"}
    answer = author.http.post("/posts", content="caption=hello", headers=text)
    refused(answer, 415, "unsupported_media")


def test_client_gone_halfway_leaves_nothing(server: Server, author: Person, photo: bytes) -> None:
    head = (
        "POST /api/v1/posts HTTP/1.1\r\nHost: x\r\n"
        f"Authorization: {author.http.headers['Authorization']}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 5000000\r\n\r\n"
        '--b\r\nContent-Disposition: form-data; name="mediaFile"; filename="a.jpg"\r\n\r\n'
    )
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(head.encode() + photo)
        temporary = server.data / "blobs" / "tmp"
        eventually(lambda: list(temporary.iterdir()), "the upload to begin")
    eventually(lambda: not list(temporary.iterdir()), "the half file to be gone")
    assert originals(server, author) == []


def test_carousel_keeps_its_order_words_and_alt_texts(author: Person) -> None:
    photos = [camera_jpeg(width=width, height=300, seed=width) for width in (400, 410, 420)]
    created = author.post(
        *photos,
        caption="Three #Windows, by @Talbot",
        tags=["oriel", "#lattice"],
        location='{"name": "Lacock", "latitude": 51.41, "longitude": -2.11}',
        media=json.dumps([{"altText": "one"}, {}, {"altText": "three"}]),
    )
    post = author.settled(created["postId"])
    assert post["status"] == "PUBLISHED"
    assert [medium["width"] for medium in post["media"]] == [400, 410, 420]
    assert [medium["altText"] for medium in post["media"]] == ["one", "", "three"]
    assert post["tags"] == ["windows", "oriel", "lattice"]
    assert post["mentions"] == ["Talbot"]
    assert post["location"] == {"name": "Lacock", "latitude": 51.41, "longitude": -2.11}


def test_idempotency_key_returns_the_first_post(author: Person, photo: bytes) -> None:
    key = {"Idempotency-Key": "a-key"}
    first = author.post(photo, headers=key, caption="once")
    again = author.post(photo, headers=key, caption="once")
    assert again["postId"] == first["postId"]
    assert author.post(photo, caption="once")["postId"] != first["postId"]
    other = author.http.post(
        "/posts", files={"mediaFile": photo}, data={"caption": "twice"}, headers=key
    )
    refused(other, 422, "idempotency_key_reused")


def test_idempotency_key_is_free_again_after_a_refusal(author: Person, photo: bytes) -> None:
    key = {"Idempotency-Key": "retry"}
    bad = author.http.post("/posts", files={"mediaFile": b"nothing"}, headers=key)
    assert bad.status_code == 422
    assert author.post(photo, headers=key)["status"] == "PROCESSING"


def test_twin_in_flight_is_told_to_wait(server: Server, author: Person, photo: bytes) -> None:
    begun = iter_body(photo)

    def slowly() -> Iterator[bytes]:
        yield next(begun)
        yield next(begun)
        temporary = server.data / "blobs" / "tmp"
        eventually(lambda: list(temporary.iterdir()), "the first of the twins to begin")
        twin = author.http.post(
            "/posts", files={"mediaFile": photo}, headers={"Idempotency-Key": "twins"}
        )
        assert "Retry-After" in twin.headers
        refused(twin, 409, "in_flight")
        yield from begun

    answer = httpx.post(
        server.url + "/api/v1/posts",
        content=slowly(),
        headers={
            "Authorization": author.http.headers["Authorization"],
            "Idempotency-Key": "twins",
            "Content-Type": "multipart/form-data; boundary=b",
        },
        timeout=30,
    )
    assert answer.status_code == 201


def iter_body(photo: bytes) -> Iterator[bytes]:
    yield b'--b\r\nContent-Disposition: form-data; name="mediaFile"; filename="a.jpg"\r\n\r\n'
    yield photo
    yield b"\r\n--b--\r\n"


def test_unreadable_photo_fails_with_a_reason_for_its_author_alone(
    server: Server, author: Person
) -> None:
    # A whole file by its headers, whose picture data is damaged.
    out = io.BytesIO()
    Image.open(io.BytesIO(camera_jpeg(width=300, height=300))).save(out, "PNG")
    whole = out.getvalue()
    at = whole.index(b"IDAT") + 5_000
    damaged = whole[:at] + bytes(4_000) + whole[at + 4_000 :]
    post_id = author.post(damaged)["postId"]
    post = author.settled(post_id)
    assert post["status"] == "FAILED"
    assert len(post["reason"]) > 20
    assert post["reasonCode"] == post["media"][0]["reasonCode"] != ""
    assert httpx.get(f"{server.url}/api/v1/posts/{post_id}").status_code == 404
    withdrawn = author.http.delete(f"/posts/{post_id}")
    assert withdrawn.json() == {"postId": post_id, "status": "PURGED"}
    eventually(lambda: not originals(server, author), "its original to be removed")


def test_caption_is_edited_and_post_cancelled_while_it_processes(
    server: Server, author: Person
) -> None:
    busy = [author.post(camera_jpeg(seed=seed)) for seed in (1, 2)]
    created = author.post(camera_jpeg(seed=3), caption="First #word")
    path = f"/posts/{created['postId']}"
    edited = author.http.patch(path, json={"caption": "Second #thought"})
    assert edited.status_code == 200
    assert edited.json()["status"] == "PROCESSING"
    assert edited.json()["tags"] == ["thought"]
    assert author.http.delete(path).json()["status"] == "CANCELLED"
    assert author.http.delete(path).json()["status"] in {"CANCELLED", "PURGED"}
    refused(author.http.patch(path, json={"caption": "late"}), 409, "illegal_move")
    for earlier in busy:
        assert author.settled(earlier["postId"])["status"] == "PUBLISHED"
    eventually(lambda: len(originals(server, author)) == 2, "the cancelled original to go")


def test_archived_post_is_seen_by_its_author_alone(
    server: Server, author: Person, photo: bytes
) -> None:
    post = author.settled(author.post(photo)["postId"])
    url = post["mediaUrls"][0]
    assert httpx.get(server.url + url).status_code == 200
    assert author.http.delete(f"/posts/{post['postId']}").json()["status"] == "ARCHIVED"
    assert httpx.get(server.url + url).status_code == 404
    assert author.read(f"/posts/{post['postId']}")["status"] == "ARCHIVED"
    assert author.feed_ids() == []
    assert author.read(f"/users/{author.id}/profile")["postCount"] == 0
    stranger = server.person(next(_names))
    assert stranger.http.get(f"/posts/{post['postId']}").status_code == 404
    refused(stranger.http.delete(f"/posts/{post['postId']}"), 404, "not_found")


def test_followers_only_media_need_a_signature_or_a_follow(
    server: Server, author: Person, photo: bytes
) -> None:
    post = author.settled(author.post(photo, audience="followers")["postId"])
    url = post["mediaUrls"][0]
    assert "signature=" in url
    signed = httpx.get(server.url + url)
    assert signed.status_code == 200
    assert signed.headers["cache-control"].startswith("private, max-age=")
    bare = server.url + url.partition("?")[0]
    assert httpx.get(bare).status_code == 404
    assert httpx.get(f"{bare}?expires=9999999999&signature=guess").status_code == 404
    stranger = server.person(next(_names))
    assert stranger.http.get(f"/posts/{post['postId']}").status_code == 404
    assert stranger.http.get(bare).status_code == 404
    assert stranger.read(f"/users/{author.id}/profile")["posts"] == []
    stranger.follow(author)
    assert stranger.read(f"/posts/{post['postId']}")["postId"] == post["postId"]
    assert stranger.http.get(bare).status_code == 200


def test_media_that_is_being_made_answers_not_ready(server: Server, author: Person) -> None:
    busy = [author.post(camera_jpeg(seed=seed)) for seed in (1, 2)]
    created = author.post(camera_jpeg(seed=3))
    answer = httpx.get(server.url + created["mediaUrl"])
    refused(answer, 404, "not_ready")
    assert answer.headers["cache-control"] == "no-store"
    assert "retry-after" in answer.headers
    for post in (*busy, created):
        author.settled(post["postId"])
    answer = httpx.get(server.url + created["mediaUrl"])
    assert answer.status_code == 200
    assert httpx.head(server.url + created["mediaUrl"]).headers["content-length"] == str(
        len(answer.content)
    )
    fresh = httpx.get(
        server.url + created["mediaUrl"], headers={"If-None-Match": answer.headers["etag"]}
    )
    assert fresh.status_code == 304
