"""The projection of likes, and the counts, on the subject's shard."""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import sqlalchemy as sa

from calotype.connections.sql import Database, Transaction, as_ids, by_ids
from calotype.engagement.adapters.tables import (
    likers_table,
    minutes_table,
    tallies_table,
    uncounted,
)
from calotype.engagement.events import MarkChanged, likes_counted_event
from calotype.engagement.mark import Counts, Liker
from calotype.engagement.minutes import Minute, minute_of
from calotype.engagement.store import Counted
from calotype.events.log import Outbox
from calotype.kernel.ids import MAX_ID, shard_of, time_of

CHUNK = 500  # rows a transaction

_l, _t, _m = likers_table.c, tallies_table.c, minutes_table.c

_COUNTS = sa.select(_t.subject_id, _t.likes, _t.comments).select_from(
    by_ids(tallies_table, "subject_id")
)


class SqlTallies:
    """TallyStore over likers, counts and minutes.

    A liker's row says whether it is counted; what differs from what stands is summed up, whoever
    wrote it, so that a count can neither miss nor double a row.
    """

    def __init__(self, database: Database, outbox: Outbox) -> None:
        self._database = database
        self._outbox = outbox

    async def counts(self, post_ids: Iterable[int]) -> dict[int, Counts]:
        def load(tx: Transaction, ids: Sequence[int]) -> list[tuple[int, Counts]]:
            rows = tx.all(_COUNTS, {"ids": as_ids(ids)})
            return [(post_id, Counts(likes, comments)) for post_id, likes, comments in rows]

        return dict(await self._database.batch(post_ids, load))

    async def counts_beside(self, user_id: int, post_ids: Iterable[int]) -> dict[int, Counted]:
        own = sa.and_(_l.shard == _t.shard, _l.subject_id == _t.subject_id, _l.user_id == user_id)

        def load(tx: Transaction, ids: Sequence[int]) -> list[tuple[int, Counted]]:
            counts = tx.keyed(tallies_table, "subject_id", ids).outerjoin(likers_table, own)
            found = sa.select(_t.subject_id, _t.likes, _t.comments, _l.counted)
            return [
                (row.subject_id, Counted(Counts(row.likes, row.comments), bool(row.counted)))
                for row in tx.all(found.select_from(counts))
            ]

        return dict(await self._database.batch(post_ids, load))

    async def likers(self, subject_id: int, before: int, limit: int) -> list[Liker]:
        return await self._database.read(
            shard_of(subject_id), lambda tx: _likers(tx, subject_id, before, limit)
        )

    async def latest_likers(self, subject_ids: Iterable[int], each: int) -> dict[int, list[Liker]]:
        def load(tx: Transaction, ids: Sequence[int]) -> list[tuple[int, list[Liker]]]:
            return [(id_, _likers(tx, id_, MAX_ID, each)) for id_ in ids]

        return dict(await self._database.batch(subject_ids, load))

    async def early(self, post_ids: Iterable[int]) -> dict[int, int]:
        def load(tx: Transaction, ids: Sequence[int]) -> list[tuple[int, int]]:
            counts = tx.keyed(tallies_table, "subject_id", ids)
            found = sa.select(_t.subject_id, _t.early).select_from(counts).where(_t.early > 0)
            return [(row.subject_id, row.early) for row in tx.all(found)]

        return dict(await self._database.batch(post_ids, load))

    async def minutes(self, post_id: int) -> dict[int, int]:
        shard = shard_of(post_id)
        found = sa.select(_m.minute, _m.engagements).where(_m.shard == shard, _m.post_id == post_id)
        rows = await self._database.read(shard, lambda tx: tx.all(found))
        return {row.minute: row.engagements for row in rows}

    async def project(self, changes: Sequence[MarkChanged]) -> list[MarkChanged]:
        counted: list[MarkChanged] = []
        for chunk in _chunks(changes):
            shard = shard_of(chunk[0].subject.subject_id)
            counted += await self._database.write(shard, partial(self._project, chunk))
        return counted

    async def remove(self, subject_ids: Sequence[int]) -> None:
        for subject_id in subject_ids:
            shard = shard_of(subject_id)
            while await self._database.write(shard, partial(_remove_likers, subject_id)):
                pass
            await self._database.write(shard, partial(_remove_counts, subject_id))

    async def remove_liker(self, user_id: int, subject_ids: Sequence[int]) -> None:
        for chunk in _chunks(subject_ids):
            shard = shard_of(chunk[0])
            await self._database.write(shard, partial(_remove_liker, user_id, chunk))

    def _project(self, changes: Sequence[MarkChanged], tx: Transaction) -> list[MarkChanged]:
        latest: dict[tuple[int, int], MarkChanged] = {}
        for change in sorted(changes, key=lambda change: change.version):
            latest[_key(change)] = change
        _upsert_likers(tx, list(latest.values()))
        keys = _count(tx, {change.subject.subject_id for change in latest.values()})
        made = [latest[key] for key in keys if key in latest]
        add_minutes(tx, [_minute(change) for change in made if change.standing])
        # Whoever takes a like back and gives it again tells nobody anew.
        given = {_key(change) for change in changes if change.version == 1}
        subjects = {
            change.subject.subject_id: change.subject
            for change in made
            if change.standing
            and change.user_id != change.subject.author_id
            and _key(change) in given
        }
        for subject in subjects.values():
            self._outbox.append(tx, likes_counted_event(subject))
        return made


def _key(change: MarkChanged) -> tuple[int, int]:
    return change.subject.subject_id, change.user_id


def _likers(tx: Transaction, subject_id: int, before: int, limit: int) -> list[Liker]:
    found = (
        sa.select(_l.user_id, _l.mark_id)
        .where(*_of(subject_id), _l.mark_id < before, _l.standing)
        .order_by(_l.mark_id.desc())
        .limit(limit)
    )
    return [Liker(row.user_id, row.mark_id) for row in tx.all(found)]


def add_minutes(tx: Transaction, engagements: Iterable[Minute | None]) -> None:
    """Count engagements in the first hours of their posts; None is one that came later."""
    found = Counter(minute for minute in engagements if minute is not None)
    if not found:
        return
    insert = tx.upsert(minutes_table)
    rows = [
        {
            "shard": shard_of(minute.post_id),
            "post_id": minute.post_id,
            "minute": minute.minute,
            "engagements": number,
        }
        for minute, number in found.items()
    ]
    tx.execute(
        insert.on_conflict_do_update(
            index_elements=list(minutes_table.primary_key),
            set_={"engagements": _m.engagements + insert.excluded.engagements},
        ),
        rows,
    )
    early: Counter[int] = Counter()
    for minute, number in found.items():
        early[minute.post_id] += number if minute.is_early else 0
    add_to_tallies(tx, {post_id: {"early": number} for post_id, number in early.items()})


def add_to_tallies(tx: Transaction, differences: dict[int, dict[str, int]]) -> None:
    """Add to the counts of subjects: one write each, in the order of their ids."""
    insert = tx.upsert(tallies_table)
    names = ("likes", "comments", "early")
    rows = [
        {"shard": shard_of(id_), "subject_id": id_}
        | {name: difference.get(name, 0) for name in names}
        for id_, difference in sorted(differences.items())
        if any(difference.values())
    ]
    if rows:
        sums = {name: _t[name] + insert.excluded[name] for name in names}
        tx.execute(
            insert.on_conflict_do_update(index_elements=list(tallies_table.primary_key), set_=sums),
            rows,
        )


def _upsert_likers(tx: Transaction, changes: Sequence[MarkChanged]) -> None:
    insert = tx.upsert(likers_table)
    values = {name: insert.excluded[name] for name in ("mark_id", "version", "standing")}
    later = insert.on_conflict_do_update(
        index_elements=list(likers_table.primary_key),
        set_=values,
        where=insert.excluded.version > _l.version,
    )
    rows = [
        {
            "shard": shard_of(change.subject.subject_id),
            "subject_id": change.subject.subject_id,
            "user_id": change.user_id,
            "mark_id": change.mark_id,
            "version": change.version,
            "standing": change.standing,
            "counted": False,
        }
        for change in changes
    ]
    tx.execute(later, rows)


def _count(tx: Transaction, subject_ids: Iterable[int]) -> list[tuple[int, int]]:
    """Bring the counts of subjects up to their likers; (subject, person) of each that differed."""
    wanted = tx.keyed(likers_table, "subject_id", sorted(subject_ids))
    found = sa.select(_l.subject_id, _l.user_id, _l.standing).select_from(wanted).where(uncounted)
    rows = tx.all(found)
    if not rows:
        return []
    this = (
        _l.shard == sa.bindparam("at_shard"),
        _l.subject_id == sa.bindparam("at_subject"),
        _l.user_id == sa.bindparam("at_user"),
    )
    tx.execute(
        sa.update(likers_table).where(*this).values(counted=_l.standing),
        [
            {
                "at_shard": shard_of(row.subject_id),
                "at_subject": row.subject_id,
                "at_user": row.user_id,
            }
            for row in rows
        ],
    )
    likes: Counter[int] = Counter()
    for row in rows:
        likes[row.subject_id] += 1 if row.standing else -1
    add_to_tallies(tx, {subject_id: {"likes": sum_} for subject_id, sum_ in likes.items()})
    return [(row.subject_id, row.user_id) for row in rows]


def _minute(change: MarkChanged) -> Minute | None:
    if change.subject.subject_id != change.subject.post_id:
        return None
    return minute_of(change.subject.post_id, change.subject.published_id, time_of(change.mark_id))


def _remove_likers(subject_id: int, tx: Transaction) -> int:
    return tx.delete_some(likers_table, sa.and_(*_of(subject_id)), CHUNK)


def _remove_counts(subject_id: int, tx: Transaction) -> None:
    shard = shard_of(subject_id)
    tx.execute(sa.delete(tallies_table).where(_t.shard == shard, _t.subject_id == subject_id))
    tx.execute(sa.delete(minutes_table).where(_m.shard == shard, _m.post_id == subject_id))


def _remove_liker(user_id: int, subject_ids: Sequence[int], tx: Transaction) -> None:
    """Unlike first, in the projection alone, so that it is counted; then leave no trace."""
    for subject_id in subject_ids:
        this = (*_of(subject_id), _l.user_id == user_id)
        tx.execute(sa.update(likers_table).where(*this).values(standing=False))
    _count(tx, subject_ids)
    for subject_id in subject_ids:
        tx.execute(sa.delete(likers_table).where(*_of(subject_id), _l.user_id == user_id))


def _of(subject_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    return (_l.shard == shard_of(subject_id), _l.subject_id == subject_id)


def _chunks(items: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (items[start : start + CHUNK] for start in range(0, len(items), CHUNK))
