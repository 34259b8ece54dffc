"""Bring a database's schema up to date.

Guarantees: idempotent; all steps or none. Refuses: a database that a newer Calotype has migrated.
"""

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from calotype.kernel.errors import Misconfigured

_HOME = Path(__file__).parent / "migrations"


def migrate(engine: Engine, name: str) -> None:
    """Apply what is missing of the steps in `migrations/<name>`.

    Alembic, whose import takes 0.2 s, is only loaded when there is something to do.

    Raises:
        Misconfigured: the database has steps that this version does not know.
    """
    steps = sorted(path.stem[:4] for path in (_HOME / name).glob("[0-9]*.py"))
    current = current_step(engine)
    if current == steps[-1]:
        return
    if current is not None and current not in steps:
        raise Misconfigured(
            f"the {name} database is at schema {current}, and this version of Calotype knows "
            f"none after {steps[-1]}; install the newer version that wrote it"
        )
    with engine.begin() as connection:
        _upgrade(connection, name)


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
    # By default a path is split at its spaces.
    config.set_main_option("path_separator", "newline")
    config.set_main_option("script_location", _literal(_HOME))
    config.set_main_option("version_locations", _literal(_HOME / name))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _literal(path: Path) -> str:
    return str(path).replace("%", "%%")  # the configuration interpolates
