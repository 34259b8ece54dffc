"""PeopleIndex on the relational store: a row for each person and prefix, on the person's shard."""

from collections.abc import Collection, Iterable, Mapping, Sequence

import sqlalchemy as sa

from calotype.connections.schema import CORE, id_column, sharded
from calotype.connections.sql import Database, Transaction
from calotype.discovery.people import Entry, Indexed
from calotype.discovery.words import MAX_PREFIX
from calotype.kernel.ids import shard_of

name_prefixes_table = sharded(
    CORE,
    "name_prefixes",
    id_column("user_id", key=True),
    # A letter may fold to several characters, and a prefix is of characters that were folded.
    sa.Column("prefix", sa.String(MAX_PREFIX), primary_key=True),
    sa.Column("rank", sa.SmallInteger, nullable=False),
    sa.Index("ix_name_prefixes_rank", "prefix", "rank", "user_id"),
)
_c = name_prefixes_table.c


class SqlPeopleIndex:
    """One search of the index by prefix and rank on each node."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def indexed(self, user_ids: Iterable[int]) -> Mapping[int, Indexed]:
        def load(tx: Transaction, ids: Sequence[int]) -> Sequence[tuple[int, str, int]]:
            rows = sa.select(_c.user_id, _c.prefix, _c.rank)
            found = tx.all(rows.select_from(tx.keyed(name_prefixes_table, "user_id", ids)))
            return [(row.user_id, row.prefix, row.rank) for row in found]

        prefixes: dict[int, set[str]] = {}
        ranks: dict[int, int] = {}
        for user_id, prefix, rank in await self._database.batch(user_ids, load):
            prefixes.setdefault(user_id, set()).add(prefix)
            ranks[user_id] = rank
        return {
            user_id: Indexed(frozenset(theirs), ranks[user_id])
            for user_id, theirs in prefixes.items()
        }

    def put(self, tx: Transaction, user_id: int, indexed: Indexed) -> None:
        gone = _c.prefix.not_in(sorted(indexed.prefixes))
        tx.execute(sa.delete(name_prefixes_table).where(*_of(user_id), gone))
        moved = sa.update(name_prefixes_table).where(*_of(user_id), _c.rank != indexed.rank)
        tx.execute(moved.values(rank=indexed.rank))
        row = {"shard": shard_of(user_id), "user_id": user_id, "rank": indexed.rank}
        tx.insert_many(name_prefixes_table, [{**row, "prefix": each} for each in indexed.prefixes])

    async def starting_with(self, prefix: str, below: Entry, limit: int) -> list[Entry]:
        found = _page(sa.select(_c.rank, _c.user_id), prefix, below, limit)
        entries: list[Entry] = []
        for node in self._database.nodes:
            rows = await self._database.read(node, lambda tx: tx.all(found))
            entries += [Entry(row.rank, row.user_id) for row in rows]
        return sorted(entries, reverse=True)[:limit]

    async def among(
        self, user_ids: Collection[int], prefix: str, below: Entry, limit: int
    ) -> list[Entry]:
        def look(tx: Transaction, ids: Sequence[int]) -> Sequence[Entry]:
            rows = sa.select(_c.rank, _c.user_id)
            theirs = rows.select_from(tx.keyed(name_prefixes_table, "user_id", ids))
            found = tx.all(_page(theirs, prefix, below, limit))
            return [Entry(row.rank, row.user_id) for row in found]

        return sorted(await self._database.batch(user_ids, look), reverse=True)[:limit]

    async def forget(self, user_id: int) -> None:
        gone = sa.delete(name_prefixes_table).where(*_of(user_id))
        await self._database.write(shard_of(user_id), lambda tx: tx.execute(gone))


def _page(
    rows: sa.Select[tuple[int, int]], prefix: str, below: Entry, limit: int
) -> sa.Select[tuple[int, int]]:
    further = sa.tuple_(_c.rank, _c.user_id) < (below.rank, below.user_id)
    newest = rows.where(_c.prefix == prefix, further)
    return newest.order_by(_c.rank.desc(), _c.user_id.desc()).limit(limit)


def _of(user_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    return (_c.shard == shard_of(user_id), _c.user_id == user_id)
