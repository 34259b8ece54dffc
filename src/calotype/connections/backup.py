"""Copies of SQLite files, taken before something irreversible is done to them.

Guarantees: a copy under its final name is whole, of one moment (what the WAL holds included),
durable, and readable by its owner alone. Refuses: to start without room for it.
"""

import os
import sqlite3
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from shutil import disk_usage

from calotype.kernel.durable import sync
from calotype.kernel.errors import Misconfigured

KEPT = 3
# Beside the copy, for the new pages of the migration that follows and the WAL's index.
SPARE_BYTES = 4 * 1024 * 1024
_PAGES = 1_000


def back_up(file: Path, step: str, directory: Path) -> Path:
    """Copy a database to `directory/<name>-<step>-<time>.db`; where it is.

    Raises:
        Misconfigured: there is no room for the copy, or the directory cannot be written.
    """
    time = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    target = directory / f"{file.stem}-{step}-{time}.db"
    unfinished = target.with_suffix(".part")
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
        for stale in directory.glob(f"{file.stem}-*.part"):
            stale.unlink()
        _check_room(file, directory)
        unfinished.touch(mode=0o600, exist_ok=False)
        _copy(file, unfinished)
        sync(unfinished)
        unfinished.rename(target)
        sync(directory)
    except (OSError, sqlite3.Error) as error:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise Misconfigured(
            f"{file.name} cannot be backed up to {os.fspath(directory)!r}: {_reason(error)}; "
            "nothing was migrated"
        ) from error
    return target


def keep_newest(latest: Path) -> None:
    """Remove all but `latest` and the newest others of its database, 3 in all."""
    name = latest.name.split("-")[0]
    others = [copy for copy in latest.parent.glob(f"{name}-*.db") if copy != latest]
    others.sort(key=lambda copy: copy.stem.rpartition("-")[2])
    for copy in others[: 1 - KEPT]:
        copy.unlink(missing_ok=True)


def _check_room(file: Path, directory: Path) -> None:
    wal = file.with_name(f"{file.name}-wal")
    needed = file.stat().st_size + (wal.stat().st_size if wal.exists() else 0) + SPARE_BYTES
    free = disk_usage(directory).free
    if free < needed:
        raise Misconfigured(
            f"there is no room to back {file.name} up before it is migrated: {needed:,} bytes are "
            f"needed in {os.fspath(directory)!r} and {free:,} are free; free some room. "
            "Nothing was migrated"
        )


def _copy(file: Path, target: Path) -> None:
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy, pages=_PAGES)
        # A copy is one file: no -wal and -shm beside it until someone opens it.
        copy.execute("PRAGMA journal_mode=DELETE")


def _reason(error: OSError | sqlite3.Error) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)
