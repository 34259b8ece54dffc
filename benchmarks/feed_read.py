"""Feed reads: 20 posts over HTTP, beside what the HTTP server can do at most with these bytes."""

import tempfile
from pathlib import Path

from benchmarks.bare import bare_server
from benchmarks.one_core import Target, compare
from benchmarks.processes import OneCore, load_apart
from benchmarks.report import Report
from benchmarks.rows import Bulk, id_at
from tests.server import Person, Server

DESCRIPTION = "feed of 20 posts, one core, 32 connections, against a bare ASGI app"

AUTHORS = 100
POSTS = 1_000


def run(report: Report) -> None:
    try:
        with load_apart() as core, tempfile.TemporaryDirectory() as folder:
            _measure(report, core, Path(folder))
    except OneCore as reason:
        report.skip("one_core", str(reason))


def _measure(report: Report, core: set[int], folder: Path) -> None:
    server = Server(folder / "data").start()
    reader = server.person("reader")
    fill(Bulk(server.data), int(reader.id))
    url = f"{server.url}/api/v1/feed?limit=20"
    answer = reader.http.get(url)
    assert len(answer.json()["posts"]) == 20
    report.figure("answer", len(answer.content) / 1000, "KB")
    ours = Target(url, server.children()["web"], bearer(reader))
    with bare_server(answer, folder) as (bare_url, pid):
        answers = compare(report, core, ours, Target(bare_url, pid, {}), "reads/s", at_least=0.5)
    server.stop()
    report.figure("p99", answers.p99_ms, "ms", at_most=30)


def bearer(person: Person) -> dict[str, str]:
    return {"Authorization": person.http.headers["Authorization"]}


def fill(bulk: Bulk, reader_id: int) -> None:
    """A reader of 100 people with 10 posts each."""
    authors = [id_at(number) for number in range(AUTHORS)]
    posts = [(id_at(number), authors[number % AUTHORS]) for number in range(POSTS)]
    bulk.people(authors)
    bulk.follow((reader_id, author) for author in authors)
    bulk.posts(posts)
    bulk.timelines((reader_id, post, author) for post, author in posts)
