"""What only the data directory tells: rows, files, and whether work is left."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from calotype.bootstrap import open_embedded
from calotype.bootstrap.common import abandon_upload
from calotype.media.renditions import RENDITIONS
from calotype.settings import load_settings
from calotype.uploads.settings import UploadSettings
from calotype.uploads.sweep import AllReferences, Sweep, Swept
from tests.clocks import DAY_MS, ManualClock

DATABASES = ("core", "timelines")


def rows(data: Path, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(data / "core.db", timeout=10)) as connection:
        return connection.execute(statement, values).fetchall()


def change(data: Path, statement: str) -> None:
    """Change rows behind the server's back."""
    with closing(sqlite3.connect(data / "core.db", timeout=10)) as connection, connection:
        assert connection.execute(statement).rowcount > 0, statement


def work_left(data: Path) -> list[tuple[Any, ...]]:
    """Jobs, deliveries and outbox rows that are still to be done; dead letters are not."""
    return rows(
        data,
        "SELECT 'job', kind, key FROM jobs WHERE died_ms = 0 "
        "UNION ALL SELECT 'delivery', kind, key FROM deliveries WHERE died_ms = 0 "
        "UNION ALL SELECT 'outbox', kind, key FROM outbox "
        "UNION ALL SELECT 'post', status, post_id FROM posts WHERE status = 'PROCESSING'",
    )


def statuses(data: Path) -> dict[str, str]:
    return {str(id_): status for id_, status in rows(data, "SELECT post_id, status FROM posts")}


async def sweep(data: Path) -> Swept:
    """Sweep once with no grace, with the stores that bootstrap opens; nothing else may run.

    Uploads that no post uses are ended before, as in a month's time.
    """
    shape = open_embedded(load_settings({"CALOTYPE_DATA": str(data)}), "cli")
    try:
        later = ManualClock(shape.clock.now_ms() + 30 * DAY_MS)
        await replace(abandon_upload(shape), clock=later).expire()
        # No request is under way, so that none lasts longer than no grace.
        settings = UploadSettings(sweep_grace_s=0, total_s=-1)
        references = AllReferences(shape.posts, shape.avatars, shape.uploads)
        return await Sweep(shape.blobs, references, shape.clock, settings).run()
    finally:
        shape.blobs.close()
        shape.partials.close()
        await shape.close()
        shape.doorbell.close()


def blob_findings(data: Path) -> list[str]:
    """Files that no post wants, and files that a post wants and has not."""
    wanted, allowed = _blobs_of_posts(data)
    present = {
        str(path.relative_to(data / "blobs"))
        for path in (data / "blobs").rglob("*")
        if path.is_file()
    }
    return [f"orphan: {key}" for key in sorted(present - allowed)] + [
        f"missing: {key}" for key in sorted(wanted - present)
    ]


def broken_databases(data: Path) -> list[str]:
    answers = []
    for name in DATABASES:
        with closing(sqlite3.connect(data / f"{name}.db")) as connection:
            answers += [row[0] for row in connection.execute("PRAGMA integrity_check")]
    return [answer for answer in answers if answer != "ok"]


def _blobs_of_posts(data: Path) -> tuple[set[str], set[str]]:
    wanted: set[str] = set()
    allowed: set[str] = set()
    for author, media_id, key, status in _media(data):
        original = f"originals/{author}/{media_id}"
        renditions = {f"processed/{media_id}/{key}/{each.file_name}" for each in RENDITIONS}
        if status == "PURGED":
            continue
        allowed |= {original, *renditions}
        if status in {"PUBLISHED", "ARCHIVED"}:
            wanted |= {original, *renditions}
    return wanted, allowed


def _media(data: Path) -> Sequence[tuple[Any, ...]]:
    return rows(
        data,
        "SELECT media.author_id, media_id, key, posts.status FROM media "
        "JOIN posts ON posts.shard = media.shard AND posts.post_id = media.post_id",
    )
