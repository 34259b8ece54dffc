"""How the SQL adapter asks: the planner must be able to answer by key."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from calotype.accounts.adapters.sql import sql_stores
from calotype.kernel.ids import IdFactory
from tests.accounts_world import open_database

pytestmark = pytest.mark.anyio


async def test_many_accounts_are_one_statement_that_searches_by_key(tmp_path: Path) -> None:
    database = open_database(tmp_path)
    asked: list[tuple[str, tuple[int, ...]]] = []
    sa.event.listen(
        database.engine,
        "before_cursor_execute",
        lambda _c, _cur, statement, values, _ctx, _many: asked.append((statement, values)),
    )
    ids = [IdFactory().new(shard) for shard in range(50)]
    await database.read(0, lambda tx: sql_stores().accounts.by_ids(tx, ids))
    ((statement, values),) = [one for one in asked if "accounts" in one[0]]
    with database.engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        steps = [row[-1] for row in plan]
    database.close()
    assert "SEARCH accounts USING PRIMARY KEY (shard=? AND user_id=?)" in steps


async def test_owners_are_found_by_their_own_index(tmp_path: Path) -> None:
    database = open_database(tmp_path)
    with database.engine.connect() as connection:
        plan = connection.exec_driver_sql(
            "EXPLAIN QUERY PLAN SELECT user_id FROM accounts WHERE role = 'owner' LIMIT 1"
        )
        (step,) = [row[-1] for row in plan]
    database.close()
    assert "ix_accounts_owners" in step
