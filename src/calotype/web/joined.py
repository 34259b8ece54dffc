"""Pages of posts joined from fragments: the bytes of a FeedView, without encoding it again."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial

import msgspec

from calotype.posts.lifecycle import Status
from calotype.web.engagement import NOTHING, PostFacts
from calotype.web.services import Services
from calotype.web.views import PostView, ViewerView, show_posts

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
    facts: Mapping[int, PostFacts],
    next_cursor: str | None,
) -> bytes:
    """The page of these posts, each a fragment and the viewer's facts."""
    end = b"]}" if next_cursor is None else b'],"nextCursor":"%b"}' % next_cursor.encode()
    if not heads:
        return b'{"posts":[' + end
    if not facts:
        return b'{"posts":[' + _NOTHING_THEN_NEXT.join(heads) + _NOTHING + end
    posts = [
        head + _tail(facts.get(post_id, NOTHING))
        for post_id, head in zip(post_ids, heads, strict=True)
    ]
    return b'{"posts":[' + b",".join(posts) + end


async def _make(services: Services, post_ids: Iterable[int]) -> Mapping[int, bytes]:
    as_of = services.fragments.versions.now
    posts = await services.posts.by_ids(post_ids)
    shown = [post for post in posts.values() if post.status in _SHOWN]
    heads = {int(view.post_id): _head(view) for view in await show_posts(services, shown)}
    services.fragments.keep(as_of, heads)
    return heads


def _head(post: PostView) -> bytes:
    """Without the viewer's facts, which are a PostView's last fields."""
    facts = PostFacts(post.likes, post.viewer.liked, post.viewer.saved)
    return _JSON.encode(post).removesuffix(_tail(facts))


def _tail(facts: PostFacts) -> bytes:
    viewer = _JSON.encode(ViewerView(liked=facts.liked, saved=facts.saved))
    return b',"likes":%d,"viewer":%b}' % (facts.likes, viewer)


_NOTHING = _tail(NOTHING)
_NOTHING_THEN_NEXT = _NOTHING + b","
