"""Comments: read, write, answer, edit, withdraw, like."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.response import Response
from msgspec import UNSET, Struct, UnsetType

from calotype.accounts.account import Identity
from calotype.engagement.comment import Comment
from calotype.kernel.clock import to_datetime
from calotype.kernel.ids import parse_id, time_of
from calotype.web.engagement import LikedView, show_liked
from calotype.web.problems import refusals
from calotype.web.services import Services
from calotype.web.views import AuthorView, show_author


class NewComment(Struct, rename="camel", forbid_unknown_fields=True):
    text: str
    """1 to 2,200 characters."""
    reply_to: str | UnsetType = UNSET
    """The comment that this one answers. There is one level: an answer's answer stands beside it."""


class CommentChanges(Struct, rename="camel", forbid_unknown_fields=True):
    text: str


class CommentViewerView(Struct, rename="camel"):
    liked: bool


class CommentView(Struct, rename="camel"):
    comment_id: str
    post_id: str
    author: AuthorView
    text: str
    mentions: list[str]
    likes: int
    replies: int
    timestamp: datetime
    viewer: CommentViewerView
    reply_to: str | UnsetType = UNSET
    edited_at: datetime | UnsetType = UNSET


class CommentsView(Struct, rename="camel"):
    comments: list[CommentView]
    next_cursor: str | UnsetType = UNSET


@get("/posts/{post_id:str}/comments", responses=refusals(401, 404), operation_id="listComments")
async def comments(
    post_id: FromPath[str],
    services: NamedDependency[Services],
    viewer: NamedDependency[Identity | None],
    reply_to: Annotated[
        str, QueryParameter(name="replyTo", description="A comment's id: the answers to it.")
    ] = "",
    cursor: FromQuery[str] = "",
    limit: FromQuery[int] = 20,
) -> CommentsView:
    """Comments on a post, or answers to one of them, newest first."""
    viewer_id = viewer.user_id if viewer else None
    thread = parse_id(reply_to, "replyTo") if reply_to else 0
    page = await services.engagement.discuss.read(
        viewer_id, parse_id(post_id, "postId"), thread, cursor or None, limit
    )
    shown = await _show(services, page.items, viewer_id)
    return CommentsView(shown, page.next_cursor or UNSET)


@post(
    "/posts/{post_id:str}/comments",
    status_code=201,
    responses=refusals(401, 404),
    operation_id="addComment",
)
async def add_comment(
    post_id: FromPath[str],
    data: JSONBody[NewComment],
    me: NamedDependency[Identity],
    services: NamedDependency[Services],
) -> CommentView:
    """Comment on a post, or answer a comment."""
    reply_to = parse_id(data.reply_to, "replyTo") if data.reply_to is not UNSET else 0
    id_ = parse_id(post_id, "postId")
    written = await services.engagement.discuss.comment(me.user_id, id_, data.text, reply_to)
    return (await _show(services, [written], me.user_id))[0]


@patch("/comments/{comment_id:str}", responses=refusals(401, 404), operation_id="editComment")
async def edit_comment(
    comment_id: FromPath[str],
    data: JSONBody[CommentChanges],
    me: NamedDependency[Identity],
    services: NamedDependency[Services],
) -> CommentView:
    """Change the words of one's own comment."""
    id_ = parse_id(comment_id, "commentId")
    edited = await services.engagement.discuss.edit(me.user_id, id_, data.text)
    return (await _show(services, [edited], me.user_id))[0]


@delete(
    "/comments/{comment_id:str}",
    status_code=204,
    responses=refusals(401, 404),
    operation_id="deleteComment",
)
async def delete_comment(
    comment_id: FromPath[str], me: NamedDependency[Identity], services: NamedDependency[Services]
) -> Response[None]:
    """Take away a comment, one's own or on one's own post, with the answers to it."""
    await services.engagement.discuss.withdraw(me.user_id, parse_id(comment_id, "commentId"))
    return Response(None, status_code=204)


@post(
    "/comments/{comment_id:str}/like",
    status_code=200,
    responses=refusals(401, 404),
    operation_id="likeComment",
)
async def like_comment(
    comment_id: FromPath[str], me: NamedDependency[Identity], services: NamedDependency[Services]
) -> LikedView:
    """Like a comment; repeating it changes nothing."""
    return await _like(services, me, comment_id, standing=True)


@delete(
    "/comments/{comment_id:str}/like",
    status_code=200,
    responses=refusals(401, 404),
    operation_id="unlikeComment",
)
async def unlike_comment(
    comment_id: FromPath[str], me: NamedDependency[Identity], services: NamedDependency[Services]
) -> LikedView:
    """Take the like of a comment back; repeating it changes nothing."""
    return await _like(services, me, comment_id, standing=False)


async def _like(services: Services, me: Identity, comment_id: str, *, standing: bool) -> LikedView:
    id_ = parse_id(comment_id, "commentId")
    async with services.engagement.turns:
        await services.engagement.discuss.like(me.user_id, id_, standing=standing)
        return await show_liked(services, me, id_)


async def _show(
    services: Services, found: Sequence[Comment], viewer_id: int | None
) -> list[CommentView]:
    """Comments with their authors and engagement: three round trips, whatever their number."""
    authors = await services.people.accounts.by_ids(each.author_id for each in found)
    engagement = await services.engagement.kept.of(viewer_id, [each.comment_id for each in found])
    return [
        CommentView(
            comment_id=str(each.comment_id),
            post_id=str(each.post_id),
            author=show_author(services, authors[each.author_id]),
            text=each.text,
            mentions=list(each.mentions),
            likes=engagement[each.comment_id].likes,
            replies=engagement[each.comment_id].comments,
            timestamp=to_datetime(time_of(each.comment_id)),
            viewer=CommentViewerView(engagement[each.comment_id].liked),
            reply_to=str(each.reply_to) if each.reply_to else UNSET,
            edited_at=to_datetime(each.edited_ms) if each.edited_ms else UNSET,
        )
        for each in found
        if each.author_id in authors
    ]


HANDLERS = [comments, add_comment, edit_comment, delete_comment, like_comment, unlike_comment]
