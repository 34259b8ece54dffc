"""Rebuilds on the relational store."""

from typing import Any

import sqlalchemy as sa

from calotype.connections.sql import Database, Transaction
from calotype.kernel.ids import shard_of
from calotype.posts.adapters.rows import medium_of
from calotype.posts.adapters.tables import media_table, rebuilds_table
from calotype.posts.post import Medium, MediumStatus
from calotype.posts.rebuilds import Rebuild, Scope

_m, _r = media_table.c, rebuilds_table.c


class SqlRebuilds:
    """Rebuilds over one table; a node has its row under a shard of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, tx: Transaction, rebuild_id: int, scope: Scope) -> None:
        self.end(tx)
        counted = tx.first(sa.select(sa.func.count()).where(*_wanted(scope)))
        row = {
            "shard": shard_of(rebuild_id),
            "rebuild_id": rebuild_id,
            "author_id": scope.author_id,
            "below": scope.below,
            "reached": 0,
            "total": counted[0] if counted is not None else 0,
            "handed_out": 0,
            "failed": 0,
            "exhausted": False,
        }
        tx.execute(sa.insert(rebuilds_table).values(row))

    def current(self, tx: Transaction) -> Rebuild | None:
        row = tx.first(sa.select(rebuilds_table).order_by(_r.rebuild_id.desc()).limit(1))
        return None if row is None else _rebuild_of(row)

    def take(self, tx: Transaction, rebuild: Rebuild, limit: int) -> list[Medium]:
        keys = (_m.shard, _m.media_id)
        found = sa.select(media_table).where(*_wanted(rebuild.scope)).order_by(*keys).limit(limit)
        if rebuild.reached:
            reached = (shard_of(rebuild.reached), rebuild.reached)
            found = found.where(sa.tuple_(*keys) > reached)
        media = [medium_of(row) for row in tx.all(found)]
        values: dict[str, Any] = {"exhausted": len(media) < limit}
        if media:
            values["reached"] = media[-1].media_id
            values["handed_out"] = _r.handed_out + len(media)
        mine = (_r.shard == shard_of(rebuild.rebuild_id), _r.rebuild_id == rebuild.rebuild_id)
        tx.execute(sa.update(rebuilds_table).where(*mine).values(values))
        return media

    def note_failure(self, tx: Transaction) -> None:
        tx.execute(sa.update(rebuilds_table).values(failed=_r.failed + 1))

    def end(self, tx: Transaction) -> None:
        tx.execute(sa.delete(rebuilds_table))

    async def forget(self, account_id: int) -> None:
        theirs = sa.delete(rebuilds_table).where(_r.author_id == account_id)
        for node in self._database.nodes:
            await self._database.write(node, lambda tx: tx.changes(theirs))


def _wanted(scope: Scope) -> list[sa.ColumnElement[bool]]:
    wanted = [_m.status == MediumStatus.READY, _m.recipe < scope.below]
    if scope.author_id:
        wanted += [_m.shard == shard_of(scope.author_id), _m.author_id == scope.author_id]
    return wanted


def _rebuild_of(row: sa.Row[Any]) -> Rebuild:
    return Rebuild(
        rebuild_id=row.rebuild_id,
        scope=Scope(row.below, row.author_id),
        reached=row.reached,
        total=row.total,
        handed_out=row.handed_out,
        failed=row.failed,
        exhausted=row.exhausted,
    )
