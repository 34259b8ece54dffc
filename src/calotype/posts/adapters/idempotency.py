"""Idempotency keys on the relational store, on the account's shard."""

import sqlalchemy as sa

from calotype.connections.schema import CORE, id_column, sharded
from calotype.connections.sql import Database, Transaction
from calotype.kernel.clock import Clock
from calotype.kernel.errors import Unavailable
from calotype.kernel.ids import shard_of
from calotype.posts.store import Claimed

KEPT_MS = 24 * 3_600_000
CHUNK = 500  # rows a transaction

keys_table = sharded(
    CORE,
    "idempotency_keys",
    id_column("account_id", key=True),
    sa.Column("key", sa.String(200), primary_key=True),
    sa.Column("owner", sa.String(120), nullable=False),
    sa.Column("claimed_ms", sa.BigInteger, nullable=False),
    sa.Column("post_id", sa.BigInteger, nullable=False),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Index(None, "claimed_ms"),
)


class SqlIdempotencyKeys:
    """IdempotencyKeys over one table.

    `owner` names this process over its restarts. A claim whose process never came back is free
    again after `claim_ms`, which must exceed the longest request.
    """

    def __init__(self, database: Database, clock: Clock, owner: str, claim_ms: int) -> None:
        self._database = database
        self._clock = clock
        self._owner = owner
        self._claim_ms = claim_ms

    async def claim(self, account_id: int, key: str) -> Claimed | None:
        shard, now = shard_of(account_id), self._clock.now_ms()
        c = keys_table.c

        def claim(tx: Transaction) -> Claimed | None:
            over = sa.or_(
                c.claimed_ms < now - KEPT_MS,
                sa.and_(c.post_id == 0, c.claimed_ms < now - self._claim_ms),
            )
            tx.execute(sa.delete(keys_table).where(*_is(account_id, key), over))
            fresh = {
                "shard": shard,
                "account_id": account_id,
                "key": key,
                "owner": self._owner,
                "claimed_ms": now,
                "post_id": 0,
                "fingerprint": "",
            }
            if tx.insert_new(keys_table, [fresh]):
                return None
            row = tx.first(sa.select(c.post_id, c.fingerprint).where(*_is(account_id, key)))
            assert row is not None
            return Claimed(row.post_id, row.fingerprint)

        return await self._database.write(shard, claim)

    def complete(
        self, tx: Transaction, account_id: int, key: str, post_id: int, fingerprint: str
    ) -> None:
        c = keys_table.c
        bound = tx.changes(
            sa.update(keys_table)
            .where(*_is(account_id, key), c.post_id == 0, c.owner == self._owner)
            .values(post_id=post_id, fingerprint=fingerprint)
        )
        if not bound:
            raise Unavailable("the request took too long; send it again", retry_after=1)

    async def release(self, account_id: int, key: str) -> None:
        c = keys_table.c
        # Only our own: when a claim has run out, the key may be another process's by now.
        held = (*_is(account_id, key), c.post_id == 0, c.owner == self._owner)
        free = sa.delete(keys_table).where(*held)
        await self._database.write(shard_of(account_id), lambda tx: tx.execute(free))

    async def release_all(self) -> None:
        c = keys_table.c
        free = sa.delete(keys_table).where(c.owner == self._owner, c.post_id == 0)
        for node in self._database.nodes:
            await self._database.write(node, lambda tx: tx.execute(free))

    async def forget(self, account_id: int) -> None:
        c = keys_table.c
        theirs = sa.and_(c.shard == shard_of(account_id), c.account_id == account_id)
        while await self._database.write(
            shard_of(account_id), lambda tx: tx.delete_some(keys_table, theirs, CHUNK)
        ):
            pass

    async def sweep(self) -> None:
        old = sa.delete(keys_table).where(keys_table.c.claimed_ms < self._clock.now_ms() - KEPT_MS)
        for node in self._database.nodes:
            await self._database.write(node, lambda tx: tx.execute(old))


def _is(account_id: int, key: str) -> tuple[sa.ColumnElement[bool], ...]:
    c = keys_table.c
    return (c.shard == shard_of(account_id), c.account_id == account_id, c.key == key)
