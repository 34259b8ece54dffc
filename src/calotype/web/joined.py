"""Pages of posts joined from fragments: the bytes of a FeedView, without encoding it again."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache, partial

import msgspec

from calotype.engagement.read import NO_ENGAGEMENT, Engagement
from calotype.posts.lifecycle import Status
from calotype.web.services import Services
from calotype.web.views import PostView, ViewerView, show_post

_JSON = msgspec.json.Encoder()
# What a feed shows: what is published and, at its reader's top, what is in the works.
_SHOWN = frozenset({Status.PUBLISHED, Status.PROCESSING})


async def find_heads(services: Services, post_ids: Sequence[int]) -> Mapping[int, bytes]:
    """The fragments of those posts that are shown: from what is at hand, or read and made.

    Posts, media and authors are a statement each, if any are missing.
    """
    fragments = services.fragments
    heads = fragments.some(post_ids)
    missing = tuple(post_id for post_id in post_ids if post_id not in heads)
    if missing:
        heads |= await fragments.flights.join(missing, partial(_make, services, missing))
    return heads


def join_page(
    post_ids: Sequence[int],
    heads: Sequence[bytes],
    engagement: Mapping[int, Engagement],
    next_cursor: str | None,
) -> bytes:
    """The page of these posts, each a fragment and its engagement as the viewer sees it."""
    end = b"]}" if next_cursor is None else b'],"nextCursor":"%b"}' % next_cursor.encode()
    posts = [
        head + _tail(engagement[post_id]) for post_id, head in zip(post_ids, heads, strict=True)
    ]
    return b'{"posts":[' + b",".join(posts) + end


async def _make(services: Services, post_ids: Iterable[int]) -> Mapping[int, bytes]:
    as_of = services.fragments.versions.now
    found = await services.posts.by_ids(post_ids)
    posts = [post for post in found.values() if post.status in _SHOWN]
    authors = await services.people.accounts.by_ids({post.author_id for post in posts})
    heads = {
        post.post_id: _head(show_post(services, post, authors, NO_ENGAGEMENT))
        for post in posts
        if post.author_id in authors
    }
    services.fragments.keep(as_of, heads)
    return heads


def _head(post: PostView) -> bytes:
    """Without the engagement, which is a PostView's last fields."""
    return _JSON.encode(post).removesuffix(_tail(NO_ENGAGEMENT))


@lru_cache(maxsize=4096)
def _tail(engagement: Engagement) -> bytes:
    viewer = _JSON.encode(ViewerView(liked=engagement.liked, saved=engagement.saved))
    return b',"likes":%d,"comments":%d,"viewer":%b}' % (
        engagement.likes,
        engagement.comments,
        viewer,
    )
