"""Affinity on the relational store, on the viewer's shard."""

import struct
from collections.abc import Iterable, Sequence
from functools import partial

import sqlalchemy as sa

from calotype.connections.sql import Database, Transaction
from calotype.engagement.adapters.tables import affinities_table
from calotype.engagement.affinity import Score, Touch, decayed
from calotype.kernel.ids import shard_of

CHUNK = 500  # rows a transaction

_a = affinities_table.c


class SqlAffinities:
    """AffinityStore over one table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, touches: Sequence[Touch]) -> None:
        for start in range(0, len(touches), CHUNK):
            chunk = touches[start : start + CHUNK]
            await self._database.write(shard_of(chunk[0].viewer_id), partial(_add, chunk))

    async def affinity(
        self, viewer_id: int, authors: Iterable[int], now_ms: int
    ) -> dict[int, float]:
        wanted = list(authors)
        if not wanted:
            return {}
        found = sa.select(_a.author_id, _a.score, _a.at_ms).where(
            *_of(viewer_id), _a.author_id.in_(wanted)
        )
        rows = await self._database.read(shard_of(viewer_id), lambda tx: tx.all(found))
        return {row.author_id: decayed(row.score, row.at_ms, now_ms) for row in rows}

    async def forget(self, user_id: int) -> None:
        theirs = sa.and_(*_of(user_id))
        while await self._database.write(shard_of(user_id), partial(_delete_some, theirs)):
            pass
        for node in self._database.nodes:
            towards = partial(_delete_some, _a.author_id == user_id)
            while await self._database.write(node, towards):
                pass


def _add(touches: Sequence[Touch], tx: Transaction) -> None:
    stored = {
        (row.viewer_id, row.author_id): Score(row.score, row.at_ms, _unpacked(row.causes))
        for row in tx.all(
            sa.select(_a.viewer_id, _a.author_id, _a.score, _a.at_ms, _a.causes)
            .select_from(
                tx.keyed(affinities_table, "viewer_id", sorted({t.viewer_id for t in touches}))
            )
            .where(_a.author_id.in_(sorted({touch.author_id for touch in touches})))
        )
    }
    changed: dict[tuple[int, int], Score] = {}
    for touch in touches:
        pair = (touch.viewer_id, touch.author_id)
        known = changed.get(pair) or stored.get(pair) or Score()
        if (score := known.after(touch)) is not known:
            changed[pair] = score
    _put(tx, changed)


def _put(tx: Transaction, scores: dict[tuple[int, int], Score]) -> None:
    if not scores:
        return
    insert = tx.upsert(affinities_table)
    values = {name: insert.excluded[name] for name in ("score", "at_ms", "causes")}
    rows = [
        {
            "shard": shard_of(viewer_id),
            "viewer_id": viewer_id,
            "author_id": author_id,
            "score": score.value,
            "at_ms": score.at_ms,
            "causes": _packed(score.causes),
        }
        for (viewer_id, author_id), score in scores.items()
    ]
    tx.execute(
        insert.on_conflict_do_update(
            index_elements=list(affinities_table.primary_key), set_=values
        ),
        rows,
    )


def _packed(causes: Sequence[int]) -> bytes:
    return struct.pack(f">{len(causes)}q", *causes)


def _unpacked(causes: bytes) -> tuple[int, ...]:
    return struct.unpack(f">{len(causes) // 8}q", causes)


def _of(viewer_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    return (_a.shard == shard_of(viewer_id), _a.viewer_id == viewer_id)


def _delete_some(over: sa.ColumnElement[bool], tx: Transaction) -> int:
    return tx.delete_some(affinities_table, over, CHUNK)
