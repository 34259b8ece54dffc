"""EngagementCensus on the relational store."""

from collections.abc import AsyncIterator

import sqlalchemy as sa

from calotype.connections.pages import pages
from calotype.connections.sql import Database, Transaction
from calotype.engagement.adapters.tables import comments_table, likers_table, tallies_table
from calotype.kernel.ids import shard_of

_t, _l, _c = tallies_table.c, likers_table.c, comments_table.c


class SqlEngagementCensus:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def miscounted(self) -> AsyncIterator[list[int]]:
        keys = (_t.shard, _t.subject_id)
        actual = (_likes().label("likes_now"), _comments().label("comments_now"))
        counts = sa.select(*keys, _t.likes, _t.comments, *actual)
        async for page in pages(self._database, counts, keys):
            yield [
                row.subject_id
                for row in page
                if (row.likes, row.comments) != (row.likes_now, row.comments_now)
            ]
        for subject, standing in (
            (_l.subject_id, _l.standing),
            (_c.post_id, _c.standing),
            (_c.reply_to, sa.and_(_c.standing, _c.reply_to != 0)),
        ):
            shard = subject.table.c.shard
            counted = sa.exists().where(_t.shard == shard, _t.subject_id == subject)
            uncounted = sa.select(shard, subject.label("uncounted")).distinct()
            async for page in pages(
                self._database, uncounted.where(standing, ~counted), (shard, subject)
            ):
                yield [row.uncounted for row in page]

    def recount(self, tx: Transaction, subject_id: int) -> None:
        shard = shard_of(subject_id)
        row = {"shard": shard, "subject_id": subject_id, "likes": 0, "comments": 0, "early": 0}
        tx.insert_new(tallies_table, [row])
        liked = sa.update(likers_table).where(_l.shard == shard, _l.subject_id == subject_id)
        tx.execute(liked.values(counted=_l.standing))
        said = sa.update(comments_table).where(
            _c.shard == shard, sa.or_(_c.post_id == subject_id, _c.reply_to == subject_id)
        )
        tx.execute(said.values(counted=_c.standing))
        counts = sa.update(tallies_table).where(_t.shard == shard, _t.subject_id == subject_id)
        tx.execute(counts.values(likes=_likes(), comments=_comments()))


def _likes() -> sa.ScalarSelect[int]:
    """How many like the subject of the counts' row."""
    likes = sa.select(sa.func.count()).where(
        _l.shard == _t.shard, _l.subject_id == _t.subject_id, _l.standing
    )
    return likes.correlate(tallies_table).scalar_subquery()


def _comments() -> sa.ColumnElement[int]:
    """How many comments there are on it: on a post all, on a comment those that answer it."""
    first = comments_table.alias("first")
    post_id = sa.select(first.c.post_id).where(
        first.c.shard == _t.shard, first.c.comment_id == _t.subject_id
    )
    every = sa.select(sa.func.count()).where(_c.shard == _t.shard, _c.standing)
    on_post = every.where(_c.post_id == _t.subject_id)
    # By way of their post, since that is how they are indexed.
    answers = every.where(
        _c.post_id == post_id.correlate(tallies_table).scalar_subquery(),
        _c.reply_to == _t.subject_id,
    )
    return (
        on_post.correlate(tallies_table).scalar_subquery()
        + answers.correlate(tallies_table).scalar_subquery()
    )
