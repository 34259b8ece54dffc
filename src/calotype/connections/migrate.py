"""Bring a database's schema up to date.

Guarantees: idempotent; all steps or none; a copy of what was there is taken first. Refuses: a
database that a newer Calotype has migrated.
"""

from pathlib import Path

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DatabaseError

from calotype.connections.backup import back_up, keep_newest
from calotype.connections.sql import WRITES
from calotype.kernel.errors import MigrationFailed, Misconfigured

_HOME = Path(__file__).parent / "migrations"


class Migrated(msgspec.Struct, frozen=True):
    """What was done: the steps before and after, and where the copy of the old state lies.

    `before` is None for a new database, and `backup` for one that had nothing to keep.
    """

    name: str
    before: str | None
    after: str
    backup: Path | None = None


def migrate(engine: Engine, name: str, backups: Path | None = None) -> Migrated:
    """Apply what is missing of the steps in `migrations/<name>`.

    Alembic, whose import takes 0.2 s, is only loaded when there is something to do. With
    `backups`, the file of a database that has been in use is copied there first.

    Raises:
        Misconfigured: the database has steps that this version does not know, or is no database,
            or there is no room for the copy.
        MigrationFailed: a step failed; the database is as it was.
    """
    before, last = pending(engine, name)
    if before == last:
        return Migrated(name, before, last)
    backup = None
    if backups is not None and before is not None and (file := engine.url.database):
        backup = back_up(Path(file), before, backups)
    try:
        with (
            engine.connect().execution_options(**{WRITES: True}) as connection,
            connection.begin(),
        ):
            _upgrade(connection, name)
    except Exception as error:
        if backup is not None:
            backup.unlink()  # the database is still the same, and every new try makes another
        raise MigrationFailed(
            f"the {name} database could not be brought from schema {before} to {last}: "
            f"{type(error).__name__}: {error}; it is as it was, and the version that "
            "ran on it before still does"
        ) from error
    if backup is not None:
        keep_newest(backup)
    return Migrated(name, before, last, backup)


def pending(engine: Engine, name: str) -> tuple[str | None, str]:
    """The step that a database is at and the one that it should be at.

    Raises:
        Misconfigured: it has steps that this version does not know, or is no database.
    """
    steps = sorted(path.stem[:4] for path in (_HOME / name).glob("[0-9]*.py"))
    try:
        current = current_step(engine)
    except DatabaseError as error:
        raise Misconfigured(
            f"the {name} database cannot be read: {error.orig}; "
            "if its file is damaged, put a backup in its place"
        ) from error
    if current is not None and current not in steps:
        raise Misconfigured(
            f"the {name} database is at schema {current}, and this version of Calotype knows "
            f"none after {steps[-1]}; install the newer version that wrote it"
        )
    return current, steps[-1]


def current_step(engine: Engine) -> str | None:
    """The number of the last step that was applied; None in an empty database."""
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        row = connection.execute(sa.text("SELECT version_num FROM alembic_version")).first()
        return None if row is None else str(row[0])


def _upgrade(connection: Connection, name: str) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    # A path may hold whatever else Alembic would split at, and signs of interpolation.
    config.set_main_option("path_separator", "newline")
    config.set_main_option("script_location", str(_HOME).replace("%", "%%"))
    config.set_main_option("version_locations", str(_HOME / name).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
