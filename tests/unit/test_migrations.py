"""Migrations: they lead to the tables that the code declares, once, and never backwards."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from calotype.bootstrap import prepare
from calotype.connections import migrate as migrations
from calotype.connections.migrate import current_step, migrate
from calotype.connections.schema import CORE, TIMELINES
from calotype.connections.sql import sqlite_engine
from calotype.kernel.errors import Misconfigured
from calotype.settings import Settings

DATABASES = {"core": CORE, "timelines": TIMELINES}


@pytest.fixture(params=DATABASES)
def name(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def engine(tmp_path: Path, name: str) -> sa.Engine:
    prepare(Settings(data=str(tmp_path)))
    return sqlite_engine(tmp_path / f"{name}.db", "OFF")


def test_a_prepared_database_has_the_tables_that_the_code_declares(
    engine: sa.Engine, name: str
) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, DATABASES[name]) == []
    engine.dispose()


def test_every_table_leads_its_key_with_the_shard_and_has_no_rowid(
    engine: sa.Engine, name: str
) -> None:
    with engine.connect() as connection:
        inspector = sa.inspect(connection)
        for table in DATABASES[name].tables:
            assert inspector.get_pk_constraint(table)["constrained_columns"][0] == "shard"
            options = inspector.get_table_options(table)
            assert options == {"sqlite_with_rowid": False}, table
    engine.dispose()


def test_migrating_again_changes_nothing(
    engine: sa.Engine, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = current_step(engine)
    monkeypatch.setattr(migrations, "_upgrade", lambda *_: pytest.fail("there is nothing to do"))
    migrate(engine, name)
    assert current_step(engine) == before is not None
    engine.dispose()


def test_a_step_of_a_newer_version_is_refused_with_its_number(engine: sa.Engine, name: str) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Misconfigured, match=f"the {name} database is at schema 9999"):
        migrate(engine, name)
    assert current_step(engine) == "9999"
    engine.dispose()


def test_a_step_that_fails_leaves_the_database_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "100% our migrations, all of them"
    (home / "core").mkdir(parents=True)
    (home / "env.py").write_text((migrations._HOME / "env.py").read_text())
    step = (
        "revision = '{0:04}'\ndown_revision = {1}\nfrom alembic import op\ndef upgrade():\n {2}\n"
    )
    make = "op.execute('CREATE TABLE t{0} (a)')"
    (home / "core" / "0001_a.py").write_text(step.format(1, None, make.format(1)))
    monkeypatch.setattr(migrations, "_HOME", home)
    engine = sqlite_engine(tmp_path / "core.db", "OFF")
    migrate(engine, "core")
    broken = home / "core" / "0002_b.py"
    broken.write_text(step.format(2, "'0001'", make.format(2) + "; 1 / 0"))
    with pytest.raises(ZeroDivisionError):
        migrate(engine, "core")
    assert current_step(engine) == "0001"
    assert sa.inspect(engine).get_table_names() == ["alembic_version", "t1"]
    broken.write_text(step.format(2, "'0001'", make.format(2)))
    migrate(engine, "core")
    assert current_step(engine) == "0002"
    engine.dispose()
