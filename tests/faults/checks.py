"""Holds a settled server to a history. Each check returns findings; none is as it should be."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from calotype.feed.backfill import BACKFILLED
from calotype.kernel.ids import first_id_at
from calotype.media.renditions import RENDITIONS
from tests.faults import inside
from tests.faults.expectations import Expected, ExpectedPost
from tests.faults.history import History
from tests.faults.pictures import shows
from tests.server import Person


def seen_by_clients(history: History) -> list[str]:
    """What clients met meanwhile that must never be."""
    return [operation.finding for operation in history if operation.finding]


def posts(expected: Expected, people: Sequence[Person], data: Path) -> list[str]:
    """Every acknowledged post is there as it was acknowledged, whole."""
    by_id = {person.id: person for person in people}
    statuses = inside.statuses(data)
    findings: list[str] = []
    for post in expected.posts.values():
        findings += _post(post, by_id[post.author], statuses.get(post.post_id))
    return findings


def _post(expected: ExpectedPost, author: Person, status: str | None) -> Iterator[str]:
    name = f"post {expected.post_id} ({' or '.join(sorted(expected.captions))})"
    if status is None:
        yield f"{name} is lost"
        return
    if status not in expected.statuses:
        yield f"{name} is {status}, not {sorted(expected.statuses)}"
    if status == "PURGED":
        return
    shown = author.read(f"/posts/{expected.post_id}")
    if shown["caption"] not in expected.captions:
        yield f"{name} has the caption {shown['caption']!r}"
    if len(shown["media"]) != len(expected.photos):
        yield f"{name} has {len(shown['media'])} media instead of {len(expected.photos)}"
        return
    if status == "PUBLISHED":
        for medium, photo in zip(shown["media"], expected.photos, strict=True):
            yield from _medium(name, author.http, medium, photo)


def _medium(name: str, http: httpx.Client, medium: dict[str, Any], photo: int) -> Iterator[str]:
    if set(medium["urls"]) != {rendition.name for rendition in RENDITIONS}:
        yield f"{name} has only the renditions {sorted(medium['urls'])}"
    for path in medium["urls"].values():
        answer = http.get(http.base_url.copy_with(path=path))
        if answer.status_code != 200:
            yield f"{name} is PUBLISHED, but {path} answers {answer.status_code}"
        elif not shows(answer.content, photo):
            yield f"{name} shows another picture at {path}"


def uploads(expected: Expected, data: Path) -> list[str]:
    """No upload made two posts, and none half a one."""
    keyed = inside.rows(data, "SELECT key, post_id FROM idempotency_keys WHERE post_id != 0")
    by_key = {key: str(post_id) for key, post_id in keyed}
    findings = [
        f"{operation} is bound to post {by_key.get(operation.key)}"
        for operation in expected.uploads
        if operation.key is not None and by_key.get(operation.key) != operation.answer.get("postId")
    ]
    # Posts that nobody was told of: an upload whose answer broke may have made one.
    possible = {upload.caption for upload in expected.uploads if "postId" not in upload.answer}
    for post_id, caption in inside.rows(data, "SELECT post_id, caption FROM posts"):
        if str(post_id) in expected.posts:
            continue
        if caption not in possible:
            findings.append(f"post {post_id} ({caption}) was made a second time")
        possible.discard(caption)
    childless = "SELECT post_id FROM posts WHERE post_id NOT IN (SELECT post_id FROM media)"
    return findings + [
        f"post {post_id} has no media" for (post_id,) in inside.rows(data, childless)
    ]


def dead_ends(data: Path, letters: Sequence[str]) -> list[str]:
    """A post that FAILED has worn out its tries, and an operator sees it."""
    listed = {tuple(letter.split()[1:3]) for letter in letters}
    failed = inside.rows(
        data,
        "SELECT posts.post_id, posts.reason, media_id FROM posts JOIN media "
        "ON media.shard = posts.shard AND media.post_id = posts.post_id "
        "WHERE posts.status = 'FAILED' AND media.status = 'FAILED'",
    )
    findings = [
        f"post {post_id} FAILED ({reason}), but no dead letter names medium {media_id}"
        for post_id, reason, media_id in failed
        if ("media.process", str(media_id)) not in listed
    ]
    unfinished = [
        post_id
        for post_id, status in inside.statuses(data).items()
        if status in {"UPLOADING", "PROCESSING"}
    ]
    return findings + [f"post {post_id} never settled" for post_id in unfinished]


def graph(expected: Expected, people: Sequence[Person]) -> list[str]:
    """Every acknowledged edge stands, on both sides, and the counts are those of the lists."""
    findings = []
    following = {person.id: _listed(person, "following") for person in people}
    followers = {person.id: _listed(person, "followers") for person in people}
    for (follower, followee), possible in expected.edges.items():
        stands = followee in following[follower]
        if stands not in possible:
            findings.append(f"{follower} follows {followee}: {stands}, not {possible}")
        if stands != (follower in followers[followee]):
            findings.append(f"{follower} and {followee} disagree about their edge")
    for person in people:
        profile = person.read(f"/users/{person.id}/profile")
        counted = profile["followerCount"], profile["followingCount"]
        listed = len(followers[person.id]), len(following[person.id])
        if counted != listed:
            findings.append(f"{person.id} counts {counted}, but lists {listed}")
        if set(following[person.id]) - {b for a, b in expected.edges if a == person.id}:
            findings.append(f"{person.id} follows someone unasked")
    return findings


def feeds(people: Sequence[Person], data: Path) -> list[str]:
    """Followers have what was published since they followed, and the last 10 before."""
    findings = []
    published = {person.id: _published(person.id, data) for person in people}
    for reader in people:
        feed = _chronological(reader)
        if len(set(feed)) != len(feed):
            findings.append(f"the feed of {reader.id} repeats posts")
        wanted = {post_id for _, post_id in published[reader.id]}
        for followee, since in _listed(reader, "following").items():
            newest = sorted(published[followee], reverse=True)
            wanted |= {post_id for _, post_id in newest[:BACKFILLED]}
            wanted |= {post_id for at, post_id in newest if at > since}
        findings += [
            f"the feed of {reader.id} lacks post {post_id}"
            for post_id in sorted(wanted - set(feed))
        ]
    for person in people:
        count = person.read(f"/users/{person.id}/profile")["postCount"]
        if count != len(published[person.id]):
            findings.append(f"{person.id} counts {count} posts of {len(published[person.id])}")
    return findings


def _published(author: str, data: Path) -> list[tuple[int, str]]:
    """(when, post id) of an author's published posts; when as in an edge's id."""
    found = inside.rows(
        data,
        "SELECT published_id, post_id FROM posts WHERE status = 'PUBLISHED' AND author_id = ?",
        int(author),
    )
    return [(published_id, str(post_id)) for published_id, post_id in found]


def _chronological(reader: Person) -> list[str]:
    return [
        post["postId"]
        for page in _pages(reader, "/feed", order="chronological", limit=50)
        for post in page["posts"]
    ]


def _listed(person: Person, side: str) -> dict[str, int]:
    """The people on one side of a person's edges, and since when."""
    return {
        other["userId"]: _id_at(other["since"])
        for page in _pages(person, f"/users/{person.id}/{side}", limit=100)
        for other in page["people"]
    }


def _pages(person: Person, path: str, **params: Any) -> Iterator[Any]:
    while True:
        page = person.read(path, **params)
        yield page
        if "nextCursor" not in page:
            return
        params["cursor"] = page["nextCursor"]


def _id_at(time: str) -> int:
    """An id that no post published later has a smaller one than."""
    return first_id_at(int(datetime.fromisoformat(time).timestamp() * 1000) + 1)
