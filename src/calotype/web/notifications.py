"""Notifications: what one is told of others and of one's own posts."""

from datetime import datetime

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody
from msgspec import UNSET, Struct, UnsetType

from calotype.accounts.account import Identity
from calotype.engagement.comment import Comment
from calotype.kernel.clock import to_datetime
from calotype.kernel.ids import parse_id, time_of
from calotype.notify.read import Notification
from calotype.web.problems import refusals
from calotype.web.services import Services
from calotype.web.views import AuthorView, show_author


class NotedCommentView(Struct, rename="camel"):
    comment_id: str
    text: str


class NotificationView(Struct, rename="camel"):
    notification_id: str
    """A grouped one gets a new id, and is unread again, when more people join in."""
    kind: str
    """post.liked, comment.liked, comment.written, comment.answered, post.mentioned,
    comment.mentioned, user.followed, post.published, post.failed"""
    read: bool
    timestamp: datetime
    people: list[AuthorView]
    """The last three of those it is about."""
    count: int
    """How many it is about: 13 for "ana and 12 others"; 0 where it is about nobody."""
    post_id: str | UnsetType = UNSET
    comment: NotedCommentView | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    """Why one's own post failed."""


class NotificationsView(Struct, rename="camel"):
    notifications: list[NotificationView]
    next_cursor: str | UnsetType = UNSET


class UnreadView(Struct, rename="camel"):
    unread: int
    """100 stands for more, too."""


class ReadNotifications(Struct, rename="camel", forbid_unknown_fields=True):
    up_to: str
    """The notificationId of the newest that one has seen; those before it are read as well."""


@get("/notifications", responses=refusals(401), operation_id="listNotifications")
async def notifications(
    me: NamedDependency[Identity],
    services: NamedDependency[Services],
    cursor: FromQuery[str] = "",
    limit: FromQuery[int] = 20,
) -> NotificationsView:
    """What one is told, newest first, of the last 30 days."""
    page = await services.notices.read.page(me.user_id, cursor or None, limit)
    shown = [show_notification(services, each) for each in page.items]
    return NotificationsView(shown, page.next_cursor or UNSET)


@get("/notifications/count", responses=refusals(401), operation_id="countNotifications")
async def count(me: NamedDependency[Identity], services: NamedDependency[Services]) -> UnreadView:
    """How many are unread."""
    return UnreadView(await services.notices.read.unread(me.user_id))


@post(
    "/notifications/read",
    status_code=200,
    responses=refusals(401),
    operation_id="readNotifications",
)
async def read(
    data: JSONBody[ReadNotifications],
    me: NamedDependency[Identity],
    services: NamedDependency[Services],
) -> UnreadView:
    """Note that one has read up to a notification; how many are unread then."""
    await services.notices.store.mark_read(me.user_id, parse_id(data.up_to, "upTo"))
    return UnreadView(await services.notices.read.unread(me.user_id))


def show_notification(services: Services, each: Notification) -> NotificationView:
    outcome = each.outcome
    post_id = outcome.post_id if outcome else str(each.post_id) if each.post_id else UNSET
    return NotificationView(
        notification_id=str(each.notice.notice_id),
        kind=each.notice.kind,
        read=each.read,
        timestamp=to_datetime(time_of(each.notice.notice_id)),
        people=[show_author(services, account) for account in each.people],
        count=each.count,
        post_id=post_id,
        comment=_show_comment(each.comment) if each.comment else UNSET,
        reason=(outcome.reason if outcome else "") or UNSET,
    )


def _show_comment(comment: Comment) -> NotedCommentView:
    return NotedCommentView(str(comment.comment_id), comment.text)


HANDLERS = [notifications, count, read]
