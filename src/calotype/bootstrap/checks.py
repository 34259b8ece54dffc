"""What `calotype check` looks at."""

from calotype.accounts.adapters.census import SqlNameCensus
from calotype.bootstrap.common import (
    abandon_upload,
    build_post_census,
    reconcile_posts,
    sweep_blobs,
)
from calotype.bootstrap.shape import Embedded
from calotype.feed.backfill import Backfill
from calotype.feed.fanout import FANOUT_LANE
from calotype.feed.presence import Presence
from calotype.graph.adapters.census import SqlGraphCensus
from calotype.upkeep.checks import Check
from calotype.upkeep.leftovers import OrphanedBlobs, OrphanedPartials, UnfinishedWrites
from calotype.upkeep.media import DamagedOriginals, JoblessPosts, MissingRenditions, Shelves
from calotype.upkeep.rows import DamagedDatabase, OneSidedEdges, UnborneNames, WrongCounts
from calotype.upkeep.timelines import MissingEntries
from calotype.workers.handlers import FEED_GROUP


def build_checks(shape: Embedded, *, deep: bool) -> list[Check]:
    """What `calotype check` looks at: edges before their counts, which mending them changes."""
    posts, graph = build_post_census(shape), SqlGraphCensus(shape.core)
    shelves = Shelves(shape.core, posts, shape.posts, shape.blobs, shape.jobs)
    grace_ms = int(shape.settings.uploads.sweep_grace_s * 1_000)

    async def feed_is_busy() -> bool:
        waiting = (
            await shape.events.next_due(FEED_GROUP),
            await shape.jobs.next_due(FANOUT_LANE),
            await shape.core.read(0, shape.outbox.newest_id) or None,
        )
        return any(each is not None for each in waiting)

    return [
        DamagedDatabase(shape.core, "core"),
        DamagedDatabase(shape.timeline_database, "timelines"),
        JoblessPosts(shelves, reconcile_posts(shape)),
        MissingRenditions(shelves),
        DamagedOriginals(shelves, deep),
        OrphanedBlobs(sweep_blobs(shape), shape.blobs),
        OrphanedPartials(abandon_upload(shape)),
        UnfinishedWrites(shape.blobs, shape.clock, grace_ms),
        OneSidedEdges(shape.core, graph),
        WrongCounts(shape.core, graph, "people with wrong counts of follows"),
        WrongCounts(shape.core, posts, "people with wrong counts of posts"),
        UnborneNames(SqlNameCensus(shape.core), shape.clock),
        MissingEntries(
            census=graph,
            posts=shape.posts,
            timelines=shape.timelines,
            backfill=Backfill(shape.posts, shape.graph, shape.timelines),
            celebrities=shape.celebrities,
            presence=Presence(shape.visits, shape.clock),
            clock=shape.clock,
            is_busy=feed_is_busy,
        ),
    ]
