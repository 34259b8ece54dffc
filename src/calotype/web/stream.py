"""The live stream: server-sent events for one person."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import HeaderParameter
from litestar.response import ServerSentEvent, ServerSentEventMessage
from msgspec import Struct, json

from calotype.accounts.account import Identity
from calotype.kernel.errors import Malformed, Unauthenticated
from calotype.notify.notices import Notice
from calotype.posts.events import FAILED, PUBLISHED
from calotype.posts.store import Advance
from calotype.web.authentication import token_of
from calotype.web.notifications import show_notification
from calotype.web.problems import refusals
from calotype.web.services import Services

HEARTBEAT_S = 15.0


@get("/stream", responses=refusals(401), operation_id="stream")
async def stream(
    request: Request[Any, Any, Any],
    me: NamedDependency[Identity],
    services: NamedDependency[Services],
    last_event_id: Annotated[str | None, HeaderParameter(name="Last-Event-ID")] = None,
) -> ServerSentEvent:
    """Notices as they come.

    Of one's own posts: post.published and post.failed, with {postId, status, reason?, reasonCode?}.
    Of what others do: notification, as /notifications lists it.

    While a video is made, progress with {postId, mediaId, progress} in percent, without an id.

    Read it with fetch and the Authorization header. It ends when the token does; come back with a
    fresh one and the Last-Event-ID.
    """
    if last_event_id is not None and not last_event_id.isdigit():
        raise Malformed("Last-Event-ID is the id of an event of this stream")
    services.streams.check(me.user_id)
    last_id = int(last_event_id) if last_event_id else None
    notices = services.notices.live.follow(me.user_id, last_id, HEARTBEAT_S)
    token = token_of(request) or ""
    return ServerSentEvent(_counted(services, me.user_id, _messages(services, me, token, notices)))


async def _counted(
    services: Services, user_id: int, messages: AsyncIterator[ServerSentEventMessage]
) -> AsyncIterator[ServerSentEventMessage]:
    # Counted from the first message on: a stream that never starts could not be counted off.
    with services.streams.opened(user_id):
        async for message in messages:
            yield message


async def _messages(
    services: Services, me: Identity, token: str, coming: AsyncIterator[Notice | Advance | None]
) -> AsyncIterator[ServerSentEventMessage]:
    yield _comment("listening")
    closing = asyncio.ensure_future(services.closing.wait())
    try:
        while True:
            following = asyncio.ensure_future(anext(coming))
            await asyncio.wait({following, closing}, return_when=asyncio.FIRST_COMPLETED)
            if not following.done():
                following.cancel()
                return
            if (told := following.result()) is not None:
                for message in await _messages_of(services, me, told):
                    yield message
            elif not await _still_good(services, token):
                return
            else:
                yield _comment("heartbeat")
    finally:
        closing.cancel()


class ProgressView(Struct, rename="camel"):
    post_id: str
    media_id: str
    progress: int


async def _messages_of(
    services: Services, me: Identity, told: Notice | Advance
) -> list[ServerSentEventMessage]:
    """One message, or none if what the notice tells of has gone."""
    if isinstance(told, Advance):
        view = ProgressView(str(told.post_id), str(told.media_id), told.percent)
        return [ServerSentEventMessage(event="progress", data=json.encode(view).decode())]
    id_ = str(told.notice_id)
    if told.kind in {PUBLISHED, FAILED}:
        return [ServerSentEventMessage(id=id_, event=told.kind, data=told.body.decode())]
    return [
        ServerSentEventMessage(
            id=id_,
            event="notification",
            data=json.encode(show_notification(services, shown)).decode(),
        )
        for shown in await services.notices.read.show(me.user_id, [told])
    ]


def _comment(words: str) -> ServerSentEventMessage:
    """What clients skip: it keeps the connection awake, and lets both sides see it die."""
    return ServerSentEventMessage(comment=words, data=None)


async def _still_good(services: Services, token: str) -> bool:
    try:
        await services.people.verifier.verify(token)
    except Unauthenticated:
        return False
    return True


HANDLERS = [stream]
