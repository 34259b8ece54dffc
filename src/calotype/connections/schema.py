"""Which tables live together: each room's SQL adapter declares its tables on one of these.

Every table leads its primary key with `shard`, so that one schema runs on SQLite, on one
Postgres, on a map of Postgres servers, and on Citus with `shard` as the distribution column.
"""

from typing import Any

import sqlalchemy as sa

from calotype.kernel.trace import MAX_TRACE

_NAMES = {
    "pk": "pk_%(table_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
}

# What cannot be rebuilt from anything else.
CORE = sa.MetaData(naming_convention=_NAMES)
# What can be rebuilt from it: a file of its own, so that its bulk writes delay nobody.
TIMELINES = sa.MetaData(naming_convention=_NAMES)


def shard_column() -> sa.Column[int]:
    """The leading column of every table: the logical shard, 0 to 4,095."""
    return sa.Column("shard", sa.SmallInteger, primary_key=True, autoincrement=False)


def id_column(name: str, *, key: bool = False, **options: Any) -> sa.Column[int]:
    """A 63-bit id; with `key`, part of the primary key."""
    return sa.Column(name, sa.BigInteger, primary_key=key, autoincrement=False, **options)


def trace_column() -> sa.Column[str]:
    """The id of the request that a row goes back to (kernel/trace.py); empty if there was none."""
    return sa.Column("trace", sa.String(MAX_TRACE), nullable=False, server_default="")


def sharded(metadata: sa.MetaData, name: str, *columns: sa.schema.SchemaItem) -> sa.Table:
    """A table with `shard` as its leading key, clustered by that key in SQLite too."""
    return sa.Table(name, metadata, shard_column(), *columns, sqlite_with_rowid=False)
