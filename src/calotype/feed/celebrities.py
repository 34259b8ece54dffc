"""Celebrities: authors whose posts are merged into feeds at read, and not fanned out (decision 018).

Guarantees: a post of theirs costs a number of writes that does not grow with their followers; who
crosses the line either way loses no post for anyone. Refuses: to look further back than 30 days
for what an author published while they were a celebrity that they are no more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import islice

import msgspec

from calotype.cache.cache import Cache
from calotype.connections.sql import Database
from calotype.engagement.affinity import AffinityStore
from calotype.graph.celebrities import CelebrityStore
from calotype.graph.store import GraphStore
from calotype.kernel.clock import Clock
from calotype.kernel.ids import MAX_ID, shard_of
from calotype.posts.recent import Recent, RecentPosts
from calotype.ranking.ranker import Candidate

# Who is a celebrity stays one until this share of the threshold: who stands at the line does not
# go to and fro.
REMAINS_ABOVE = 0.9
# Who ceased to be one is merged for as long as a timeline is looked back upon.
MERGED_AFTER_MS = 30 * 86_400_000
# An author's newest posts that are kept in the cache.
KEPT = 50
# In a ranked feed: how many celebrities, and how many posts of each.
PICKED_CELEBRITIES, PICKED_POSTS = 10, 5


@dataclass(frozen=True)
class CelebrityLine:
    """The line between authors whose posts are fanned out and those whose posts are merged."""

    database: Database
    graph: GraphStore
    celebrities: CelebrityStore
    clock: Clock
    threshold: int

    async def is_beyond(self, author_id: int) -> bool:
        """Whether an author is a celebrity as of now; who crosses the line is noted. Idempotent.

        Two reads, and one write to cross it.
        """
        followers = (await self.graph.counts(author_id)).followers
        fame = await self.celebrities.fame(author_id)
        was = fame is not None and fame.lasts
        now_ms, shard = self.clock.now_ms(), shard_of(author_id)
        if not was and followers >= self.threshold:
            await self.database.write(
                shard, lambda tx: self.celebrities.rise(tx, author_id, now_ms)
            )
            return True
        if was and followers < self.threshold * REMAINS_ABOVE:
            await self.database.write(
                shard, lambda tx: self.celebrities.fall(tx, author_id, now_ms)
            )
            return False
        return was


@dataclass(frozen=True)
class CelebrityPosts:
    """The posts of the celebrities that a reader follows.

    Attributes:
        kept_s: life of an author's newest posts in the cache, in seconds. Where the cache is one
            process's own, no longer than a post may take to be seen; in a shared one, days.
    """

    celebrities: CelebrityStore
    recent: RecentPosts
    cache: Cache
    clock: Clock
    affinities: AffinityStore
    kept_s: float

    async def window(self, reader_id: int, before: int, size: int) -> list[Candidate]:
        """The newest `size` of them all below `before`, newest first: for the order of time.

        One statement, and one for each 100 authors whose cached posts do not reach that far.
        """
        authors = await self.followed(reader_id)
        lists = await self._newest(authors, before, size)
        return list(islice(merge(*lists.values(), key=_later), size))

    async def picked(self, reader_id: int, authors: Sequence[int], before: int) -> list[Candidate]:
        """At most 5 of each of 10 below `before`, newest first: for the ranked order.

        Those 10 are the closest to the reader, and among equally close ones who published last.
        """
        if not authors:
            return []
        lists = await self._newest(authors, before, PICKED_POSTS)
        published = [author_id for author_id in authors if lists[author_id]]
        if len(published) > PICKED_CELEBRITIES:
            now_ms = self.clock.now_ms()
            close = await self.affinities.affinity(reader_id, published, now_ms)
            published.sort(
                key=lambda each: (close.get(each, 0.0), lists[each][0].published_id), reverse=True
            )
        picked = (lists[each][:PICKED_POSTS] for each in published[:PICKED_CELEBRITIES])
        return list(merge(*picked, key=_later))

    async def write_through(self, author_id: int) -> None:
        """Put the author's newest 50 posts into the cache, so that no reader need look for them."""
        newest = await self.recent.newest_of([author_id], MAX_ID, KEPT)
        await self._keep(author_id, [_candidate(each) for each in newest[author_id]])

    async def followed(self, reader_id: int) -> list[int]:
        """The celebrities whom a reader follows, and who was one in the last 30 days; one statement."""
        after_ms = self.clock.now_ms() - MERGED_AFTER_MS
        return await self.celebrities.followed_by(reader_id, after_ms)

    async def _newest(
        self, authors: Sequence[int], before: int, size: int
    ) -> dict[int, list[Candidate]]:
        found: dict[int, list[Candidate]] = {}
        for author_id in authors:
            kept = await self.cache.get(_key(author_id))
            if kept is not None:
                every = msgspec.msgpack.decode(kept, type=list[Candidate])
                below = [each for each in every if each.published_id < before]
                # Fewer than 50 kept are all that there are.
                if len(below) >= size or len(every) < KEPT:
                    found[author_id] = below[:size]
        missing = [author_id for author_id in authors if author_id not in found]
        if missing:
            looked = await self.recent.newest_of(missing, before, max(size, KEPT))
            for author_id, posts in looked.items():
                candidates = [_candidate(each) for each in posts]
                if before == MAX_ID:
                    await self._keep(author_id, candidates[:KEPT])
                found[author_id] = candidates[:size]
        return found

    async def _keep(self, author_id: int, newest: Sequence[Candidate]) -> None:
        await self.cache.put(_key(author_id), msgspec.msgpack.encode(newest), self.kept_s)


def _candidate(post: Recent) -> Candidate:
    return Candidate(post.published_id, post.post_id, post.author_id)


def _later(candidate: Candidate) -> int:
    return -candidate.published_id


def _key(author_id: int) -> str:
    return f"feed.celebrity/{author_id}"
