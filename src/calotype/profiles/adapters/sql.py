"""Profile pictures on the relational store, on the person's shard."""

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa

from calotype.connections.schema import CORE, id_column, sharded
from calotype.connections.sql import Database, Transaction
from calotype.kernel.ids import shard_of
from calotype.posts.post import Failure
from calotype.profiles.avatars import OPEN, Avatar, AvatarStatus

avatars_table = sharded(
    CORE,
    "avatars",
    id_column("media_id", key=True),
    id_column("user_id", nullable=False),
    sa.Column("key", sa.String(40), nullable=False),
    sa.Column("status", sa.String(12), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("reason_code", sa.String(40), nullable=False, server_default=""),
    sa.Index(None, "shard", "user_id"),
)
_COLUMNS = tuple(column for column in avatars_table.c if column.name != "shard")


class SqlAvatars:
    """AvatarStore, the sweep's References and delivery's ShownAvatars over one table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, tx: Transaction, avatar: Avatar) -> None:
        c = avatars_table.c
        earlier = sa.update(avatars_table).where(*_of(avatar.user_id), c.status.in_(list(OPEN)))
        tx.execute(earlier.values(status=AvatarStatus.REPLACED))
        tx.execute(
            sa.insert(avatars_table).values(
                shard=shard_of(avatar.media_id),
                media_id=avatar.media_id,
                user_id=avatar.user_id,
                key=avatar.key,
                status=avatar.status,
                reason=avatar.reason,
                reason_code=avatar.reason_code,
            )
        )

    def load(self, tx: Transaction, media_id: int) -> Avatar | None:
        row = tx.first(sa.select(*_COLUMNS).where(*_is(media_id)))
        return None if row is None else _avatar(row)

    def show(self, tx: Transaction, avatar: Avatar) -> None:
        c = avatars_table.c
        before = sa.update(avatars_table).where(*_of(avatar.user_id), c.media_id < avatar.media_id)
        tx.execute(before.values(status=AvatarStatus.REPLACED))
        this = sa.update(avatars_table).where(*_is(avatar.media_id))
        tx.execute(this.values(status=AvatarStatus.READY, reason="", reason_code=""))

    def fail(self, tx: Transaction, media_id: int, failure: Failure) -> None:
        this = sa.update(avatars_table).where(*_is(media_id), avatars_table.c.status.in_(OPEN))
        tx.execute(
            this.values(status=AvatarStatus.FAILED, reason=failure.reason, reason_code=failure.code)
        )

    def retire(self, tx: Transaction, user_id: int) -> None:
        theirs = sa.update(avatars_table).where(*_of(user_id))
        tx.execute(theirs.values(status=AvatarStatus.REPLACED))

    def remove(self, tx: Transaction, media_id: int) -> None:
        tx.execute(sa.delete(avatars_table).where(*_is(media_id)))

    async def get(self, media_id: int) -> Avatar | None:
        return await self._database.read(shard_of(media_id), lambda tx: self.load(tx, media_id))

    async def of_person(self, user_id: int) -> list[Avatar]:
        theirs = sa.select(*_COLUMNS).where(*_of(user_id)).order_by(avatars_table.c.media_id)
        rows = await self._database.read(shard_of(user_id), lambda tx: tx.all(theirs))
        return [_avatar(row) for row in rows]

    async def shown_key(self, media_id: int) -> str | None:
        avatar = await self.get(media_id)
        return avatar.key if avatar and avatar.status == AvatarStatus.READY else None

    async def missing(self, media_ids: Collection[int]) -> set[int]:
        """Those media that are nobody's picture, neither shown nor on its way."""

        def wanted(tx: Transaction, ids: Sequence[int]) -> list[int]:
            found = sa.select(avatars_table.c.media_id)
            return [
                row.media_id
                for row in tx.all(found.select_from(tx.keyed(avatars_table, "media_id", ids)))
            ]

        return set(media_ids) - set(await self._database.batch(media_ids, wanted))


def _is(media_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    c = avatars_table.c
    return (c.shard == shard_of(media_id), c.media_id == media_id)


def _of(user_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    c = avatars_table.c
    return (c.shard == shard_of(user_id), c.user_id == user_id)


def _avatar(row: sa.Row[Any]) -> Avatar:
    status = AvatarStatus(row.status)
    return Avatar(row.media_id, row.user_id, row.key, status, row.reason, row.reason_code)
