"""NameCensus on the relational store: accounts and claims on one node."""

from collections.abc import AsyncIterator

import sqlalchemy as sa

from calotype.accounts.adapters.tables import accounts, name_claims
from calotype.accounts.store import Claim
from calotype.connections.pages import pages
from calotype.connections.sql import Database
from calotype.kernel.ids import SHARD_SHIFT, SHARDS, shard_of_name

_c = name_claims.c
_shard = _c.user_id.op(">>")(SHARD_SHIFT).op("&")(SHARDS - 1)
_borne = sa.exists().where(accounts.c.shard == _shard, accounts.c.user_id == _c.user_id)


class SqlNameCensus:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def unborne(self, expired_by_ms: int) -> AsyncIterator[list[Claim]]:
        keys = (_c.shard, _c.name)
        over = sa.or_(_c.reserved_until_ms.is_(None), _c.reserved_until_ms < expired_by_ms)
        found = sa.select(*keys, _c.user_id, _c.reserved_until_ms).where(over, ~_borne)
        async for page in pages(self._database, found, keys):
            yield [Claim(row.name, row.user_id, row.reserved_until_ms) for row in page]

    async def accounts(self) -> int:
        counted = sa.select(sa.func.count().label("accounts")).select_from(accounts)
        total = 0
        for node in self._database.nodes:
            row = await self._database.read(node, lambda tx: tx.first(counted))
            total += row.accounts if row is not None else 0
        return total

    async def free(self, claim: Claim) -> None:
        same = (
            _c.shard == shard_of_name(claim.name),
            _c.name == claim.name,
            _c.user_id == claim.user_id,
            _c.reserved_until_ms.is_not_distinct_from(claim.reserved_until_ms),
        )
        removal = sa.delete(name_claims).where(*same, ~_borne)
        await self._database.write(shard_of_name(claim.name), lambda tx: tx.execute(removal))
