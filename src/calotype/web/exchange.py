"""One request and its answer on their way through the edge."""

import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from calotype.web.headers import Policy, RawHeaders
from calotype.web.routes import Kind, route_name

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]

# What the access log and the figures call an answer that the client did not wait for.
CLIENT_LEFT = 499
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Exchange:
    """Completes the answer's headers, counts it, and knows how far it has come."""

    __slots__ = (
        "_began",
        "_body_done",
        "_policy",
        "_receive",
        "_send",
        "extra",
        "headers",
        "kind",
        "scope",
        "sent_bytes",
        "started",
        "status",
        "waits_for_body",
    )

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, kind: Kind, policy: Policy
    ) -> None:
        self.scope = scope
        self.kind = kind
        self.headers = dict(scope["headers"])
        self.extra: RawHeaders = []
        self.status = CLIENT_LEFT
        self.sent_bytes = 0
        self.started = False
        self.waits_for_body = False
        self._receive = receive
        self._send = send
        self._policy = policy
        self._body_done = False
        self._began = time.perf_counter()

    @property
    def method(self) -> str:
        """Of the few that there are: a client may send any word."""
        method: str = self.scope["method"]
        return method if method in _METHODS else "OTHER"

    @property
    def route(self) -> str:
        """The route's template; what matched none is counted together."""
        return route_name(self.scope.get("path_template") or "unmatched")

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._began

    @property
    def body_is_open(self) -> bool:
        """Whether bytes of the request's body may still come."""
        announced = self.headers.get(b"content-length", b"0") != b"0"
        return not self._body_done and (announced or b"transfer-encoding" in self.headers)

    async def receive(self) -> Message:
        self.waits_for_body = not self._body_done
        message = await self._receive()
        self.waits_for_body = False
        if message["type"] == "http.request":
            self._body_done = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = self._begin(message["status"], message.get("headers", ()))
        else:
            self.sent_bytes += len(message.get("body", b""))
        await self._send(message)

    async def answer(self, status: int, headers: RawHeaders, body: bytes) -> None:
        """Answer at the edge itself."""
        if status != 204:
            headers = [*headers, (b"content-length", b"%d" % len(body))]
        headers = self._begin(status, headers)
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        shown = b"" if self.method == "HEAD" else body
        self.sent_bytes = len(shown)
        await self._send({"type": "http.response.body", "body": shown})

    def _begin(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> RawHeaders:
        """The answer's headers, completed."""
        self.started = True
        self.status = status
        complete = list(headers)
        self._policy.complete(complete, self.extra, self.kind, self.headers.get(b"origin"))
        return complete
