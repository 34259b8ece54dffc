"""Comments on the relational store, on the post's shard."""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from calotype.connections.sql import Database, Transaction
from calotype.engagement.adapters.tables import comments_table
from calotype.engagement.adapters.tallies import CHUNK, SqlTallies, add_minutes, add_to_tallies
from calotype.engagement.comment import Comment
from calotype.engagement.events import CommentChanged
from calotype.engagement.minutes import minute_of
from calotype.kernel.errors import AlreadyExists
from calotype.kernel.ids import shard_of, time_of

_c = comments_table.c
_COLUMNS = (
    _c.comment_id,
    _c.post_id,
    _c.author_id,
    _c.reply_to,
    _c.text,
    _c.mentions,
    _c.edited_ms,
)


class SqlComments:
    """CommentStore over one table. A row says whether it is counted, as a liker's does."""

    def __init__(self, database: Database, tallies: SqlTallies) -> None:
        self._database = database
        self._tallies = tallies

    def insert(self, tx: Transaction, comment: Comment) -> None:
        row = {
            "shard": shard_of(comment.comment_id),
            "comment_id": comment.comment_id,
            "post_id": comment.post_id,
            "author_id": comment.author_id,
            "reply_to": comment.reply_to,
            "text": comment.text,
            "mentions": _json(comment.mentions),
            "edited_ms": comment.edited_ms,
            "standing": True,
            "counted": False,
        }
        try:
            tx.execute(sa.insert(comments_table).values(row))
        except IntegrityError as error:
            raise AlreadyExists("this comment id is taken") from error

    def load(self, tx: Transaction, comment_id: int) -> Comment | None:
        row = tx.first(sa.select(*_COLUMNS).where(*_is(comment_id), _c.standing))
        return None if row is None else _comment(row)

    def edit(
        self, tx: Transaction, comment_id: int, text: str, mentions: Sequence[str], edited_ms: int
    ) -> None:
        changed = {"text": text, "mentions": _json(mentions), "edited_ms": edited_ms}
        tx.execute(sa.update(comments_table).where(*_is(comment_id)).values(changed))

    def withdraw(self, tx: Transaction, comment_id: int) -> None:
        blank = {"standing": False, "text": "", "mentions": "[]"}
        tx.execute(sa.update(comments_table).where(*_is(comment_id)).values(blank))

    async def by_ids(self, comment_ids: Iterable[int]) -> dict[int, Comment]:
        def load(tx: Transaction, ids: Sequence[int]) -> list[Comment]:
            rows = tx.keyed(comments_table, "comment_id", ids)
            found = sa.select(*_COLUMNS).select_from(rows).where(_c.standing)
            return [_comment(row) for row in tx.all(found)]

        found = await self._database.batch(comment_ids, load)
        return {comment.comment_id: comment for comment in found}

    async def newest(self, post_id: int, reply_to: int, before: int, limit: int) -> list[Comment]:
        found = (
            sa.select(*_COLUMNS)
            .where(*_on(post_id), _c.reply_to == reply_to, _c.comment_id < before, _c.standing)
            .order_by(_c.comment_id.desc())
            .limit(limit)
        )
        rows = await self._database.read(shard_of(post_id), lambda tx: tx.all(found))
        return [_comment(row) for row in rows]

    async def of_author(self, author_id: int, limit: int) -> list[int]:
        theirs = sa.select(_c.comment_id).where(_c.author_id == author_id).limit(limit)
        ids: list[int] = []
        for node in self._database.nodes:
            rows = await self._database.read(node, lambda tx: tx.all(theirs))
            ids += [row.comment_id for row in rows]
        return ids

    async def of_post(self, post_id: int, limit: int) -> list[int]:
        some = sa.select(_c.comment_id).where(*_on(post_id)).limit(limit)
        rows = await self._database.read(shard_of(post_id), lambda tx: tx.all(some))
        return [row.comment_id for row in rows]

    async def project(self, changes: Sequence[CommentChanged]) -> list[CommentChanged]:
        counted: list[CommentChanged] = []
        withdrawn: list[int] = []
        for start in range(0, len(changes), CHUNK):
            chunk = changes[start : start + CHUNK]
            shard = shard_of(chunk[0].comment_id)
            made, gone = await self._database.write(shard, partial(_count, chunk))
            counted += made
            withdrawn += gone
        await self.remove(withdrawn)
        return counted

    async def remove(self, comment_ids: Sequence[int]) -> None:
        for comment_id in comment_ids:
            shard = shard_of(comment_id)
            # Withdrawn first: from then on nobody can answer it.
            post_id = await self._database.write(shard, partial(self._close, comment_id))
            replies = (
                sa.select(_c.comment_id)
                .where(*_on(post_id), _c.reply_to == comment_id)
                .limit(CHUNK)
            )
            read = partial(Transaction.all, statement=replies)
            while rows := await self._database.read(shard, read):
                await self._remove([row.comment_id for row in rows])
            await self._remove([comment_id])

    def _close(self, comment_id: int, tx: Transaction) -> int:
        self.withdraw(tx, comment_id)
        row = tx.first(sa.select(_c.post_id).where(*_is(comment_id)))
        return 0 if row is None else int(row.post_id)

    async def _remove(self, comment_ids: Sequence[int]) -> None:
        # Rows last: whoever comes back to a removal that was cut short finds the rest by them.
        await self._tallies.remove(comment_ids)
        shard = shard_of(comment_ids[0])
        await self._database.write(shard, partial(_delete, comment_ids))


def _count(
    changes: Sequence[CommentChanged], tx: Transaction
) -> tuple[list[CommentChanged], list[int]]:
    """Count the comments that stand and are not counted; and the ids of those withdrawn."""
    by_id = {change.comment_id: change for change in changes}
    rows = tx.all(
        sa.select(_c.comment_id, _c.post_id, _c.reply_to, _c.standing)
        .select_from(tx.keyed(comments_table, "comment_id", sorted(by_id)))
        .where(sa.or_(~_c.standing, ~_c.counted))
    )
    fresh = [row for row in rows if row.standing]
    if fresh:
        this = (_c.shard == sa.bindparam("at_shard"), _c.comment_id == sa.bindparam("at_id"))
        keys = [{"at_shard": shard_of(row.comment_id), "at_id": row.comment_id} for row in fresh]
        tx.execute(sa.update(comments_table).where(*this).values(counted=True), keys)
        _add(tx, fresh, 1)
    made = [by_id[row.comment_id] for row in fresh]
    for each in made:
        tx.notes.viewer(each.author_id)
    add_minutes(
        tx,
        [
            minute_of(each.subject.post_id, each.subject.published_id, time_of(each.comment_id))
            for each in made
        ],
    )
    return made, [row.comment_id for row in rows if not row.standing]


def _delete(comment_ids: Sequence[int], tx: Transaction) -> None:
    rows = tx.keyed(comments_table, "comment_id", comment_ids)
    found = sa.select(_c.post_id, _c.reply_to, _c.author_id).select_from(rows).where(_c.counted)
    counted = tx.all(found)
    _add(tx, counted, -1)
    for row in counted:
        tx.notes.viewer(row.author_id)
    this = (_c.shard == sa.bindparam("at_shard"), _c.comment_id == sa.bindparam("at_id"))
    keys = [{"at_shard": shard_of(id_), "at_id": id_} for id_ in comment_ids]
    tx.execute(sa.delete(comments_table).where(*this), keys)


def _add(tx: Transaction, rows: Sequence[sa.Row[Any]], difference: int) -> None:
    """To the counts of posts, and of the comments that begin threads."""
    comments: Counter[int] = Counter()
    for row in rows:
        comments[row.post_id] += difference
        if row.reply_to:
            comments[row.reply_to] += difference
    add_to_tallies(tx, {id_: {"comments": sum_} for id_, sum_ in comments.items()})


def _is(comment_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    return (_c.shard == shard_of(comment_id), _c.comment_id == comment_id)


def _on(post_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    return (_c.shard == shard_of(post_id), _c.post_id == post_id)


def _json(mentions: Sequence[str]) -> str:
    return msgspec.json.encode(mentions).decode()


def _comment(row: sa.Row[Any]) -> Comment:
    return Comment(
        comment_id=row.comment_id,
        post_id=row.post_id,
        author_id=row.author_id,
        text=row.text,
        mentions=msgspec.json.decode(row.mentions, type=tuple[str, ...]),
        reply_to=row.reply_to,
        edited_ms=row.edited_ms,
    )
