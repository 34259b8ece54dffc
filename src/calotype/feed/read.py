"""Read a feed: candidates -> hydrate -> filter -> rank -> diversify -> page."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from msgspec.structs import replace

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
from calotype.ranking.features import FeatureSource
from calotype.ranking.ranker import Candidate, Ranker
from calotype.ranking.served import Ranking, ServedLog

MAX_LIMIT = 100
# One's own posts that are still PROCESSING, on top of the first page.
OWN_PROCESSING = 10
# A page is filled from candidates that may turn out to be gone; after so many windows in which
# hardly anything was left, a short page with a cursor is better than a slow one.
MAX_WINDOWS = 4


class Order(StrEnum):
    RANKED = "ranked"
    CHRONOLOGICAL = "chronological"


@dataclass(frozen=True)
class ReadFeed:
    """The use case, with what it works on.

    From a first page to the end, no post comes twice, and none is missed that was in the feed at
    the first page and stayed visible until the end. In a ranked feed no author comes more than 3
    times in a row while another's post of the same ranking is still to come. That holds for the
    ranking as it was made: where what stood between has vanished since, where a lost snapshot was
    ranked again, and in the chronological rest, a run may be longer.
    """

    posts: PostStore
    candidates: Candidates
    features: FeatureSource
    ranker: Ranker
    served: ServedLog
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
            return await self._page(reader_id, decode_cursor(cursor, FeedCursor), limit)
        processing = await self._own_processing(reader_id, limit)
        # They may be published before the next statement reads: not twice, then.
        start = _start(order, fingerprints(post.post_id for post in processing))
        rest = limit - len(processing)
        if rest == 0:
            return Page(processing, encode_cursor(start))
        page = await self._page(reader_id, start, rest)
        return Page([*processing, *page.items], page.next_cursor)

    async def _page(self, reader_id: int, at: FeedCursor, limit: int) -> Page[Post]:
        if isinstance(at, ChronologicalCursor):
            return await self._chronological(reader_id, at, limit)
        return await self._ranked(reader_id, at, limit)

    async def _ranked(self, reader_id: int, at: RankedCursor, limit: int) -> Page[Post]:
        snapshot = await self.snapshots.get(reader_id, at.snapshot) if at.snapshot else None
        if snapshot is None:
            snapshot = await self._rank(reader_id, at)
            name = await self.snapshots.keep(reader_id, snapshot)
            watermark = max(
                (each.published_id for each in snapshot.ranked), default=at.watermark - 1
            )
            at = RankedCursor(
                watermark=min(at.watermark, watermark + 1),
                snapshot=name,
                served=at.served,
                floor=min(at.floor, snapshot.floor or 0),
            )
        shown = snapshot.ranked[at.offset : at.offset + limit]
        posts = await self._hydrate(await self._fresh(reader_id, at, shown))
        served = fingerprints((each.post_id for each in shown), at.served)
        offset = at.offset + len(shown)
        if offset < len(snapshot.ranked):
            following = encode_cursor(replace(at, offset=offset, served=served))
        elif snapshot.floor is None:
            following = None
        else:
            # Old posts that came after the first ranking lift the floor of the next one.
            lifted = snapshot.floor > at.floor
            following = encode_cursor(
                ChronologicalCursor(snapshot.floor, served if lifted else b"")
            )
        return Page(posts, following)

    async def _rank(self, reader_id: int, at: RankedCursor) -> Snapshot:
        window = await self.candidates.ranked_window(reader_id, at.watermark, self.ranked_together)
        unserved = without(window.candidates, at.served)
        wanted = await self.candidates.still_wanted(reader_id, unserved)
        now_ms = self.clock.now_ms()
        features = await self.features.gather(reader_id, wanted, now_ms)
        scores = self.ranker.scores(reader_id, wanted, features)
        rankings = [Ranking(*each) for each in zip(wanted, features, scores, strict=True)]
        rankings.sort(key=lambda ranking: -ranking.score)
        self.served.served(reader_id, rankings, now_ms)
        return Snapshot(diversify([each.candidate for each in rankings]), window.floor)

    async def _fresh(
        self, reader_id: int, at: RankedCursor, shown: list[Candidate]
    ) -> list[Candidate]:
        """On later pages, what went away since the feed was ranked is left out."""
        return shown if at.offset == 0 else await self.candidates.still_wanted(reader_id, shown)

    async def _chronological(
        self, reader_id: int, at: ChronologicalCursor, limit: int
    ) -> Page[Post]:
        found: list[Candidate] = []
        floor: int | None = at.before
        for _ in range(MAX_WINDOWS):
            if floor is None or len(found) > limit:
                break
            window = await self.candidates.window(reader_id, floor, 2 * limit + 10)
            unserved = without(window.candidates, at.served)
            found += await self.candidates.still_wanted(reader_id, unserved)
            floor = window.floor
        shown = found[:limit]
        if len(found) > limit:
            floor = shown[-1].published_id
        following = None if floor is None else encode_cursor(replace(at, before=floor))
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


def _start(order: Order, served: bytes) -> FeedCursor:
    if order == Order.CHRONOLOGICAL:
        return ChronologicalCursor(MAX_ID, served)
    return RankedCursor(MAX_ID, served=served)
