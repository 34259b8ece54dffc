"""Posts and media as rows, and back."""

from collections.abc import Iterable
from typing import Any

import msgspec
import sqlalchemy as sa

from calotype.kernel.ids import shard_of
from calotype.media.look import AS_IT_IS, Look
from calotype.posts.lifecycle import Status
from calotype.posts.post import (
    Audience,
    Facts,
    Medium,
    MediumKind,
    MediumStatus,
    Place,
    Post,
    Source,
)


def as_json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def post_row(post: Post) -> dict[str, Any]:
    return {
        "shard": shard_of(post.post_id),
        "post_id": post.post_id,
        "author_id": post.author_id,
        "status": post.status,
        "reason": post.reason,
        "reason_code": post.reason_code,
        "published_id": post.published_id,
        "caption": post.caption,
        "tags": as_json(post.tags),
        "mentions": as_json(post.mentions),
        "place": as_json(post.place) if post.place else None,
        "audience": post.audience,
        "edited_ms": post.edited_ms,
    }


def post_of(row: sa.Row[Any], media: Iterable[Medium]) -> Post:
    return Post(
        post_id=row.post_id,
        author_id=row.author_id,
        status=Status(row.status),
        caption=row.caption,
        tags=msgspec.json.decode(row.tags, type=tuple[str, ...]),
        mentions=msgspec.json.decode(row.mentions, type=tuple[str, ...]),
        audience=Audience(row.audience),
        media=tuple(media),
        place=msgspec.json.decode(row.place, type=Place) if row.place else None,
        published_id=row.published_id,
        reason=row.reason,
        reason_code=row.reason_code,
        edited_ms=row.edited_ms,
    )


def medium_row(medium: Medium) -> dict[str, Any]:
    return {
        "shard": shard_of(medium.media_id),
        "media_id": medium.media_id,
        "post_id": medium.post_id,
        "author_id": medium.author_id,
        "position": medium.position,
        "status": medium.status,
        "reason": medium.reason,
        "reason_code": medium.reason_code,
        "key": medium.key,
        "content_type": medium.content_type,
        "size": medium.size,
        "sha256": medium.sha256,
        "alt_text": medium.alt_text,
        "look": None if medium.look == AS_IT_IS else as_json(medium.look),
        "kind": medium.kind,
        "former_key": medium.former_key,
        "recipe": medium.recipe,
        "source": medium.source,
    }


def medium_of(row: sa.Row[Any]) -> Medium:
    ready = row.status == MediumStatus.READY
    return Medium(
        media_id=row.media_id,
        post_id=row.post_id,
        author_id=row.author_id,
        position=row.position,
        key=row.key,
        content_type=row.content_type,
        size=row.size,
        sha256=row.sha256,
        alt_text=row.alt_text,
        look=msgspec.json.decode(row.look, type=Look) if row.look else AS_IT_IS,
        status=MediumStatus(row.status),
        reason=row.reason,
        reason_code=row.reason_code,
        facts=_facts(row) if ready else None,
        kind=MediumKind(row.kind),
        progress=row.progress,
        former_key=row.former_key,
        recipe=row.recipe,
        source=Source(row.source),
    )


def _facts(row: sa.Row[Any]) -> Facts:
    # What was processed before there were videos has no length.
    return Facts(row.width, row.height, row.blurhash, row.duration_ms or 0, bool(row.sound))
