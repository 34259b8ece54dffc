"""Read a feed: candidates -> hydrate -> filter -> rank -> diversify -> page."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from calotype.feed.candidates import Candidates
from calotype.feed.diversify import diversify
from calotype.feed.snapshot import (
    ChronologicalCursor,
    FeedCursor,
    RankedCursor,
    Snapshot,
    Snapshots,
    fingerprints,
    without,
)
from calotype.kernel.clock import Clock
from calotype.kernel.errors import Invalid
from calotype.kernel.ids import MAX_ID
from calotype.kernel.paging import Page, decode_cursor, encode_cursor
from calotype.posts.lifecycle import Status
from calotype.posts.post import Post
from calotype.posts.store import PostStore
from calotype.ranking.ranker import Candidate, Ranker

MAX_LIMIT = 100
# One's own posts that are still PROCESSING, on top of the first page.
OWN_PROCESSING = 10
# A page is filled from candidates that may turn out to be gone; after so many windows in which
# hardly anything was left, a short page with a cursor is better than a slow one.
MAX_WINDOWS = 4


class Order(StrEnum):
    RANKED = "ranked"
    CHRONOLOGICAL = "chronological"


_START: dict[Order, FeedCursor] = {
    Order.RANKED: RankedCursor(MAX_ID),
    Order.CHRONOLOGICAL: ChronologicalCursor(MAX_ID),
}


@dataclass(frozen=True)
class ReadFeed:
    """The use case, with what it works on."""

    posts: PostStore
    candidates: Candidates
    ranker: Ranker
    snapshots: Snapshots
    clock: Clock
    ranked_together: int

    async def read(
        self, reader_id: int, cursor: str | None, limit: int, order: Order
    ) -> Page[Post]:
        """A page of 1 to 100 posts. A cursor keeps the order that it was made in.

        Raises:
            Invalid: the limit is out of bounds.
            Malformed: the cursor is none of this list.
        """
        if not 1 <= limit <= MAX_LIMIT:
            raise Invalid(f"limit is a whole number from 1 to {MAX_LIMIT}", field="limit")
        if cursor:
            position: RankedCursor | ChronologicalCursor = decode_cursor(cursor, FeedCursor)
            if isinstance(position, ChronologicalCursor):
                return await self._chronological(reader_id, position.before, limit)
            return await self._ranked(reader_id, position, limit)
        processing = await self._own_processing(reader_id, limit)
        rest = limit - len(processing)
        if rest == 0:
            page = Page[Post]([], encode_cursor(_START[order]))
        elif order == Order.CHRONOLOGICAL:
            page = await self._chronological(reader_id, MAX_ID, rest)
        else:
            page = await self._ranked(reader_id, RankedCursor(MAX_ID), rest)
        return Page([*processing, *page.items], page.next_cursor)

    async def _ranked(self, reader_id: int, at: RankedCursor, limit: int) -> Page[Post]:
        snapshot = await self.snapshots.get(reader_id, at.snapshot) if at.snapshot else None
        if snapshot is None:
            snapshot = await self._rank(reader_id, at)
            name = await self.snapshots.keep(reader_id, snapshot)
            watermark = max(
                (each.published_id for each in snapshot.ranked), default=at.watermark - 1
            )
            at = RankedCursor(min(at.watermark, watermark + 1), name, 0, at.served)
        shown = snapshot.ranked[at.offset : at.offset + limit]
        posts = await self._hydrate(await self._fresh(reader_id, at, shown))
        offset = at.offset + len(shown)
        if offset < len(snapshot.ranked):
            served = at.served + fingerprints(shown)
            following = encode_cursor(RankedCursor(at.watermark, at.snapshot, offset, served))
        elif snapshot.floor is not None:
            following = encode_cursor(ChronologicalCursor(snapshot.floor))
        else:
            following = None
        return Page(posts, following)

    async def _rank(self, reader_id: int, at: RankedCursor) -> Snapshot:
        window = await self.candidates.window(reader_id, at.watermark, self.ranked_together)
        wanted = await self.candidates.still_wanted(
            reader_id, without(window.candidates, at.served)
        )
        scores = self.ranker.scores(reader_id, wanted, self.clock.now_ms())
        ranked = [
            each for _, each in sorted(zip(scores, wanted, strict=True), key=lambda pair: -pair[0])
        ]
        return Snapshot(diversify(ranked), window.floor)

    async def _fresh(
        self, reader_id: int, at: RankedCursor, shown: list[Candidate]
    ) -> list[Candidate]:
        """On later pages, what went away since the feed was ranked is left out."""
        return shown if at.offset == 0 else await self.candidates.still_wanted(reader_id, shown)

    async def _chronological(self, reader_id: int, before: int, limit: int) -> Page[Post]:
        found: list[Candidate] = []
        floor: int | None = before
        for _ in range(MAX_WINDOWS):
            if floor is None or len(found) > limit:
                break
            window = await self.candidates.window(reader_id, floor, 2 * limit + 10)
            found += await self.candidates.still_wanted(reader_id, window.candidates)
            floor = window.floor
        shown = found[:limit]
        if len(found) > limit:
            floor = shown[-1].published_id
        following = None if floor is None else encode_cursor(ChronologicalCursor(floor))
        return Page(await self._hydrate(shown), following)

    async def _own_processing(self, reader_id: int, limit: int) -> list[Post]:
        ids = await self.posts.processing_ids(reader_id, min(limit, OWN_PROCESSING))
        return await self._posts(ids) if ids else []

    async def _hydrate(self, candidates: Sequence[Candidate]) -> list[Post]:
        posts = await self._posts([each.post_id for each in candidates])
        return [post for post in posts if post.status == Status.PUBLISHED]

    async def _posts(self, ids: Sequence[int]) -> list[Post]:
        posts = await self.posts.by_ids(ids)
        return [posts[id_] for id_ in ids if id_ in posts]
