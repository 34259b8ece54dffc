"""What clients are shown: the JSON of accounts, posts and pages.

Absent values are left out, lists may be empty; nothing is ever null.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import UNSET, Struct, UnsetType

from calotype.accounts.account import Account
from calotype.engagement.read import Engagement
from calotype.kernel.clock import to_datetime
from calotype.kernel.ids import time_of
from calotype.media.renditions import VIDEO_RENDITIONS
from calotype.posts.lifecycle import Status
from calotype.posts.post import Audience, Medium, MediumKind, MediumStatus, Place, Post
from calotype.web.services import Services


class AuthorView(Struct, rename="camel"):
    user_id: str
    username: str
    name: str
    avatar: str | UnsetType = UNSET
    """The URL of a picture 150 pixels wide."""


class MediumView(Struct, rename="camel"):
    media_id: str
    type: MediumKind
    alt_text: str
    urls: dict[str, str]
    """By rendition name: w150, w320, w640, w1080, w1080.jpg; of a video also 720p.mp4 and 480p.mp4, and
    the others are its poster. Empty until it is ready."""
    width: int | UnsetType = UNSET
    """Of the picture, turned and cropped but not made smaller, in pixels."""
    height: int | UnsetType = UNSET
    blurhash: str | UnsetType = UNSET
    duration: float | UnsetType = UNSET
    """Of a video, in seconds."""
    sound: bool | UnsetType = UNSET
    """Whether a video has one."""
    loop: bool | UnsetType = UNSET
    """Of a video: it was an animated picture, and starts anew at its end."""
    progress: int | UnsetType = UNSET
    """How much of a video is made, in percent, while it is being made; for its author."""
    reason: str | UnsetType = UNSET
    """Why it failed; its author may drop it and publish the rest."""
    reason_code: str | UnsetType = UNSET
    """The same for programs: that of the error, or worn_out, or lost."""


class ViewerView(Struct, rename="camel"):
    """What the one who asks has done with the post."""

    liked: bool
    saved: bool


class PostView(Struct, rename="camel", kw_only=True):
    post_id: str
    author_id: str
    author: AuthorView
    status: Status
    caption: str
    tags: list[str]
    mentions: list[str]
    audience: Audience
    media_urls: list[str]
    """One URL a medium, of its largest rendition (a video's 720p.mp4); empty until they are ready."""
    media: list[MediumView]
    timestamp: datetime
    """When it was published; while it is not, when it was created."""
    location: Place | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    """Why it FAILED, for its author."""
    reason_code: str | UnsetType = UNSET
    edited_at: datetime | UnsetType = UNSET
    # Last, since a page is joined from what comes before and these (joined.py).
    likes: int
    comments: int
    viewer: ViewerView


class CreatedView(Struct, rename="camel"):
    post_id: str
    media_url: str
    """Answers 404 until the photo or video is processed."""
    status: Status
    timestamp: datetime


class FeedView(Struct, rename="camel"):
    posts: list[PostView]
    next_cursor: str | UnsetType = UNSET


class PersonView(Struct, rename="camel"):
    user_id: str
    username: str
    name: str
    since: datetime
    avatar: str | UnsetType = UNSET


class PeopleView(Struct, rename="camel"):
    people: list[PersonView]
    next_cursor: str | UnsetType = UNSET


class FollowView(Struct, rename="camel"):
    status: str
    timestamp: datetime | UnsetType = UNSET


class ProfileView(Struct, rename="camel"):
    user_id: str
    username: str
    name: str
    bio: str
    post_count: int
    follower_count: int
    following_count: int
    following: bool
    """Whether the one who asks follows this person."""
    posts: list[PostView]
    avatar: str | UnsetType = UNSET
    next_cursor: str | UnsetType = UNSET


async def show_posts(
    services: Services, posts: list[Post], viewer_id: int | None
) -> list[PostView]:
    """Posts with their authors and engagement: three round trips, whatever their number."""
    authors = await services.people.accounts.by_ids({post.author_id for post in posts})
    engagement = await services.engagement.kept.of(viewer_id, [post.post_id for post in posts])
    return [
        show_post(services, post, authors, engagement[post.post_id])
        for post in posts
        if post.author_id in authors
    ]


def show_post(
    services: Services, post: Post, authors: Mapping[int, Account], engagement: Engagement
) -> PostView:
    media = [_show_medium(services, medium, post.audience) for medium in post.media]
    return PostView(
        post_id=str(post.post_id),
        author_id=str(post.author_id),
        author=show_author(services, authors[post.author_id]),
        status=post.status,
        caption=post.caption,
        tags=list(post.tags),
        mentions=list(post.mentions),
        audience=post.audience,
        media_urls=[_main_url(medium) for medium in media if medium.urls],
        media=media,
        likes=engagement.likes,
        comments=engagement.comments,
        timestamp=to_datetime(time_of(post.published_id or post.post_id)),
        viewer=ViewerView(liked=engagement.liked, saved=engagement.saved),
        location=post.place or UNSET,
        reason=post.reason or UNSET,
        reason_code=post.reason_code or UNSET,
        edited_at=to_datetime(post.edited_ms) if post.edited_ms else UNSET,
    )


def show_created(services: Services, post: Post) -> CreatedView:
    first = post.media[0]
    return CreatedView(
        post_id=str(post.post_id),
        media_url=services.urls.url(first, _main_file(first), post.audience),
        status=post.status,
        timestamp=to_datetime(time_of(post.post_id)),
    )


def show_author(services: Services, account: Account) -> AuthorView:
    return AuthorView(
        user_id=str(account.user_id),
        username=account.username,
        name=account.name,
        avatar=show_avatar(services, account),
    )


def show_avatar(services: Services, account: Account) -> str | UnsetType:
    """The URL of the small picture that stands beside a name."""
    return (
        UNSET if account.avatar_id is None else services.urls.of_avatar(account.avatar_id)["w150"]
    )


def _show_medium(services: Services, medium: Medium, audience: Audience) -> MediumView:
    facts = medium.facts
    return MediumView(
        media_id=str(medium.media_id),
        type=medium.kind,
        alt_text=medium.alt_text,
        urls=services.urls.of(medium, audience),
        width=facts.width if facts else UNSET,
        height=facts.height if facts else UNSET,
        blurhash=facts.blurhash if facts else UNSET,
        reason=medium.reason or UNSET,
        reason_code=medium.reason_code or UNSET,
        **_show_moving(medium),
    )


def _show_moving(medium: Medium) -> dict[str, Any]:
    """What is said of a video alone."""
    if medium.kind != MediumKind.VIDEO:
        return {}
    # What is being made is its author's to see alone, as its post is.
    waits = medium.status == MediumStatus.WAITING
    facts = medium.facts
    return {
        "loop": medium.loops,
        "progress": medium.progress if waits else UNSET,
        "duration": facts.duration_ms / 1_000 if facts else UNSET,
        "sound": facts.sound if facts else UNSET,
    }


def _main_file(medium: Medium) -> str:
    return VIDEO_RENDITIONS[0].file_name if medium.kind == MediumKind.VIDEO else "w1080.webp"


def _main_url(medium: MediumView) -> str:
    return medium.urls.get(VIDEO_RENDITIONS[0].name) or medium.urls["w1080"]
