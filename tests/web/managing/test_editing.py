"""Editing posts, and narrowing their audience."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from calotype.kernel.errors import Unavailable
from calotype.posts.post import Audience, Post
from calotype.posts.rekey import Rekey
from tests.inprocess import Place, Visitor, content
from tests.stores import new_post, start
from tests.web.managing.world import act, work_off_upkeep

pytestmark = pytest.mark.anyio


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
