"""Relational connections: one database per purpose, its transactions, and its errors translated.

Work is a plain function of a `Transaction`, run whole in a thread: a use case composes the verbs
of several rooms into one transaction, the event loop never waits for the disk, and a write
transaction holds SQLite's lock only while it runs (decision 002).

Guarantees: a `write` is committed and durable when it returns; then the witness has heard whose
rows it changed, whatever became of the caller, and doorbells ring only after the commit.
Refuses: a statement without a shard to run it on, and a client-library exception across the port.
"""

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import cache
from operator import itemgetter
from pathlib import Path
from shutil import disk_usage
from typing import Any, ParamSpec, TypeVar

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, CursorResult, Dialect, Engine, Row
from sqlalchemy.exc import DatabaseError, DBAPIError, OperationalError
from sqlalchemy.sql.compiler import SQLCompiler

from calotype.connections.changes import Nobody, Notes, Witness
from calotype.connections.doorbell import Doorbell
from calotype.kernel.errors import CalotypeError, ReadOnly, StorageFull, Unavailable
from calotype.kernel.ids import SHARD_SHIFT, SHARDS, shard_of

T = TypeVar("T")
P = ParamSpec("P")
AnyRow = Row[*tuple[Any, ...]]

# Reads are short; beyond this many at once SQLite only queues them elsewhere.
READERS = 8
BUSY_TIMEOUT_S = 10
# The option of a connection that says that its transactions write.
WRITES = "calotype_writes"
# With less than this free, an error of input or output is taken for a full disk: SQLite tells of
# one in its own words only where it writes the database itself, not the index of its WAL.
FULL_BYTES = 128 * 1024


class Transaction:
    """What adapters run statements on; everyone else only passes it along."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.bells: set[str] = set()
        self.notes = Notes()
        """Whose rows this transaction changes, for those who keep copies of them."""

    def execute(
        self, statement: sa.Executable, rows: Sequence[Mapping[str, Any]] | None = None
    ) -> CursorResult[Any]:
        return self.connection.execute(statement, rows)

    def all(
        self, statement: sa.Executable, values: Mapping[str, Any] | None = None
    ) -> Sequence[AnyRow]:
        """All rows, in memory.

        What feeds are read with are statements that are built once, to which `values` are bound:
        to build one and find it in SQLAlchemy's cache takes longer than to run it.
        """
        return self.connection.execute(statement, values).all()

    def first(
        self, statement: sa.Executable, values: Mapping[str, Any] | None = None
    ) -> AnyRow | None:
        return self.connection.execute(statement, values).first()

    def keyed(self, table: sa.Table, column: str, ids: Sequence[int]) -> sa.FromClause:
        """The rows of `table` whose `column` is one of `ids`, by search and never by scan.

        The ids travel as one parameter, so that the statement is compiled once: 500 rows of
        50,000 take 1.8 ms; joined to a VALUES list 31; with two INs, over shards and ids, 57.
        """
        return _keyed(table, column, sa.literal(as_ids(ids)))

    def insert_new(
        self, table: sa.Table, rows: Sequence[Mapping[str, Any]], *, unless: Sequence[str] = ()
    ) -> int:
        """Insert rows, leaving those whose key exists as they are; returns how many were new.

        `unless` names the columns of the key that is meant, where it is not the primary one: a
        row that meets another by a fresh id is then an error, and not taken for a repetition.
        """
        if not rows:
            return 0
        dialect = sqlite if self.connection.dialect.name == "sqlite" else postgresql
        key = list(unless) or [column.name for column in table.primary_key]
        statement = dialect.insert(table)
        if len(rows) > 1:
            # Compiled anew each time, which takes 1.5 ms; that of one row is compiled once for all.
            statement = statement.values(list(rows))
        statement = statement.on_conflict_do_nothing(key)
        # Without the option psycopg reports -1 for an insert of several rows.
        counted = statement.execution_options(preserve_rowcount=True)
        return self.connection.execute(counted, rows if len(rows) == 1 else None).rowcount

    def insert_many(self, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """The same for many rows that give every column, with no count of the new ones.

        One prepared statement, handed to the driver as it is: SQLAlchemy's own way with many
        rows takes 14 us of a processor for each, this one 8.
        """
        if not rows:
            return
        insert = _bulk_insert(table, self.connection.dialect)
        order = insert.positiontup
        values = [itemgetter(*order)(row) for row in rows] if order else list(rows)
        self.connection.exec_driver_sql(str(insert), values)

    def upsert(self, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
        """An insert in the engine's own dialect, which can say what to do on a conflict."""
        if self.connection.dialect.name == "sqlite":
            return sqlite.insert(table)
        return postgresql.insert(table)

    def changes(self, statement: sa.Executable) -> int:
        """Run an update or delete; returns how many rows it met."""
        return self.connection.execute(statement).rowcount

    def delete_some(self, table: sa.Table, over: sa.ColumnElement[bool], limit: int) -> int:
        """Delete at most `limit` of the rows that `over` meets, to keep a write short; how many."""
        key = list(table.primary_key.columns)
        some = sa.select(*key).where(over).limit(limit)
        return self.changes(sa.delete(table).where(sa.tuple_(*key).in_(some)))

    def wake(self, topic: str) -> None:
        """Ring the doorbell for `topic` once this transaction is committed."""
        self.bells.add(topic)


class Database:
    """A relational store, addressed by logical shard.

    One node today. A map of shard ranges to nodes slots in behind the same verbs: a request's
    statement stays on one node, `batch` groups by node, a sweep runs once per node in `nodes`.
    """

    def __init__(self, engine: Engine, doorbell: Doorbell, witness: Witness | None = None) -> None:
        self.engine = engine
        self._doorbell = doorbell
        self._witness = witness or Nobody()
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="sql-read")
        # One writer a process: SQLite has one writer anyway, and waiting in line here is fair,
        # while waiting on its lock is a poll.
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="sql-write")

    @property
    def nodes(self) -> Sequence[int]:
        """One shard on each node, for sweeps that visit every node once."""
        return (0,)

    async def read(self, shard: int, work: Callable[[Transaction], T]) -> T:  # noqa: ARG002
        """Run `work` in one read transaction on the node that holds `shard`."""
        return await self._run(self._readers, self._read, work)

    async def write(self, shard: int, work: Callable[[Transaction], T]) -> T:  # noqa: ARG002
        """Run `work` in one write transaction on the node that holds `shard`, durable on return.

        `work` may run once only; what it raises rolls everything back.
        """
        return await self._run(self._writer, self._write, work)

    async def batch(
        self, ids: Iterable[int], work: Callable[[Transaction, Sequence[int]], Sequence[T]]
    ) -> list[T]:
        """Run `work` once per node with the ids that live there; the answers are joined."""
        wanted = sorted(set(ids))
        if not wanted:
            return []
        return list(await self.read(shard_of(wanted[0]), lambda tx: work(tx, wanted)))

    def look(self, work: Callable[[Transaction], T]) -> T:
        """As `read`, on every thread but the event loop's: it blocks. For the start."""
        return self._read(work)

    async def flaws(self) -> list[str]:
        """What the engine's own check of the whole store finds wrong, at most 10; reads it all."""
        return await self._run(self._readers, self._flaws)

    def close(self) -> None:
        self._writer.shutdown()
        self._readers.shutdown()
        self.engine.dispose()

    async def _run(
        self, pool: ThreadPoolExecutor, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        loop = asyncio.get_running_loop()
        context = copy_context()  # the trace of the request goes along into the thread
        return await loop.run_in_executor(pool, lambda: context.run(call, *args, **kwargs))

    def _read(self, work: Callable[[Transaction], T]) -> T:
        try:
            with self.engine.begin() as connection:
                return work(Transaction(connection))
        except DBAPIError as error:
            raise _translated(error, self.engine.url.database) from error

    def _flaws(self) -> list[str]:
        try:
            with self.engine.begin() as connection:
                rows = connection.exec_driver_sql("PRAGMA integrity_check(10)").all()
        except DatabaseError as error:
            return [str(error.orig)]
        return [str(row[0]) for row in rows if row[0] != "ok"]

    def _write(self, work: Callable[[Transaction], T]) -> T:
        try:
            with (
                self.engine.connect().execution_options(**{WRITES: True}) as connection,
                connection.begin(),
            ):
                transaction = Transaction(connection)
                answer = work(transaction)
        except DBAPIError as error:
            raise _translated(error, self.engine.url.database) from error
        if (change := transaction.notes.change()) is not None:
            self._witness.changed(change)
        for topic in transaction.bells:
            self._doorbell.ring(topic)
        return answer


def by_ids(table: sa.Table, column: str) -> sa.FromClause:
    """What `Transaction.keyed` gives, for a statement that is built once: bind `ids`."""
    return _keyed(table, column, sa.bindparam("ids", type_=sa.Text))


def as_ids(ids: Sequence[int]) -> str:
    """The value of `ids`."""
    return json.dumps(list(ids))


def _keyed(table: sa.Table, column: str, ids: sa.ColumnElement[str]) -> sa.FromClause:
    wanted = sa.func.json_each(ids).table_valued("value").alias("wanted")
    id_ = wanted.c.value
    shard = id_.op(">>")(SHARD_SHIFT).op("&")(SHARDS - 1)
    return wanted.join(table, sa.and_(table.c.shard == shard, table.c[column] == id_))


@cache
def _bulk_insert(table: sa.Table, dialect: Dialect) -> SQLCompiler:
    upsert = sqlite if dialect.name == "sqlite" else postgresql
    insert = upsert.insert(table).on_conflict_do_nothing().compile(dialect=dialect)
    assert isinstance(insert, SQLCompiler)
    return insert


def sqlite_engine(path: Path, synchronous: str = "FULL") -> Engine:
    """An engine over one SQLite file in WAL mode.

    Args:
        path: the file; made if absent, readable by its owner alone.
        synchronous: FULL, so that a commit survives a power cut (decision 025); OFF for tests.
    """
    path.touch(mode=0o600)
    engine = sa.create_engine(
        f"sqlite:///{path}",
        connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT_S},
        hide_parameters=True,  # errors end in logs, and parameters are people's words
        pool_size=READERS + 1,
        max_overflow=0,
    )

    def configure(dbapi_connection: Any, _record: object) -> None:
        dbapi_connection.isolation_level = None  # we say BEGIN ourselves, below
        cursor = dbapi_connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute(f"PRAGMA synchronous={synchronous}")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    def begin(connection: Connection) -> None:
        # IMMEDIATE: a deferred transaction that reads first and writes later fails with
        # SQLITE_BUSY at once, whatever the timeout, when another process wrote in between.
        writes = connection.get_execution_options().get(WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine, "connect", configure)
    event.listen(engine, "begin", begin)
    return engine


def _translated(error: DBAPIError, path: str | None) -> CalotypeError | DBAPIError:
    text = str(error.orig)
    name = getattr(error.orig, "sqlite_errorname", "")
    failed = name.startswith(("SQLITE_IOERR", "SQLITE_CANTOPEN"))
    if name == "SQLITE_FULL" or (failed and path and disk_usage(path).free < FULL_BYTES):
        return StorageFull("the disk that holds the database is full; free some room")
    if name.startswith("SQLITE_READONLY"):
        return ReadOnly(
            "the database cannot be written; check the data directory's permissions, "
            "and whether its disk is mounted read-only"
        )
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return Unavailable(f"the database is damaged: {text}; calotype check says how much")
    if failed:
        return Unavailable(
            f"the disk that holds the database fails ({text}); the system's log says why, "
            "and whether it turned read-only"
        )
    if isinstance(error, OperationalError):
        return Unavailable(f"the database did not answer: {text}", retry_after=1)
    return error
