"""Communities of any size, written straight into the databases of a prepared data directory."""

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from calotype.accounts.adapters.tables import accounts
from calotype.feed.adapters.sql import timelines_table
from calotype.graph.adapters.sql import followers_table, follows_table
from calotype.kernel.ids import SEQUENCES, SHARDS, shard_of
from calotype.posts.adapters.tables import media_table, posts_table
from calotype.posts.lifecycle import Status
from calotype.posts.post import Audience, MediumStatus

# The shard first, as in every table.
Values = tuple[Any, ...]
# Ids of bulk rows lie in the first day of the epoch, below those of people who register now.
_FIRST_MS = 1_000
_CHUNK = 50_000
BLURHASH = "LEHV6nWB2yk8pyo0adR*.7kCMdnj"
CAPTION = "Morning light on the old mill, before the first train. #light #mill"


def id_at(number: int) -> int:
    """The id of bulk row `number`: in order of time, scattered over the shards."""
    return (_FIRST_MS + number) << 22 | number * 7 % SHARDS << 10 | number % SEQUENCES


class Bulk:
    """Rows for the databases of one data directory; many a second, since no commit waits for the disk."""

    def __init__(self, data: Path) -> None:
        self._data = data

    def people(self, ids: Iterable[int]) -> None:
        rows = (
            (shard_of(i), i, f"p{i}", None, f"Person {i % 1000}", "", "member", "", None)
            for i in ids
        )
        self._insert("core", accounts, rows)

    def follow(self, edges: Iterable[tuple[int, int]]) -> None:
        """Edges from a follower to a followee, at both ends; counts stay as they are."""
        pairs = list(edges)
        self._insert("core", follows_table, ((shard_of(a), a, b, b) for a, b in pairs))
        self._insert("core", followers_table, ((shard_of(b), b, a, a) for a, b in pairs))

    def posts(self, posts: Sequence[tuple[int, int]]) -> None:
        """Published posts (post_id, author_id) with one photo each; a post's id is also that of
        its publishing and its medium's."""
        published, everyone = Status.PUBLISHED.value, Audience.EVERYONE.value
        words = (CAPTION, '["light","mill"]', "[]", None, everyone, 0)
        self._insert(
            "core",
            posts_table,
            ((shard_of(p), p, author, published, "", p, *words) for p, author in posts),
        )
        self._insert("core", media_table, (_medium(p, author) for p, author in posts))

    def timelines(self, entries: Iterable[tuple[int, int, int]]) -> None:
        """Entries (reader_id, post_id, author_id)."""
        rows = ((shard_of(reader), reader, post, post, author) for reader, post, author in entries)
        self._insert("timelines", timelines_table, rows)

    def _insert(self, database: str, table: sa.Table, rows: Iterable[Values]) -> None:
        with closing(sqlite3.connect(self._data / f"{database}.db", timeout=60)) as connection:
            connection.execute("PRAGMA synchronous=OFF")
            connection.execute("PRAGMA cache_size=-262144")
            # By their leading key: pages of the tree are filled one after the other.
            rows = iter(sorted(rows, key=itemgetter(0)))
            while chunk := list(islice(rows, _CHUNK)):
                with connection:
                    connection.executemany(_statement(table, len(chunk[0])), chunk)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _statement(table: sa.Table, values: int) -> str:
    """Inserts so many values of a row; the columns behind them have defaults."""
    # By name: migrations have put columns elsewhere than where the code lists them.
    names = ", ".join([column.name for column in table.columns][:values])
    return f"INSERT INTO {table.name} ({names}) VALUES ({', '.join('?' * values)})"


def _medium(post_id: int, author_id: int) -> Values:
    ready, facts = MediumStatus.READY.value, ("image/jpeg", 3_000_000, "0" * 64, "A mill", None)
    place = (shard_of(post_id), post_id, post_id, author_id, 0, ready, "", media_key(post_id))
    return (*place, *facts, 1080, 810, BLURHASH)


def media_key(media_id: int) -> str:
    """The part of its renditions' place that is a secret elsewhere."""
    return f"k{media_id}"
