"""Clients that post, follow, edit and cancel at the same time, and remember what they were told."""

import random
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx

from tests.faults.history import History, Kind, Operation, Outcome
from tests.faults.pictures import picture
from tests.faults.resuming import Resuming
from tests.server import Person, Server, eventually

# A server that is killed again and again may need so long to come back to a client, in seconds.
PATIENCE_S = 90.0
MIX = {
    Kind.UPLOAD: 36,
    Kind.RESUME: 12,
    Kind.FOLLOW: 18,
    Kind.UNFOLLOW: 8,
    Kind.EDIT: 12,
    Kind.CANCEL: 8,
    Kind.LOOK: 6,
}
KEYED, REPEATED, LARGE, AHEAD = 0.5, 0.3, 0.1, 0.5
TRY_AGAIN = frozenset({409, 503})


class Numbers:
    """Numbers of operations, dealt to all clients, up to a last one."""

    def __init__(self, count: int) -> None:
        self._left = iter(range(count))
        self._lock = threading.Lock()

    def take(self) -> int | None:
        with self._lock:
            return next(self._left, None)


@dataclass
class Client:
    """One thread, which acts for some people; nobody else does, so that their acts have an order."""

    server: Server
    people: Sequence[Person]
    everyone: Sequence[Person]
    numbers: Numbers
    history: History
    chance: random.Random
    failure: BaseException | None = None
    _posts: dict[str, list[str]] = field(default_factory=dict)

    def run(self) -> None:
        # No connection is used twice: one that died idle would make a request's fate unknown.
        limits = httpx.Limits(max_keepalive_connections=0)
        base = self.server.url + "/api/v1"
        try:
            with httpx.Client(base_url=base, limits=limits, timeout=PATIENCE_S) as http:
                while (number := self.numbers.take()) is not None:
                    self._act(http, number)
        except BaseException as error:
            self.failure = error

    def _act(self, http: httpx.Client, number: int) -> None:
        person = self.chance.choice(self.people)
        kind = self.chance.choices([*MIX], [*MIX.values()])[0]
        own = self._posts.setdefault(person.id, [])
        if kind in {Kind.EDIT, Kind.CANCEL} and not own:
            kind = Kind.UPLOAD
        operation = Operation(number, kind, person.id)
        match kind:
            case Kind.UPLOAD:
                self._upload(http, person, operation, own)
            case Kind.RESUME:
                self._resume(http, person, operation, own)
            case Kind.FOLLOW | Kind.UNFOLLOW:
                operation.target = self.chance.choice(
                    [other.id for other in self.everyone if other is not person]
                )
                verb = "POST" if kind == Kind.FOLLOW else "DELETE"
                self._once(http, person, operation, verb, f"/users/{operation.target}/follow")
            case Kind.EDIT:
                operation.target = self.chance.choice(own[-5:])
                operation.caption = f"edited by operation {number}"
                path, body = f"/posts/{operation.target}", {"caption": operation.caption}
                self._once(http, person, operation, "PATCH", path, json=body)
            case Kind.CANCEL:
                # Mostly the newest: it may be in the works still.
                operation.target = own[-1] if self.chance.random() < 0.8 else own[0]
                self._once(http, person, operation, "DELETE", f"/posts/{operation.target}")
            case Kind.LOOK:
                self.history.invoke(operation)
                operation.finding = self._look(http, person)
                self.history.end(operation, Outcome.ACKNOWLEDGED, {})

    def _upload(
        self, http: httpx.Client, person: Person, operation: Operation, own: list[str]
    ) -> None:
        files = [("mediaFile", ("a.jpg", photo)) for photo in self._photos(operation)]
        form = {"data": {"caption": operation.caption}, "files": files}
        self._post(http, person, operation, own, form)

    def _resume(
        self, http: httpx.Client, person: Person, operation: Operation, own: list[str]
    ) -> None:
        """Send files in pieces and make a post of them, before they are there or afterwards."""
        ask = partial(self._send, http, person, operation)
        uploads = [
            Resuming(ask, operation, photo, self.chance, PATIENCE_S)
            for photo in self._photos(operation)
        ]
        for upload in uploads:
            upload.begin()
        media = [{"uploadId": upload.upload_id} for upload in uploads]
        form = {"json": {"caption": operation.caption, "media": media}}
        ahead = self.chance.random() < AHEAD
        if ahead:
            self._post(http, person, operation, own, form)
        for upload in uploads:
            upload.send()
        if not ahead:
            self._post(http, person, operation, own, form)

    def _photos(self, operation: Operation) -> list[bytes]:
        """Decide what the operation posts."""
        count = self.chance.choice((1, 1, 2, 3))
        operation.photos = tuple(operation.number * 10 + index for index in range(count))
        operation.caption = f"operation {operation.number}"
        large = self.chance.random() < LARGE
        return [picture(photo, large) for photo in operation.photos]

    def _post(
        self,
        http: httpx.Client,
        person: Person,
        operation: Operation,
        own: list[str],
        form: dict[str, Any],
    ) -> None:
        if self.chance.random() >= KEYED:
            self._once(http, person, operation, "POST", "/posts", **form)
        else:
            operation.key = f"key-{operation.number}"
            self._until_answered(http, person, operation, form)
        if operation.outcome == Outcome.ACKNOWLEDGED:
            own.append(operation.answer["postId"])

    def _until_answered(
        self, http: httpx.Client, person: Person, operation: Operation, form: dict[str, Any]
    ) -> None:
        """Send it with its key until it is acknowledged, and sometimes once more."""
        form["headers"] = {"Idempotency-Key": operation.key}
        self.history.invoke(operation)

        def attempt() -> httpx.Response | None:
            answer = self._send(http, person, operation, "POST", "/posts", **form)
            return answer if answer is not None and answer.status_code not in TRY_AGAIN else None

        answer = eventually(attempt, f"an answer to {operation}", PATIENCE_S)
        if answer.status_code == 201 and self.chance.random() < REPEATED:
            again = eventually(attempt, f"an answer to {operation} repeated", PATIENCE_S)
            if again.status_code != 201 or again.json()["postId"] != answer.json()["postId"]:
                operation.finding = f"{answer.text}, but repeated {again.text}"
        self.history.end(operation, _outcome(answer), answer.json())

    def _once(
        self,
        http: httpx.Client,
        person: Person,
        operation: Operation,
        verb: str,
        path: str,
        **content: Any,
    ) -> None:
        self.history.invoke(operation)
        answer = self._send(http, person, operation, verb, path, **content)
        self.history.end(operation, _outcome(answer), answer.json() if answer is not None else {})

    def _send(
        self,
        http: httpx.Client,
        person: Person,
        operation: Operation,
        verb: str,
        path: str,
        **content: Any,
    ) -> httpx.Response | None:
        """The answer, or None if the connection broke before it came."""
        headers = {
            **content.pop("headers", {}),
            "Authorization": person.http.headers["Authorization"],
        }

        def connect() -> tuple[httpx.Response | None] | None:
            try:
                answer = http.request(verb, path, headers=headers, **content)
            except httpx.ConnectError:
                return None  # nothing listens: nothing was asked
            except httpx.TimeoutException:
                raise
            except httpx.TransportError:
                return (None,)
            return (answer,)

        operation.requests += 1
        (answer,) = eventually(connect, f"a server to connect to for {operation}", PATIENCE_S)
        if answer is not None and answer.status_code == 500:
            operation.finding = answer.text
        return answer

    def _look(self, http: httpx.Client, person: Person) -> str:
        """Read the feed; a published post whose rendition is missing is a finding."""
        seen = Operation(-1, Kind.LOOK, person.id)
        feed = self._send(http, person, seen, "GET", "/feed", params={"limit": 5})
        if feed is None or feed.status_code != 200:
            return seen.finding
        for post in feed.json()["posts"]:
            if post["status"] != "PUBLISHED":
                continue
            for medium in post["media"]:
                for path in medium["urls"].values():
                    file = self._send(http, person, seen, "GET", self.server.url + path)
                    if file is not None and file.status_code == 404:
                        return self._confirmed(http, person, seen, post["postId"], path)
        return seen.finding

    def _confirmed(
        self, http: httpx.Client, person: Person, seen: Operation, post_id: str, path: str
    ) -> str:
        """It may have been withdrawn between the two looks; else it is half published."""
        again = self._send(http, person, seen, "GET", f"/posts/{post_id}")
        if again is None or again.status_code != 200 or again.json()["status"] != "PUBLISHED":
            return ""
        return f"post {post_id} is PUBLISHED, but {path} is not there"


def _outcome(answer: httpx.Response | None) -> Outcome:
    if answer is None or answer.status_code >= 500:
        return Outcome.UNKNOWN
    return Outcome.ACKNOWLEDGED if answer.is_success else Outcome.REFUSED


def run(clients: Sequence[Client]) -> None:
    """Run all clients to their end.

    Raises:
        AssertionError: one of them could not go on.
    """
    threads = [threading.Thread(target=client.run) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for client in clients:
        if client.failure is not None:
            raise AssertionError("a client could not go on") from client.failure
