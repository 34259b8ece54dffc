"""The outermost layer of the web process: what holds for every request, whatever its route.

It says who asks (through proxies that are trusted), gives the request its id, counts it against
its rates, holds it to its time, completes the answer's headers, and writes the access line.
"""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

from calotype.accounts.verifier import Verifier
from calotype.kernel.errors import CalotypeError, TimedOut, TooSlow
from calotype.kernel.trace import begin_trace, is_sane, new_trace
from calotype.uploads.pace import drain
from calotype.web.access import AccessLog, Answered
from calotype.web.bodies import DRAINED_BYTES, DRAINED_S
from calotype.web.deadlines import Deadline, Deadlines
from calotype.web.exchange import App, Exchange, Receive, Scope, Send
from calotype.web.figures import WebFigures
from calotype.web.headers import Policy
from calotype.web.problems import refuse
from calotype.web.proxies import Peer, Proxies
from calotype.web.quick import QuickDoor
from calotype.web.rates import Rates
from calotype.web.routes import Kind, kind_of
from calotype.web.settings import WebSettings


@dataclass(frozen=True)
class Edge:
    """An ASGI application around the one that has the routes."""

    app: App
    quick: QuickDoor
    settings: WebSettings
    proxies: Proxies
    policy: Policy
    rates: Rates
    verifier: Verifier
    figures: WebFigures
    deadlines: Deadlines
    access: AccessLog

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        exchange = Exchange(
            scope, receive, send, kind_of(scope["method"], scope["path"]), self.policy
        )
        host, _ = scope["client"] or ("", 0)
        peer = self.proxies.peer(host, scope["scheme"], scope["headers"])
        scope["client"] = (peer.address, 0)
        scope["scheme"] = peer.scheme
        theirs = exchange.headers.get(b"x-request-id")
        trace = _sane(theirs) if theirs else new_trace()
        begin_trace(trace)  # the server runs each request as a task of its own
        exchange.extra.append((b"x-request-id", trace.encode()))
        try:
            await self._answer(exchange, peer)
        finally:
            self._report(exchange, trace)

    async def _answer(self, exchange: Exchange, peer: Peer) -> None:
        allowed = self.policy.preflight(exchange.scope["method"], exchange.headers)
        if allowed is not None:
            await exchange.answer(204, allowed, b"")
            return
        asker = self._asker(exchange)
        verdict = await self.rates.request(exchange.kind, peer.key, asker)
        if verdict is not None:
            exchange.extra += verdict.headers()
            if not verdict.allowed:
                await _refuse(exchange, verdict.refusal())
                return
        ready = self.quick.find(exchange, asker)
        if ready is None:
            await self._within_time(exchange)
            return
        exchange.scope["path_template"] = ready.route
        await exchange.answer(200, ready.headers, ready.body)

    def _asker(self, exchange: Exchange) -> int | None:
        """Who asks, if their token was seen before: a new one is the route's to judge."""
        scheme, _, token = exchange.headers.get(b"authorization", b"").partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        identity = self.verifier.known(token.strip().decode("latin-1"))
        return identity.user_id if identity else None

    async def _within_time(self, exchange: Exchange) -> None:
        if not exchange.kind.timed:
            await self.app(exchange.scope, exchange.receive, exchange.send)
            return
        deadline = Deadline(self.deadlines)
        try:
            with deadline:
                await self.app(exchange.scope, exchange.receive, exchange.send)
        except TimeoutError:
            if not deadline.expired:
                raise
            # An answer that has begun is left in the middle: the server then closes the connection.
            if not exchange.started:
                await _refuse(exchange, self._late(exchange))

    def _late(self, exchange: Exchange) -> CalotypeError:
        seconds = self.settings.request_s
        if exchange.waits_for_body:
            return TooSlow(f"the request was not there after {seconds:g} s; send it faster")
        return TimedOut(
            f"no answer was found in {seconds:g} s; look whether it had its effect", retry_after=5
        )

    def _report(self, exchange: Exchange, trace: str) -> None:
        method, route, status = exchange.method, exchange.route, exchange.status
        seconds = exchange.seconds
        self.figures.requests.add(method, route, str(status))
        if exchange.kind is not Kind.STREAM:
            self.figures.seconds.observe(seconds, method, route)
        ms = round(seconds * 1000, 1)
        self.access.tell(
            Answered(time.time(), trace, method, route, status, ms, exchange.sent_bytes)
        )


def _sane(theirs: bytes) -> str:
    trace = theirs.decode("latin-1")
    return trace if is_sane(trace) else new_trace()


async def _refuse(exchange: Exchange, error: CalotypeError) -> None:
    """Answer with a problem; a body that is on its way is read first, unless it is too slow."""
    status, headers, body = refuse(error)
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    if isinstance(error, TooSlow):
        raw.append((b"connection", b"close"))
    elif exchange.body_is_open:
        await drain(_rest(exchange), DRAINED_BYTES, DRAINED_S)
    await exchange.answer(status, raw, body)


async def _rest(exchange: Exchange) -> AsyncIterator[bytes]:
    while exchange.body_is_open:
        message = await exchange.receive()
        if message["type"] == "http.disconnect":
            return
        yield message["body"]
