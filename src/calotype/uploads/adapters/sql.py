"""Uploads on the relational store, on their owner's shard."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from calotype.connections.schema import CORE, id_column, sharded
from calotype.connections.sql import Database, Transaction
from calotype.kernel.errors import AlreadyExists, Conflict
from calotype.kernel.ids import shard_of
from calotype.uploads.headers.walker import Header
from calotype.uploads.store import Held
from calotype.uploads.upload import Upload, UploadStatus

CHUNK = 500  # rows a transaction

uploads_table = sharded(
    CORE,
    "uploads",
    id_column("upload_id", key=True),
    id_column("user_id", nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("expires_ms", sa.BigInteger, nullable=False),
    sa.Column("status", sa.String(12), nullable=False),
    sa.Column("metadata", sa.Text, nullable=False),
    sa.Column("wanted_sha256", sa.String(64), nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("header", sa.Text, nullable=True),
    sa.Column("reason", sa.Text, nullable=False),
    id_column("post_id", nullable=True),
    sa.Index(None, "shard", "user_id"),
    sa.Index(None, "expires_ms"),
)
_c = uploads_table.c
_HELD = sa.or_(
    _c.status == UploadStatus.OPEN,
    sa.and_(_c.status == UploadStatus.COMPLETE, _c.post_id.is_(None)),
)
_ALIVE = _c.status.in_([UploadStatus.OPEN, UploadStatus.COMPLETE])


class SqlUploads:
    """UploadStore, and the sweep's References, over one table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, tx: Transaction, upload: Upload) -> None:
        try:
            tx.execute(sa.insert(uploads_table).values(_row(upload)))
        except IntegrityError as error:
            raise AlreadyExists("this upload id is taken") from error

    def held(self, tx: Transaction, user_id: int) -> Held:
        found = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(_c.size), 0))
        row = tx.first(found.where(*_theirs(user_id), _HELD))
        return Held(*map(int, row)) if row else Held(0, 0)

    def load(self, tx: Transaction, upload_ids: Iterable[int]) -> dict[int, Upload]:
        some = tx.keyed(uploads_table, "upload_id", list(upload_ids))
        uploads = (_upload(row) for row in tx.all(sa.select(uploads_table).select_from(some)))
        return {upload.upload_id: upload for upload in uploads}

    def end(self, tx: Transaction, upload: Upload) -> bool:
        row = _row(upload)
        names = ("status", "reason", "header", "sha256", "expires_ms")
        values = {name: row[name] for name in names}
        ended = sa.update(uploads_table).where(*_is(upload.upload_id), _ALIVE).values(values)
        return tx.changes(ended) > 0

    def extend(self, tx: Transaction, upload_id: int, expires_ms: int) -> None:
        still = (*_is(upload_id), _c.status == UploadStatus.OPEN)
        tx.execute(sa.update(uploads_table).where(*still).values(expires_ms=expires_ms))

    def use(self, tx: Transaction, upload_ids: Collection[int], post_id: int) -> None:
        for upload_id in upload_ids:
            free = (*_is(upload_id), _ALIVE, _c.post_id.is_(None))
            if not tx.changes(sa.update(uploads_table).where(*free).values(post_id=post_id)):
                raise Conflict(
                    f"the upload {upload_id} is used by a post already; upload the file again",
                    field="media",
                )

    def remove(self, tx: Transaction, upload_ids: Collection[int]) -> None:
        for upload_id in upload_ids:
            tx.execute(sa.delete(uploads_table).where(*_is(upload_id)))

    async def get(self, upload_id: int) -> Upload | None:
        found = await self._database.read(
            shard_of(upload_id), lambda tx: self.load(tx, [upload_id])
        )
        return found.get(upload_id)

    async def over(self, now_ms: int, limit: int) -> list[Upload]:
        found = sa.select(uploads_table).where(_c.expires_ms <= now_ms, _HELD)
        oldest = found.order_by(_c.expires_ms).limit(limit)
        return [
            _upload(row)
            for node in self._database.nodes
            for row in await self._database.read(node, lambda tx: tx.all(oldest))
        ]

    async def of_person(self, user_id: int, limit: int) -> list[Upload]:
        some = sa.select(uploads_table).where(*_theirs(user_id)).limit(limit)
        rows = await self._database.read(shard_of(user_id), lambda tx: tx.all(some))
        return [_upload(row) for row in rows]

    async def missing(self, media_ids: Collection[int]) -> set[int]:
        def wanted(tx: Transaction, ids: Sequence[int]) -> list[int]:
            keyed = tx.keyed(uploads_table, "upload_id", ids)
            found = sa.select(_c.upload_id).select_from(keyed).where(_ALIVE)
            return [row.upload_id for row in tx.all(found)]

        return set(media_ids) - set(await self._database.batch(media_ids, wanted))

    async def forget_old(self, before_ms: int) -> None:
        old = sa.and_(_c.expires_ms < before_ms, ~_HELD)
        for node in self._database.nodes:
            while await self._database.write(
                node, lambda tx: tx.delete_some(uploads_table, old, CHUNK)
            ):
                pass


def _is(upload_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    return (_c.shard == shard_of(upload_id), _c.upload_id == upload_id)


def _theirs(user_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    return (_c.shard == shard_of(user_id), _c.user_id == user_id)


def _row(upload: Upload) -> dict[str, Any]:
    header = msgspec.json.encode(upload.header).decode() if upload.header else None
    fields = msgspec.structs.asdict(upload)
    return {**fields, "shard": shard_of(upload.upload_id), "header": header}


def _upload(row: sa.Row[Any]) -> Upload:
    return Upload(
        upload_id=row.upload_id,
        user_id=row.user_id,
        size=row.size,
        expires_ms=row.expires_ms,
        status=UploadStatus(row.status),
        metadata=row.metadata,
        wanted_sha256=row.wanted_sha256,
        sha256=row.sha256,
        header=msgspec.json.decode(row.header, type=Header) if row.header else None,
        reason=row.reason,
        post_id=row.post_id,
    )
