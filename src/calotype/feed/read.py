"""Read a feed: candidates -> filter -> rank -> diversify -> page."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

import msgspec
from msgspec.structs import replace

from calotype.feed.candidates import Candidates, Window
from calotype.feed.diversify import diversify
from calotype.feed.lists import ReadyList, ReadyLists
from calotype.feed.page import FeedPage
from calotype.feed.snapshot import (
    ChronologicalCursor,
    FeedCursor,
    RankedCursor,
    Snapshot,
    Snapshots,
    fingerprints,
    read_position,
    without,
)
from calotype.kernel.clock import Clock
from calotype.kernel.errors import Invalid
from calotype.kernel.ids import MAX_ID, shard_of
from calotype.kernel.paging import encode_cursor
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
    lists: ReadyLists
    clock: Clock
    ranked_together: int

    async def read(self, reader_id: int, cursor: str | None, limit: int, order: Order) -> FeedPage:
        """A page of 1 to 100 posts. A cursor keeps the order that it was made in.

        A time (RFC 3339) as cursor is where to begin in the chronological order: strictly before it.

        Raises:
            Invalid: the limit is out of bounds.
            Malformed: the cursor is none of this list.
        """
        if not 1 <= limit <= MAX_LIMIT:
            raise Invalid(f"limit is a whole number from 1 to {MAX_LIMIT}", field="limit")
        if cursor:
            return await self._page(reader_id, read_position(cursor), limit)
        if order == Order.RANKED:
            ready = await self.lists.find(reader_id, partial(self._assemble, reader_id))
            return ready.page(limit)
        processing = await self.posts.processing_ids(reader_id, min(limit, OWN_PROCESSING))
        # They may be published before the next statement reads: not twice, then.
        start = ChronologicalCursor(MAX_ID, fingerprints(processing))
        rest = limit - len(processing)
        if rest == 0:
            return FeedPage(processing, encode_cursor(start))
        page = await self._chronological(reader_id, start, rest)
        return replace(page, post_ids=[*processing, *page.post_ids])

    def ready(self, reader_id: int, limit: int) -> FeedPage | None:
        """The first page of the ranked feed if it is at hand; never waits."""
        ready = self.lists.get(reader_id) if 1 <= limit <= MAX_LIMIT else None
        return None if ready is None else ready.page(limit)

    async def newer(self, reader_id: int, since: str) -> int:
        """How many posts have come since a time (RFC 3339) or the page of a cursor; at most 100.

        One's own are not counted: one knows.

        Raises:
            Malformed: `since` is neither.
        """
        at = read_position(since)
        above = at.watermark if isinstance(at, RankedCursor) else at.before
        window = await self.candidates.window(reader_id, MAX_ID, MAX_LIMIT)
        came = [
            each
            for each in window.candidates
            if each.published_id >= above and each.author_id != reader_id
        ]
        return len(await self.candidates.still_wanted(reader_id, came))

    async def _page(self, reader_id: int, at: FeedCursor, limit: int) -> FeedPage:
        if isinstance(at, ChronologicalCursor):
            return await self._chronological(reader_id, at, limit)
        snapshot = await self.snapshots.get(reader_id, at.snapshot) if at.snapshot else None
        if snapshot is None:
            snapshot, _ = await self._rank(reader_id, at)
            at = await self._keep(reader_id, at, snapshot)
            shown = snapshot.ranked[:limit]
            wanted = shown
        else:
            # What went away since the feed was ranked is left out.
            shown = snapshot.ranked[at.offset : at.offset + limit]
            wanted = await self.candidates.still_wanted(reader_id, shown)
        following = _following(at, shown, Rest(len(snapshot.ranked), snapshot.floor))
        return FeedPage([each.post_id for each in wanted], following)

    async def _assemble(self, reader_id: int) -> ReadyList:
        """Rank the reader's feed, and keep as much of it as first pages are cut from."""
        as_of = self.lists.versions.now
        processing = await self.posts.processing_ids(reader_id, OWN_PROCESSING)
        start = RankedCursor(MAX_ID)
        snapshot, window = await self._rank(reader_id, start)
        # What was published between the two statements is in the second.
        published = {each.post_id for each in snapshot.ranked}
        top = Top(
            processing=[id_ for id_ in processing if id_ not in published],
            ranked=snapshot.ranked[:MAX_LIMIT],
            rest=Rest(len(snapshot.ranked), snapshot.floor),
            at=await self._keep(reader_id, start, snapshot),
        )
        authors = {reader_id, *window.celebrities, *(each.author_id for each in window.candidates)}
        return ReadyList(
            as_of=as_of,
            authors=tuple({shard_of(author) for author in authors}),
            cut=partial(_first_page, top),
            # Their posts come from a cache of their own, which does not hear of changes.
            volatile=bool(window.celebrities),
        )

    async def _keep(self, reader_id: int, at: RankedCursor, snapshot: Snapshot) -> RankedCursor:
        """Keep a snapshot; where a reader is at its beginning."""
        name = await self.snapshots.keep(reader_id, snapshot)
        watermark = max((each.published_id for each in snapshot.ranked), default=at.watermark - 1)
        return RankedCursor(
            watermark=min(at.watermark, watermark + 1),
            snapshot=name,
            served=at.served,
            floor=min(at.floor, snapshot.floor or 0),
        )

    async def _rank(self, reader_id: int, at: RankedCursor) -> tuple[Snapshot, Window]:
        """A ranking of what lies below, and all that was looked at for it."""
        window = await self.candidates.ranked_window(reader_id, at.watermark, self.ranked_together)
        unserved = without(window.candidates, at.served)
        wanted = await self.candidates.still_wanted(reader_id, unserved)
        now_ms = self.clock.now_ms()
        features = await self.features.gather(reader_id, wanted, now_ms)
        scores = self.ranker.scores(reader_id, wanted, features)
        rankings = [Ranking(*each) for each in zip(wanted, features, scores, strict=True)]
        rankings.sort(key=lambda ranking: -ranking.score)
        ranked = diversify([each.candidate for each in rankings])
        by_post = {each.candidate.post_id: each for each in rankings}
        self.served.served(reader_id, [by_post[each.post_id] for each in ranked], now_ms)
        return Snapshot(ranked, window.floor), window

    async def _chronological(self, reader_id: int, at: ChronologicalCursor, limit: int) -> FeedPage:
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
        return FeedPage([each.post_id for each in shown], following)


class Rest(msgspec.Struct, frozen=True):
    """How many were ranked, and where the list goes on below them (None: nowhere)."""

    ranked: int
    floor: int | None


class Top(msgspec.Struct, frozen=True):
    """What first pages are cut from: the reader's posts in the works, then the first ranked ones."""

    processing: Sequence[int]
    ranked: Sequence[Candidate]
    rest: Rest
    at: RankedCursor


def _first_page(top: Top, limit: int) -> FeedPage:
    on_top = top.processing[:limit]
    at = replace(top.at, served=fingerprints(on_top))
    shown = top.ranked[: limit - len(on_top)]
    return FeedPage([*on_top, *(each.post_id for each in shown)], _following(at, shown, top.rest))


def _following(at: RankedCursor, shown: Sequence[Candidate], rest: Rest) -> str | None:
    """The cursor behind what is shown from `at`."""
    served = fingerprints((each.post_id for each in shown), at.served)
    offset = at.offset + len(shown)
    if offset < rest.ranked:
        return encode_cursor(replace(at, offset=offset, served=served))
    if rest.floor is None:
        return None
    # Old posts that came after the first ranking lift the floor of the next one.
    lifted = rest.floor > at.floor
    return encode_cursor(ChronologicalCursor(rest.floor, served if lifted else b""))
