"""The quick door: finds the answers that are at hand, without waiting for anything.

It recognises only requests that are beyond doubt: whatever else there is to say, the routes say it.
Rates, headers and access lines are the edge's, as for every request.
"""

from functools import lru_cache
from urllib.parse import parse_qsl

import msgspec

from calotype.web.exchange import Exchange
from calotype.web.feed import SOURCE_HEADER, ready_page
from calotype.web.headers import RawHeaders
from calotype.web.media import PATH as MEDIA
from calotype.web.routes import API, Kind
from calotype.web.services import Services

_FEED = f"{API}/feed"
_FEED_HEADERS = [
    (b"content-type", b"application/json"),
    (SOURCE_HEADER.lower().encode(), b"cache"),
]
_CONDITIONS = frozenset({b"if-none-match", b"range"})
# Longer ones carry a cursor.
_MOST_QUERY = 40


class Ready(msgspec.Struct, frozen=True, gc=False):
    """A whole answer of status 200, and the template of its route."""

    route: str
    headers: RawHeaders
    body: bytes


class QuickDoor:
    """What the edge asks before it lets a request through to the routes."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def find(self, exchange: Exchange, asker: int | None) -> Ready | None:
        scope = exchange.scope
        if scope["method"] != "GET":
            return None
        if exchange.kind is Kind.MEDIA:
            # Of a token that is not known, the route says what is wrong with it.
            judged = asker is not None or b"authorization" not in exchange.headers
            return self._media(exchange) if judged else None
        if asker is not None and scope["path"] == _FEED:
            return self._feed(scope["query_string"], asker)
        return None

    def _media(self, exchange: Exchange) -> Ready | None:
        scope = exchange.scope
        if scope["query_string"] or not _CONDITIONS.isdisjoint(exchange.headers):
            return None
        hot = self._services.hot.get(scope["path"])
        return None if hot is None else Ready(MEDIA, hot.headers, hot.body)

    def _feed(self, query: bytes, reader_id: int) -> Ready | None:
        limit = _limit(query) if len(query) <= _MOST_QUERY else None
        body = None if limit is None else ready_page(self._services, reader_id, limit)
        return None if body is None else Ready(_FEED, _FEED_HEADERS, body)


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
