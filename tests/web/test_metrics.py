"""/metrics: what it tells, and to whom."""

import os
import re
import signal
from collections.abc import Iterator

import httpx
import pytest

from calotype.kernel.metrics import Counter, Family, Gauge, Histogram, exposition
from tests.photos import small_jpeg
from tests.server import Server, eventually

_LINE = re.compile(r'([a-z_]+)(?:\{((?:\w+="(?:[^"\\\n]|\\.)*",?)*)\})? (\S+)')


def parsed(text: str) -> dict[str, float]:
    """Every sample by `name{labels}`; fails on what is not the text format."""
    found: dict[str, float] = {}
    typed: set[str] = set()
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            name = line.split()[2]
            assert name not in typed, f"{name} comes twice"
            typed.add(name)
        elif not line.startswith("# HELP "):
            match = _LINE.fullmatch(line)
            assert match, line
            place = line.rpartition(" ")[0]
            assert place not in found, place
            assert re.sub("_(bucket|sum|count)$", "", match[1]) in typed or match[1] in typed
            found[place] = float(match[3])
    return found


def scrape(server: Server) -> dict[str, float]:
    answer = httpx.get(server.url + "/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return parsed(answer.text)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a token for its figures, behind a proxy on its own machine."""
    environment = {
        "CALOTYPE_WEB_METRICS_TOKEN": "let-me-see",
        "CALOTYPE_WEB_TRUSTED_PROXIES": "127.0.0.1",
    }
    running = Server(tmp_path_factory.mktemp("metrics"), environment).start()
    yield running
    assert running.stop() == 0


def test_a_post_is_counted_through_its_stages_across_processes(own: Server) -> None:
    author, follower = own.person("author"), own.person("follower")
    follower.follow(author)
    before = scrape(own)
    assert before["calotype_publish_visible_seconds_count"] == 0
    assert before['calotype_queue_depth{source="jobs",lane="photos"}'] == 0
    assert before['calotype_queue_depth{source="events",lane="feed"}'] >= 0
    assert before['calotype_queue_oldest_seconds{source="events",lane="outbox"}'] >= 0
    assert before['calotype_dead_letters{source="jobs",lane="fanout"}'] == 0
    author.post(small_jpeg())

    def visible() -> dict[str, float] | None:
        now = scrape(own)
        return now if now["calotype_publish_visible_seconds_count"] else None

    after = eventually(visible, "the post in the histogram")
    for stage in ("received", "processed", "published", "fanned_out"):
        assert after[f'calotype_post_stages_total{{stage="{stage}"}}'] == 1, stage
    for stage in ("processed", "published", "fanned_out"):
        assert after[f'calotype_post_stage_seconds_count{{stage="{stage}"}}'] == 1, stage
    assert 0 <= after["calotype_publish_visible_seconds_sum"] < 60
    assert after['calotype_publish_visible_seconds_bucket{le="+Inf"}'] == 1
    photos = 'source="jobs",lane="photos"'
    assert before[f'calotype_work_total{{{photos},outcome="done"}}'] == 0
    assert after[f'calotype_work_total{{{photos},outcome="done"}}'] == 1
    assert after[f"calotype_work_seconds_total{{{photos}}}"] > 0
    assert after['calotype_decoders{state="busy"}'] == 0
    assert after["calotype_worker_up"] == 1
    posted = 'method="POST",route="/api/v1/posts"'
    assert after[f'calotype_http_requests_total{{{posted},status="201"}}'] == 1
    assert after[f"calotype_http_request_seconds_count{{{posted}}}"] == 1


def test_work_that_waits_for_a_worker_is_told_with_its_age(own: Server) -> None:
    author = own.person("patient")
    photos = 'source="jobs",lane="photos"'
    worker = own.children()["worker"]
    os.kill(worker, signal.SIGSTOP)
    try:
        author.post(small_jpeg(seed=3))
        waiting = scrape(own)
        assert waiting["calotype_worker_up"] == 0, "it does not answer"
        assert waiting[f"calotype_queue_depth{{{photos}}}"] == 1
        assert waiting[f"calotype_queue_oldest_seconds{{{photos}}}"] > 0
    finally:
        os.kill(worker, signal.SIGCONT)
    eventually(lambda: not scrape(own)[f"calotype_queue_depth{{{photos}}}"], "an empty queue")
    assert scrape(own)["calotype_worker_up"] == 1


def test_labels_do_not_grow_with_what_clients_invent(own: Server) -> None:
    for number in range(5):
        httpx.request(f"WORD{number}", own.url + f"/invented/{number}")
        httpx.get(own.url + f"/invented/{number}")
    told = [place for place in scrape(own) if "unmatched" in place and "requests_total" in place]
    assert len(told) <= 2
    assert not [place for place in scrape(own) if "invented" in place or "WORD" in place]


def test_strangers_are_told_nothing(server: Server, own: Server) -> None:
    url = server.url + "/metrics"
    assert httpx.get(url).status_code == 200
    for header in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"):
        answer = httpx.get(url, headers={header: "203.0.113.9"})
        assert answer.status_code == 404, f"{header}: a proxy asks for somebody"
        assert "calotype_" not in answer.text
    url = own.url + "/metrics"
    assert httpx.get(url, headers={"Authorization": "Bearer guess"}).status_code == 404
    theirs = {"Authorization": "Bearer let-me-see", "X-Forwarded-For": "203.0.113.9"}
    assert httpx.get(url, headers=theirs).status_code == 200


def test_a_forwarded_client_is_no_loopback_peer(own: Server) -> None:
    for chain in ("203.0.113.9", "127.0.0.1, 203.0.113.9", "127.0.0.1"):
        answer = httpx.get(own.url + "/metrics", headers={"X-Forwarded-For": chain})
        assert answer.status_code == 404, chain


def test_histograms_are_cumulative_and_processes_add_up() -> None:
    histogram = Histogram("h_seconds", "Help.", (0.1, 1.0))
    for seconds in (0.1, 0.5, 7.0):
        histogram.observe(seconds)
    one, two = Counter("c_total", "Help.", ("stage",)), Counter("c_total", "Help.", ("stage",))
    one.add("received", by=2)
    two.add("received")
    two.add('odd"\\\n')
    families = [histogram.family(), one.family(), two.family()]
    assert parsed(exposition(families)) == {
        'h_seconds_bucket{le="0.1"}': 1,
        'h_seconds_bucket{le="1"}': 2,
        'h_seconds_bucket{le="+Inf"}': 3,
        "h_seconds_sum": 7.6,
        "h_seconds_count": 3,
        'c_total{stage="received"}': 3,
        'c_total{stage="odd\\"\\\\\\n"}': 1,
    }


def test_a_gauge_is_read_when_it_is_told() -> None:
    values: dict[tuple[str, ...], float] = {("busy",): 1.0}
    gauge = Gauge("g", "Help.", lambda: values, ("state",))
    values[("busy",)] = 2.0
    assert gauge.family() == Family("g", "gauge", "Help.", gauge.family().samples)
    assert gauge.family().samples[0].value == 2.0
