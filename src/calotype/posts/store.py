"""The ports to posts and to idempotency keys."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

import msgspec

from calotype.connections.sql import Transaction
from calotype.posts.lifecycle import Status
from calotype.posts.post import Audience, Facts, Failure, Medium, MediumKind, Place, Post


class Changes(msgspec.Struct, frozen=True):
    """What an author may change in a post. The maps are by medium; what is not in them stays."""

    caption: str
    tags: tuple[str, ...]
    mentions: tuple[str, ...]
    place: Place | None
    audience: Audience
    edited_ms: int
    alt_texts: Mapping[int, str]
    keys: Mapping[int, str]
    """New keys of renditions."""


class Arrival(msgspec.Struct, frozen=True):
    """What is known of a medium's file once it is there; SHA-256 in hex."""

    content_type: str
    size: int
    sha256: str
    kind: MediumKind


class Standing(msgspec.Struct, frozen=True):
    """As much of a post as decides who may see it."""

    author_id: int
    status: Status
    audience: Audience
    published_id: int | None


class MediumStanding(msgspec.Struct, frozen=True):
    """As much of a medium and its post as a request for a file of it needs."""

    author_id: int
    status: Status
    audience: Audience
    ready: bool
    key: str
    former_key: str = ""


class Advance(msgspec.Struct, frozen=True):
    """How much of a waiting video is made, in percent."""

    post_id: int
    media_id: int
    percent: int


class PostStore(Protocol):
    """Posts with their media, on the author's shard. Verbs with `tx` join a transaction."""

    def insert(self, tx: Transaction, post: Post) -> None:
        """Create the post and its media. Raises AlreadyExists if its id is taken."""
        ...

    def load(self, tx: Transaction, post_id: int) -> Post | None: ...

    def move(
        self,
        tx: Transaction,
        post_id: int,
        to: Status,
        *,
        failure: Failure | None = None,
        published_id: int | None = None,
    ) -> None:
        """Move a post along its lifecycle; keeps the author's count of published posts.

        Raises:
            IllegalMove: its present state does not lead there; nothing is changed.
            NotFound: there is no such post.
        """
        ...

    def edit(self, tx: Transaction, post_id: int, changes: Changes) -> None: ...

    def arrive(self, tx: Transaction, media_id: int, arrival: Arrival) -> None:
        """Record the file of a medium whose post was made before it was there."""
        ...

    def settle(self, tx: Transaction, media_id: int, outcome: Facts | Failure) -> None:
        """Record that a medium is ready (its facts) or failed."""
        ...

    def replace_renditions(self, tx: Transaction, media_id: int, key: str, facts: Facts) -> None:
        """Record that a READY medium's renditions lie under a new key, made by today's recipe."""
        ...

    def retire_original(self, tx: Transaction, media_id: int) -> None:
        """Record that a medium's master has taken the place of its original."""
        ...

    def reopen(self, tx: Transaction, media_id: int) -> None:
        """Let a failed medium wait for processing again."""
        ...

    def advance(self, tx: Transaction, media_id: int, percent: int) -> None:
        """Record how much of a video is made; changes nothing unless it waits."""
        ...

    def drop(self, tx: Transaction, media_id: int) -> None:
        """Remove a medium's row; the sweep, if nothing else, then removes its blobs."""
        ...

    def erase(self, tx: Transaction, post_id: int) -> None:
        """Blank a post's words and its media's, for good; the rows stay, so that ids do."""
        ...

    async def get(self, post_id: int) -> Post | None: ...

    async def by_ids(self, post_ids: Iterable[int]) -> dict[int, Post]:
        """Those that exist; two statements a node, whatever their number (at most 1,000)."""
        ...

    async def standings(self, post_ids: Iterable[int]) -> dict[int, Standing]:
        """How those that exist stand; one statement a node (at most 1,000 ids)."""
        ...

    async def medium(self, media_id: int) -> tuple[Medium, Post] | None:
        """A medium and the post it belongs to."""
        ...

    async def medium_standing(self, media_id: int) -> MediumStanding | None:
        """How a medium stands: one statement, since every request for a file asks."""
        ...

    async def published_ids(
        self, author_id: int, before: int, limit: int, audiences: Collection[Audience]
    ) -> list[tuple[int, int]]:
        """(published_id, post_id) of an author's PUBLISHED posts below `before`, newest first."""
        ...

    async def processing_ids(self, author_id: int, limit: int) -> list[int]:
        """The author's posts that are PROCESSING, newest first."""
        ...

    async def advances(self, author_id: int, limit: int) -> list[Advance]:
        """How far the author's videos are that are being made; one statement."""
        ...

    async def published_count(self, author_id: int) -> int: ...

    async def of_author(self, author_id: int, limit: int) -> list[Post]:
        """Up to `limit` of an author's posts, in whatever state."""
        ...

    async def written_by(self, author_id: int, after: int, limit: int) -> list[Post]:
        """An author's posts in whatever state but PURGED, ids above `after`, oldest first."""
        ...

    def remove(self, tx: Transaction, author_id: int, post_ids: Sequence[int]) -> None:
        """Remove posts of an author who left, their media, and the author's count; idempotent.

        Unlike PURGED, which a post stays in, nothing of it is left.
        """
        ...

    async def stuck(self, before_ms: int, after: int, limit: int) -> list[Post]:
        """Posts PROCESSING, created before `before_ms`, with ids above `after`, oldest first."""
        ...


class Claimed(msgspec.Struct, frozen=True):
    """What stands under an idempotency key: a finished post, or 0 while it is in flight."""

    post_id: int
    fingerprint: str


class IdempotencyKeys(Protocol):
    """`Idempotency-Key`s of an account, kept for 24 hours."""

    async def claim(self, account_id: int, key: str) -> Claimed | None:
        """Take the key for a request; None if it is ours now, else what stands under it."""
        ...

    def complete(
        self, tx: Transaction, account_id: int, key: str, post_id: int, fingerprint: str
    ) -> None:
        """Bind a claimed key to the post that this transaction creates."""
        ...

    async def release(self, account_id: int, key: str) -> None:
        """Give a claimed key back after the request failed."""
        ...

    async def release_all(self) -> None:
        """Give back what a predecessor of this process held when it died; called at its start."""
        ...

    async def sweep(self) -> None:
        """Forget keys older than 24 hours."""
        ...

    async def forget(self, account_id: int) -> None:
        """Forget the keys of an account that was closed. Idempotent."""
        ...
