"""Posts and their media on the relational store."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from calotype.connections.sql import Database, Transaction, as_ids, by_ids
from calotype.kernel.errors import AlreadyExists, IllegalMove, NotFound
from calotype.kernel.ids import first_id_at, shard_of
from calotype.media.renditions import RECIPE
from calotype.posts.adapters.rows import as_json, medium_of, medium_row, post_of, post_row
from calotype.posts.adapters.tables import media_table, post_counts_table, posts_table
from calotype.posts.lifecycle import LIFECYCLE, Status
from calotype.posts.post import Audience, Facts, Failure, Medium, MediumStatus, Post, Source
from calotype.posts.store import Advance, Arrival, Changes, MediumStanding, Standing

# Enum's own look-up takes 0.4 us, and a feed's ranking asks for 1,000.
_STATUS = {each.value: each for each in Status}
_AUDIENCE = {each.value: each for each in Audience}
_c = posts_table.c
_OF_AUTHOR = sa.and_(_c.shard == sa.bindparam("shard"), _c.author_id == sa.bindparam("author_id"))
_PUBLISHED = (
    sa.select(_c.published_id, _c.post_id)
    .where(
        _OF_AUTHOR,
        _c.status == Status.PUBLISHED,
        _c.published_id < sa.bindparam("before"),
        _c.audience.in_(sa.bindparam("audiences", expanding=True)),
    )
    .order_by(_c.published_id.desc())
    .limit(sa.bindparam("most"))
)
_PROCESSING = (
    sa.select(_c.post_id)
    .where(_OF_AUTHOR, _c.status == Status.PROCESSING)
    .order_by(_c.post_id.desc())
    .limit(sa.bindparam("most"))
)
_STANDINGS = sa.select(
    _c.post_id, _c.author_id, _c.status, _c.audience, _c.published_id
).select_from(by_ids(posts_table, "post_id"))
_POSTS = sa.select(posts_table).select_from(by_ids(posts_table, "post_id"))
_MEDIA = (
    sa.select(media_table)
    .select_from(by_ids(media_table, "post_id"))
    .order_by(media_table.c.post_id, media_table.c.position)
)


class SqlPosts:
    """PostStore, and the sweep's References, over two tables and the authors' counts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def insert(self, tx: Transaction, post: Post) -> None:
        try:
            tx.execute(sa.insert(posts_table), [post_row(post)])
            tx.execute(sa.insert(media_table), [medium_row(medium) for medium in post.media])
        except IntegrityError as error:
            raise AlreadyExists("this post id is taken") from error
        tx.notes.reader(post.author_id)

    def load(self, tx: Transaction, post_id: int) -> Post | None:
        return _load(tx, [post_id]).get(post_id)

    def move(
        self,
        tx: Transaction,
        post_id: int,
        to: Status,
        *,
        failure: Failure | None = None,
        published_id: int | None = None,
    ) -> None:
        c = posts_table.c
        row = tx.first(sa.select(c.status, c.author_id, c.published_id).where(*_is(post_id)))
        if row is None:
            raise NotFound("there is no such post")
        LIFECYCLE.check(Status(row.status), to)
        moved = tx.changes(
            sa.update(posts_table)
            .where(*_is(post_id), c.status == row.status)
            .values(status=to, published_id=published_id or row.published_id, **_reasons(failure))
        )
        if not moved:
            raise IllegalMove("the post was changed by someone else; look again", state=row.status)
        tx.notes.author(post_id)
        difference = (to == Status.PUBLISHED) - (row.status == Status.PUBLISHED)
        if difference:
            self._count(tx, row.author_id, difference)

    def edit(self, tx: Transaction, post_id: int, changes: Changes) -> None:
        tx.notes.author(post_id)
        tx.execute(
            sa.update(posts_table)
            .where(*_is(post_id))
            .values(
                caption=changes.caption,
                tags=as_json(changes.tags),
                mentions=as_json(changes.mentions),
                place=as_json(changes.place) if changes.place else None,
                audience=changes.audience,
                edited_ms=changes.edited_ms,
            )
        )
        self._edit_media(tx, "alt_text", changes.alt_texts)
        self._edit_media(tx, "key", changes.keys)
        self._edit_media(tx, "former_key", dict.fromkeys(changes.keys, ""))

    def arrive(self, tx: Transaction, media_id: int, arrival: Arrival) -> None:
        tx.notes.author(media_id)
        values = msgspec.structs.asdict(arrival)
        tx.execute(sa.update(media_table).where(*_is_medium(media_id)).values(values))

    def settle(self, tx: Transaction, media_id: int, outcome: Facts | Failure) -> None:
        tx.notes.author(media_id)
        values: dict[str, Any]
        if isinstance(outcome, Facts):
            values = {"status": MediumStatus.READY, **_reasons(None), **_made(outcome)}
        else:
            values = {"status": MediumStatus.FAILED, **_reasons(outcome)}
        tx.execute(sa.update(media_table).where(*_is_medium(media_id)).values(values))

    def replace_renditions(self, tx: Transaction, media_id: int, key: str, facts: Facts) -> None:
        tx.notes.author(media_id)
        values = {"key": key, "former_key": media_table.c.key, **_made(facts)}
        tx.execute(sa.update(media_table).where(*_is_medium(media_id)).values(values))

    def retire_original(self, tx: Transaction, media_id: int) -> None:
        tx.notes.author(media_id)
        values = {"source": Source.MASTER}
        tx.execute(sa.update(media_table).where(*_is_medium(media_id)).values(values))

    def reopen(self, tx: Transaction, media_id: int) -> None:
        tx.notes.author(media_id)
        waiting = {"status": MediumStatus.WAITING, "progress": 0, **_reasons(None)}
        tx.execute(sa.update(media_table).where(*_is_medium(media_id)).values(waiting))

    def advance(self, tx: Transaction, media_id: int, percent: int) -> None:
        tx.notes.author(media_id)
        waits = media_table.c.status == MediumStatus.WAITING
        tx.execute(
            sa.update(media_table).where(*_is_medium(media_id), waits).values(progress=percent)
        )

    def drop(self, tx: Transaction, media_id: int) -> None:
        tx.notes.author(media_id)
        tx.execute(sa.delete(media_table).where(*_is_medium(media_id)))

    def erase(self, tx: Transaction, post_id: int) -> None:
        tx.notes.author(post_id)
        words = {"caption": "", "tags": "[]", "mentions": "[]", "place": None, **_reasons(None)}
        tx.execute(sa.update(posts_table).where(*_is(post_id)).values(words))
        c = media_table.c
        tx.execute(
            sa.update(media_table)
            .where(c.shard == shard_of(post_id), c.post_id == post_id)
            .values(alt_text="", **_reasons(None))
        )

    async def get(self, post_id: int) -> Post | None:
        return (await self.by_ids([post_id])).get(post_id)

    async def by_ids(self, post_ids: Iterable[int]) -> dict[int, Post]:
        posts = await self._database.batch(post_ids, lambda tx, ids: list(_load(tx, ids).values()))
        return {post.post_id: post for post in posts}

    async def standings(self, post_ids: Iterable[int]) -> dict[int, Standing]:
        def load(tx: Transaction, ids: Sequence[int]) -> list[tuple[int, Standing]]:
            return [
                (post_id, Standing(author_id, _STATUS[status], _AUDIENCE[audience], published_id))
                for post_id, author_id, status, audience, published_id in tx.all(
                    _STANDINGS, {"ids": as_ids(ids)}
                )
            ]

        return dict(await self._database.batch(post_ids, load))

    async def medium(self, media_id: int) -> tuple[Medium, Post] | None:
        def load(tx: Transaction) -> tuple[Medium, Post] | None:
            row = tx.first(sa.select(media_table.c.post_id).where(*_is_medium(media_id)))
            post = self.load(tx, row.post_id) if row is not None else None
            if post is None:
                return None
            return next(medium for medium in post.media if medium.media_id == media_id), post

        return await self._database.read(shard_of(media_id), load)

    async def medium_standing(self, media_id: int) -> MediumStanding | None:
        p, m = posts_table.c, media_table.c
        both = media_table.join(posts_table, sa.and_(p.shard == m.shard, p.post_id == m.post_id))
        found = (
            sa.select(p.author_id, p.status, p.audience, m.status.label("medium_status"))
            .add_columns(m.key, m.former_key)
            .select_from(both)
            .where(*_is_medium(media_id))
        )
        row = await self._database.read(shard_of(media_id), lambda tx: tx.first(found))
        if row is None:
            return None
        return MediumStanding(
            author_id=row.author_id,
            status=Status(row.status),
            audience=Audience(row.audience),
            ready=row.medium_status == MediumStatus.READY,
            key=row.key,
            former_key=row.former_key,
        )

    async def published_ids(
        self, author_id: int, before: int, limit: int, audiences: Collection[Audience]
    ) -> list[tuple[int, int]]:
        shard = shard_of(author_id)
        of = {
            "shard": shard,
            "author_id": author_id,
            "before": before,
            "audiences": list(audiences),
            "most": limit,
        }
        rows = await self._database.read(shard, lambda tx: tx.all(_PUBLISHED, of))
        return [(published_id, post_id) for published_id, post_id in rows]

    async def processing_ids(self, author_id: int, limit: int) -> list[int]:
        shard = shard_of(author_id)
        of = {"shard": shard, "author_id": author_id, "most": limit}
        rows = await self._database.read(shard, lambda tx: tx.all(_PROCESSING, of))
        return [post_id for (post_id,) in rows]

    async def advances(self, author_id: int, limit: int) -> list[Advance]:
        p, m = posts_table.c, media_table.c
        both = posts_table.join(media_table, sa.and_(m.shard == p.shard, m.post_id == p.post_id))
        found = (
            sa.select(m.post_id, m.media_id, m.progress)
            .select_from(both)
            .where(
                p.shard == shard_of(author_id),
                p.author_id == author_id,
                p.status == Status.PROCESSING,
                m.status == MediumStatus.WAITING,
                m.progress > 0,
            )
            .limit(limit)
        )
        rows = await self._database.read(shard_of(author_id), lambda tx: tx.all(found))
        return [Advance(row.post_id, row.media_id, row.progress) for row in rows]

    async def published_count(self, author_id: int) -> int:
        c = post_counts_table.c
        found = sa.select(c.published).where(
            c.shard == shard_of(author_id), c.author_id == author_id
        )
        row = await self._database.read(shard_of(author_id), lambda tx: tx.first(found))
        return 0 if row is None else int(row.published)

    async def of_author(self, author_id: int, limit: int) -> list[Post]:
        c = posts_table.c
        shard = shard_of(author_id)
        some = sa.select(c.post_id).where(c.shard == shard, c.author_id == author_id).limit(limit)
        posts = await self._database.read(
            shard, lambda tx: _load(tx, [row.post_id for row in tx.all(some)])
        )
        return list(posts.values())

    async def written_by(self, author_id: int, after: int, limit: int) -> list[Post]:
        c = posts_table.c
        shard = shard_of(author_id)
        some = (
            sa.select(c.post_id)
            .where(
                c.shard == shard,
                c.author_id == author_id,
                c.status != Status.PURGED,
                c.post_id > after,
            )
            .order_by(c.post_id)
            .limit(limit)
        )
        posts = await self._database.read(
            shard, lambda tx: _load(tx, [row.post_id for row in tx.all(some)])
        )
        return sorted(posts.values(), key=lambda post: post.post_id)

    def remove(self, tx: Transaction, author_id: int, post_ids: Sequence[int]) -> None:
        shard = shard_of(author_id)
        tx.notes.author(author_id)
        for table in (media_table, posts_table):
            theirs = (table.c.shard == shard, table.c.author_id == author_id)
            tx.execute(sa.delete(table).where(*theirs, table.c.post_id.in_(post_ids)))
        c = post_counts_table.c
        count = (c.shard == shard, c.author_id == author_id)
        tx.execute(sa.delete(post_counts_table).where(*count))

    async def stuck(self, before_ms: int, after: int, limit: int) -> list[Post]:
        c = posts_table.c
        found = (
            sa.select(c.post_id)
            .where(
                c.status == Status.PROCESSING,
                c.post_id < first_id_at(before_ms),
                c.post_id > after,
            )
            .order_by(c.post_id)
            .limit(limit)
        )
        posts: list[Post] = []
        for node in self._database.nodes:
            posts += await self._database.read(
                node,
                lambda tx: list(_load(tx, [row.post_id for row in tx.all(found)]).values()),
            )
        return sorted(posts, key=lambda post: post.post_id)[:limit]

    def newest_id(self, tx: Transaction) -> int:
        """The highest id of a post, 0 if there is none."""
        c = posts_table.c
        # By status, since the index leads with it: one search each instead of a scan.
        newest = [
            sa.select(sa.func.max(c.post_id)).where(c.status == status).scalar_subquery()
            for status in Status
        ]
        row = tx.first(sa.select(*newest))
        return max((id_ for id_ in row or () if id_ is not None), default=0)

    async def missing(self, media_ids: Collection[int]) -> set[int]:
        """Those media that no post wants any more: never recorded, or purged."""
        c = media_table.c

        def wanted(tx: Transaction, ids: Sequence[int]) -> list[int]:
            p = posts_table.c
            media = tx.keyed(media_table, "media_id", ids)
            both = media.join(posts_table, sa.and_(p.shard == c.shard, p.post_id == c.post_id))
            found = sa.select(c.media_id).select_from(both).where(p.status != Status.PURGED)
            return [row.media_id for row in tx.all(found)]

        return set(media_ids) - set(await self._database.batch(media_ids, wanted))

    def _edit_media(self, tx: Transaction, column: str, values: Mapping[int, str]) -> None:
        for media_id, value in values.items():
            tx.execute(sa.update(media_table).where(*_is_medium(media_id)).values({column: value}))

    def _count(self, tx: Transaction, author_id: int, difference: int) -> None:
        shard = shard_of(author_id)
        tx.insert_new(post_counts_table, [{"shard": shard, "author_id": author_id, "published": 0}])
        c = post_counts_table.c
        tx.execute(
            sa.update(post_counts_table)
            .where(c.shard == shard, c.author_id == author_id)
            .values(published=c.published + difference)
        )


def _load(tx: Transaction, post_ids: Sequence[int]) -> dict[int, Post]:
    if not post_ids:
        return {}
    these = {"ids": as_ids(post_ids)}
    media: dict[int, list[Medium]] = {}
    for row in tx.all(_MEDIA, these):
        media.setdefault(row.post_id, []).append(medium_of(row))
    posts = tx.all(_POSTS, these)
    return {row.post_id: post_of(row, media.get(row.post_id, ())) for row in posts}


def _reasons(failure: Failure | None) -> dict[str, Any]:
    failure = failure or Failure("", "")
    return {"reason": failure.reason, "reason_code": failure.code}


def _made(facts: Facts) -> dict[str, Any]:
    """What a medium's row says once its renditions were made of today's recipe."""
    return {"recipe": RECIPE, **msgspec.to_builtins(facts)}


def _is(post_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    return (posts_table.c.shard == shard_of(post_id), posts_table.c.post_id == post_id)


def _is_medium(media_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    return (media_table.c.shard == shard_of(media_id), media_table.c.media_id == media_id)
