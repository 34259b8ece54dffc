"""Feed reads: 20 posts over HTTP, beside what the HTTP server can do at most with these bytes.

A hit finds everything at hand; a miss ranks the feed and finds the posts' JSON; cold, all is read.
"""

from pathlib import Path

from benchmarks.bare import bare_server
from benchmarks.load import Answers, ask_each
from benchmarks.one_core import Target, compare, measure_apart
from benchmarks.processes import cpu_seconds, pin
from benchmarks.report import Report
from benchmarks.rows import Bulk, id_at
from tests.server import Person, Server

DESCRIPTION = "feed of 20 posts, one core: hit, miss, cold; against a bare ASGI app"

AUTHORS = 100
POSTS = 1_000
# How many ask at once for feeds that are not at hand, and for how long.
AT_ONCE, SECONDS = 8, 6
# With room for one reader's feed, two who take turns never find theirs.
MISS = {"CALOTYPE_FEED_CACHED_LISTS": "1"}
COLD = {"CALOTYPE_FEED_CACHE_S": "0"}


def run(report: Report) -> None:
    measure_apart(report, _measure)


def _measure(report: Report, core: set[int], folder: Path) -> None:
    _measure_hits(report, core, folder)
    for name, settings in (("miss", MISS), ("cold", COLD)):
        answers, cpu_ms = _ask_many(core, folder / name, settings)
        report.figure(f"{name}_cpu_an_answer", cpu_ms, "ms")
        report.figure(f"{name}_median", answers.median_ms, "ms")
        aim_ms = 60 if name == "miss" else None
        report.figure(f"{name}_p99", answers.p99_ms, "ms", at_most=aim_ms)


def _measure_hits(report: Report, core: set[int], folder: Path) -> None:
    with Server(folder / "hit") as server:
        reader = server.person("reader")
        fill(Bulk(server.data), [int(reader.id)])
        url = feed_url(server)
        answer = reader.http.get(url)
        assert len(answer.json()["posts"]) == 20
        report.figure("answer", len(answer.content) / 1000, "KB")
        ours = Target(url, server.children()["web"], bearer(reader))
        with bare_server(answer, folder) as (bare_url, pid):
            answers = compare(
                report, core, ours, Target(bare_url, pid, {}), "reads/s", at_least=0.6
            )
    report.figure("hit_p99", answers.p99_ms, "ms", at_most=25)


def _ask_many(core: set[int], data: Path, settings: dict[str, str]) -> tuple[Answers, float]:
    """Pairs of readers take turns, each for a feed of their own; and milliseconds of CPU an answer."""
    with Server(data, settings) as server:
        readers = [server.person(f"reader{number}") for number in range(2 * AT_ONCE)]
        fill(Bulk(server.data), [int(reader.id) for reader in readers])
        pid = server.children()["web"]
        pin(core, pid)
        tokens = [bearer(reader) for reader in readers]
        each = list(zip(tokens[::2], tokens[1::2], strict=True))
        ask_each(feed_url(server), each, 1)
        before = cpu_seconds(pid)
        answers = ask_each(feed_url(server), each, SECONDS)
        return answers, (cpu_seconds(pid) - before) / answers.answers * 1000


def feed_url(server: Server) -> str:
    return f"{server.url}/api/v1/feed?limit=20"


def bearer(person: Person) -> dict[str, str]:
    return {"Authorization": person.http.headers["Authorization"]}


def fill(bulk: Bulk, reader_ids: list[int]) -> None:
    """Readers of the same 100 people with 10 posts each."""
    authors = [id_at(number) for number in range(AUTHORS)]
    posts = [(id_at(number), authors[number % AUTHORS]) for number in range(POSTS)]
    bulk.people(authors)
    bulk.posts(posts)
    for reader_id in reader_ids:
        bulk.follow((reader_id, author) for author in authors)
        bulk.timelines((reader_id, post, author) for post, author in posts)
