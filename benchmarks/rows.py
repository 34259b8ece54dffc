"""Communities of any size, written straight into the databases of a prepared data directory."""

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from operator import itemgetter
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from calotype.accounts.adapters.tables import accounts
from calotype.feed.adapters.sql import timelines_table
from calotype.graph.adapters.sql import followers_table, follows_table
from calotype.kernel.ids import SEQUENCES, SHARDS, shard_of
from calotype.posts.adapters.rows import medium_row, post_row
from calotype.posts.adapters.tables import media_table, posts_table
from calotype.posts.lifecycle import Status
from calotype.posts.post import Audience, Medium, MediumStatus, Post

# Columns by name, as the stores write them.
Row = dict[str, Any]
# Ids of bulk rows lie in the first day of the epoch, below those of people who register now.
_FIRST_MS = 1_000
_CHUNK = 50_000
# What processing found out of each photo.
_FOUND = {"width": 1080, "height": 810, "blurhash": "LEHV6nWB2yk8pyo0adR*.7kCMdnj"}
CAPTION = "Morning light on the old mill, before the first train. #light #mill"


def id_at(number: int) -> int:
    """The id of bulk row `number`: in order of time, scattered over the shards."""
    return (_FIRST_MS + number) << 22 | number * 7 % SHARDS << 10 | number % SEQUENCES


class Bulk:
    """Rows for the databases of one data directory; many a second, since no commit waits for the disk."""

    def __init__(self, data: Path) -> None:
        self._data = data

    def people(self, ids: Iterable[int]) -> None:
        self._insert("core", accounts, (_account(id_) for id_ in ids))

    def follow(self, edges: Iterable[tuple[int, int]]) -> None:
        """Edges from a follower to a followee, at both ends; counts stay as they are."""
        pairs = list(edges)
        self._insert("core", follows_table, (_edge(a, a, b) for a, b in pairs))
        self._insert("core", followers_table, (_edge(b, a, b) for a, b in pairs))

    def posts(self, posts: Sequence[tuple[int, int]]) -> None:
        """Published posts (post_id, author_id) with one photo each; a post's id is also that of
        its publishing and its medium's."""
        self._insert("core", posts_table, (post_row(_post(p, author)) for p, author in posts))
        media = (medium_row(_medium(p, author)) | _FOUND for p, author in posts)
        self._insert("core", media_table, media)

    def timelines(self, entries: Iterable[tuple[int, int, int]]) -> None:
        """Entries (reader_id, post_id, author_id)."""
        self._insert("timelines", timelines_table, (_entry(*entry) for entry in entries))

    def _insert(self, database: str, table: sa.Table, rows: Iterable[Row]) -> None:
        """Columns that the rows do not name take the database's defaults."""
        # By their leading key: pages of the tree are filled one after the other.
        ordered = sorted(rows, key=itemgetter("shard"))
        names = ordered[0].keys()
        marks = ", ".join(f":{name}" for name in names)
        statement = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({marks})"
        with closing(sqlite3.connect(self._data / f"{database}.db", timeout=60)) as connection:
            connection.execute("PRAGMA synchronous=OFF")
            connection.execute("PRAGMA cache_size=-262144")
            for chunk in (ordered[at : at + _CHUNK] for at in range(0, len(ordered), _CHUNK)):
                with connection:
                    connection.executemany(statement, chunk)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _account(user_id: int) -> Row:
    return {
        "shard": shard_of(user_id),
        "user_id": user_id,
        "username": f"p{user_id}",
        "name": f"Person {user_id % 1000}",
        "bio": "",
        "role": "member",
        "password_hash": "",
    }


def _edge(owner_id: int, follower_id: int, followee_id: int) -> Row:
    return {
        "shard": shard_of(owner_id),
        "follower_id": follower_id,
        "followee_id": followee_id,
        "edge_id": followee_id if owner_id == follower_id else follower_id,
    }


def _entry(reader_id: int, post_id: int, author_id: int) -> Row:
    return {
        "shard": shard_of(reader_id),
        "reader_id": reader_id,
        "published_id": post_id,
        "post_id": post_id,
        "author_id": author_id,
    }


def _post(post_id: int, author_id: int) -> Post:
    return Post(
        post_id=post_id,
        author_id=author_id,
        status=Status.PUBLISHED,
        caption=CAPTION,
        tags=("light", "mill"),
        mentions=(),
        audience=Audience.EVERYONE,
        media=(),
        published_id=post_id,
    )


def _medium(post_id: int, author_id: int) -> Medium:
    return Medium(
        media_id=post_id,
        post_id=post_id,
        author_id=author_id,
        position=0,
        key=media_key(post_id),
        content_type="image/jpeg",
        size=3_000_000,
        sha256="0" * 64,
        alt_text="A mill",
        status=MediumStatus.READY,
    )


def media_key(media_id: int) -> str:
    """The part of its renditions' place that is a secret elsewhere."""
    return f"k{media_id}"
