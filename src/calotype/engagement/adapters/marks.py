"""Marks on the relational store, on the acting person's shard."""

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from calotype.connections.sql import Database, Transaction
from calotype.engagement.adapters.tables import marks_table
from calotype.engagement.mark import Facts, Kind, Mark
from calotype.kernel.clock import Clock
from calotype.kernel.ids import IdFactory, first_id_at, shard_of

# For so long a change is taken for one that may not be counted yet: an hour in which the worker
# is down is no reason to show people counts without their own likes.
FRESH_MS = 3_600_000

_c = marks_table.c
_COLUMNS = (_c.user_id, _c.subject_id, _c.kind, _c.mark_id, _c.version, _c.standing)
_FACTS = sa.select(_c.subject_id, _c.kind, _c.standing, _c.mark_id).where(
    _c.shard == sa.bindparam("shard"),
    _c.user_id == sa.bindparam("user_id"),
    _c.subject_id.in_(sa.bindparam("wanted", expanding=True)),
)


class SqlMarks:
    """MarkStore over one table. A mark that is taken back leaves its row: its version goes on."""

    def __init__(self, database: Database, ids: IdFactory, clock: Clock) -> None:
        self._database = database
        self._ids = ids
        self._clock = clock

    def put(
        self, tx: Transaction, user_id: int, subject_id: int, kind: Kind, *, standing: bool
    ) -> Mark | None:
        shard = shard_of(user_id)
        this = (_c.shard == shard, _c.user_id == user_id, _c.subject_id == subject_id)
        found = sa.select(_c.version, _c.standing).where(*this, _c.kind == kind)
        row = tx.first(found.with_for_update())
        if standing == (row is not None and row.standing):
            return None
        version = 1 if row is None else row.version + 1
        tx.notes.viewer(user_id)
        mark = Mark(user_id, subject_id, kind, self._ids.new(shard), version, standing)
        changed = {"mark_id": mark.mark_id, "version": version, "standing": standing}
        if row is None:
            fresh = {"shard": shard, "user_id": user_id, "subject_id": subject_id, "kind": kind}
            if not tx.insert_new(marks_table, [fresh | changed]):
                return None  # the same person's twin request was first
        else:
            tx.execute(sa.update(marks_table).where(*this, _c.kind == kind).values(changed))
        return mark

    async def facts(self, user_id: int, subject_ids: Iterable[int]) -> dict[int, Facts]:
        wanted = list(subject_ids)
        if not wanted:
            return {}
        shard = shard_of(user_id)
        of = {"shard": shard, "user_id": user_id, "wanted": wanted}
        rows = await self._database.read(shard, lambda tx: tx.all(_FACTS, of))
        horizon = first_id_at(self._clock.now_ms() - FRESH_MS)
        likes = {row.subject_id: row for row in rows if row.kind != Kind.SAVE}
        saved = {row.subject_id for row in rows if row.kind == Kind.SAVE and row.standing}
        return {
            id_: Facts(
                liked=id_ in likes and likes[id_].standing,
                saved=id_ in saved,
                fresh=id_ in likes and likes[id_].mark_id >= horizon,
            )
            for id_ in likes.keys() | saved
        }

    async def newest(self, user_id: int, kind: Kind, before: int, limit: int) -> list[Mark]:
        found = (
            sa.select(*_COLUMNS)
            .where(*_of(user_id), _c.kind == kind, _c.mark_id < before, _c.standing)
            .order_by(_c.mark_id.desc())
            .limit(limit)
        )
        return await self._marks(user_id, found)

    async def of_person(self, user_id: int, limit: int) -> list[Mark]:
        return await self._marks(user_id, sa.select(*_COLUMNS).where(*_of(user_id)).limit(limit))

    def remove(self, tx: Transaction, user_id: int, marks: Sequence[Mark]) -> None:
        subjects = [mark.subject_id for mark in marks]
        tx.execute(sa.delete(marks_table).where(*_of(user_id), _c.subject_id.in_(subjects)))

    async def _marks(
        self, user_id: int, found: sa.Select[tuple[int, int, str, int, int, bool]]
    ) -> list[Mark]:
        rows = await self._database.read(shard_of(user_id), lambda tx: tx.all(found))
        return [
            Mark(
                user_id=row.user_id,
                subject_id=row.subject_id,
                kind=Kind(row.kind),
                mark_id=row.mark_id,
                version=row.version,
                standing=row.standing,
            )
            for row in rows
        ]


def _of(user_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    return (_c.shard == shard_of(user_id), _c.user_id == user_id)
