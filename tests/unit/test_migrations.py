"""Migrations: they lead to the tables that the code declares, once, and never backwards."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from click.testing import CliRunner

from calotype import bootstrap
from calotype.accounts.events import account_event
from calotype.bootstrap import prepare
from calotype.cli.main import main
from calotype.cli.serve import alone
from calotype.connections import backup
from calotype.connections import migrate as migrations
from calotype.connections.migrate import current_step, migrate
from calotype.connections.schema import CORE, TIMELINES
from calotype.connections.sql import sqlite_engine
from calotype.events.adapters.sql import outbox_table
from calotype.events.log import Event
from calotype.kernel.errors import MigrationFailed, Misconfigured
from calotype.kernel.ids import shard_of
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


class Steps:
    """A home of migrations for one database of the test's own, with a step more at a time."""

    def __init__(self, home: Path) -> None:
        self.home = home
        (home / "core").mkdir(parents=True)
        (home / "env.py").write_text((migrations._HOME / "env.py").read_text())

    def add(self, number: int, *, broken: bool = False) -> None:
        before = f"'{number - 1:04}'" if number > 1 else None
        make = f"op.execute('CREATE TABLE t{number} (a)')" + ("; 1 / 0" if broken else "")
        (self.home / "core" / f"{number:04}_a.py").write_text(
            f"revision = '{number:04}'\ndown_revision = {before}\nfrom alembic import op\n"
            f"def upgrade():\n {make}\n"
        )


@pytest.fixture
def steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Steps:
    """The first step alone."""
    steps = Steps(tmp_path / "100% our migrations, all of them")
    monkeypatch.setattr(migrations, "_HOME", steps.home)
    steps.add(1)
    return steps


@pytest.fixture
def core(tmp_path: Path) -> Iterator[sa.Engine]:
    engine = sqlite_engine(tmp_path / "core.db", "OFF")
    yield engine
    engine.dispose()


def test_a_step_that_fails_leaves_the_database_as_it_was(
    steps: Steps, core: sa.Engine, tmp_path: Path
) -> None:
    backups = tmp_path / "backups"
    migrate(core, "core", backups)
    steps.add(2)
    steps.add(3, broken=True)
    with pytest.raises(MigrationFailed, match="from schema 0001 to 0003: ZeroDivisionError"):
        migrate(core, "core", backups)
    assert current_step(core) == "0001"
    assert sa.inspect(core).get_table_names() == ["alembic_version", "t1"]
    assert not any(backups.iterdir()), "it would be one more at each start"
    steps.add(3)
    migrate(core, "core", backups)
    assert current_step(core) == "0003"


def test_a_database_in_use_is_copied_before_it_is_migrated(
    steps: Steps, core: sa.Engine, tmp_path: Path
) -> None:
    backups = tmp_path / "backups"
    first = migrate(core, "core", backups)
    assert (first.before, first.backup) == (None, None), "there was nothing to keep"
    assert not backups.exists()
    with core.begin() as connection:
        connection.execute(sa.text("INSERT INTO t1 VALUES (41)"))
    steps.add(2)

    done = migrate(core, "core", backups)

    assert (done.before, done.after) == ("0001", "0002")
    assert done.backup is not None
    assert [*backups.iterdir()] == [done.backup]
    assert done.backup.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(done.backup)) as copy:
        # The row was in the WAL alone, since the first connection is still open.
        assert copy.execute("SELECT a FROM t1").fetchall() == [(41,)]
        assert copy.execute("SELECT version_num FROM alembic_version").fetchall() == [("0001",)]
    assert migrate(core, "core", backups).backup is None, "there is nothing to do any more"
    assert [*backups.iterdir()] == [done.backup]


def test_the_last_three_copies_of_a_database_are_kept(
    steps: Steps, core: sa.Engine, tmp_path: Path
) -> None:
    backups = tmp_path / "backups"
    migrate(core, "core", backups)
    backups.mkdir()
    others = [backups / "timelines-0001-20200101T000000000000Z.db", backups / "core-half.part"]
    for other in others:
        other.touch()
    for number in (2, 3, 4, 5, 6):
        steps.add(number)
        migrate(core, "core", backups)
    kept = sorted(path.name[:9] for path in backups.iterdir())
    assert kept == ["core-0003", "core-0004", "core-0005", "timelines"]


def test_without_room_for_the_copy_nothing_is_migrated(
    steps: Steps, core: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(core, "core", tmp_path / "backups")
    steps.add(2)
    full = shutil.disk_usage(tmp_path)._replace(free=1_000)
    monkeypatch.setattr(backup, "disk_usage", lambda _: full)
    with pytest.raises(Misconfigured, match=r"no room to back core\.db up"):
        migrate(core, "core", tmp_path / "backups")
    assert current_step(core) == "0001"
    assert not any((tmp_path / "backups").iterdir())


def test_what_is_no_database_is_refused_by_name(core: sa.Engine, tmp_path: Path) -> None:
    (tmp_path / "core.db").write_text("a note that someone put here by mistake" * 100)
    with pytest.raises(Misconfigured, match="the core database cannot be read"):
        migrate(core, "core")


def test_the_command_says_what_it_did_and_refuses_under_a_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALOTYPE_DATA", str(tmp_path / "data"))
    command = CliRunner()
    made = command.invoke(main, ["migrate"])
    assert made.output.startswith("core: made at schema"), made.output
    again = command.invoke(main, ["migrate"])
    assert [line.split(": ")[0] for line in again.output.splitlines()] == ["core", "timelines"]
    assert again.output.count("nothing to do") == 2

    monkeypatch.setattr(bootstrap.shape, "pending", lambda *_: ("0001", "0002"))
    with alone(tmp_path / "data"):
        refused = command.invoke(main, ["migrate"])
    assert refused.exit_code == 2
    assert "another Calotype runs on" in refused.output


def test_who_was_here_before_there_was_an_index_of_people_is_told_of(tmp_path: Path) -> None:
    """Step 0015: an event for each account, from which the worker makes the index."""
    engine = sqlite_engine(tmp_path / "core.db", "OFF")
    _upgrade_to(engine, "0011")
    ids = [number << 22 | number << 10 for number in range(1, 1_203)]
    with engine.begin() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO accounts (shard, user_id, username, name, bio, role, password_hash) "
                "VALUES (:shard, :user_id, 'x', '', '', 'member', '')"
            ),
            [{"shard": shard_of(id_), "user_id": id_} for id_ in ids],
        )
    migrate(engine, "core")
    with engine.connect() as connection:
        rows = connection.execute(sa.select(outbox_table).order_by(outbox_table.c.id)).all()
    engine.dispose()
    assert [row.id for row in rows] == ids
    told = account_event(ids[7])
    row = rows[7]
    assert Event(row.shard, row.kind, row.key, row.payload) == told


def _upgrade_to(engine: sa.Engine, revision: str) -> None:
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("path_separator", "newline")
        config.set_main_option("script_location", str(migrations._HOME))
        config.set_main_option("version_locations", str(migrations._HOME / "core"))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
