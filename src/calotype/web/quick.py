"""The quick door: answers what is at hand without waiting, and leaves all else to the framework.

It lies behind the edge, so that rates, headers and access lines are the same. It recognises only
requests that are beyond doubt: whatever else there is to say, one place says it.
"""

from functools import lru_cache
from urllib.parse import parse_qsl

from calotype.web.exchange import App, Receive, Scope, Send
from calotype.web.feed import SOURCE_HEADER, ready_page
from calotype.web.routes import API
from calotype.web.services import Services

_FEED = f"{API}/feed"
_JSON = (b"content-type", b"application/json")
_FROM_CACHE = (SOURCE_HEADER.lower().encode(), b"cache")
# Longer ones carry a cursor.
_MOST_QUERY = 40


class QuickDoor:
    """An ASGI application before the one that has the routes."""

    def __init__(self, app: App, services: Services) -> None:
        self._app = app
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == _FEED and scope["method"] == "GET":
            body = self._feed(scope)
            if body is not None:
                scope["path_template"] = _FEED
                await _answer(send, body)
                return
        await self._app(scope, receive, send)

    def _feed(self, scope: Scope) -> bytes | None:
        reader_id = scope.get("asker")
        query = scope["query_string"]
        if reader_id is None or len(query) > _MOST_QUERY:
            return None
        limit = _limit(query)
        return None if limit is None else ready_page(self._services, reader_id, limit)


async def _answer(send: Send, body: bytes) -> None:
    length = (b"content-length", b"%d" % len(body))
    await send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [_JSON, length, _FROM_CACHE],
        }
    )
    await send({"type": "http.response.body", "body": body})


@lru_cache(maxsize=256)
def _limit(query: bytes) -> int | None:
    """How many posts of the ranked feed's beginning are asked for; None: something else is."""
    asked = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    limit = 20
    for name, value in asked:
        if name == "limit" and value.isascii() and value.isdigit():
            limit = int(value)
        elif (name, value) not in {("cursor", ""), ("order", "ranked")}:
            return None
    return limit if len(dict(asked)) == len(asked) else None
