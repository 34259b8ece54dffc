"""Media: one rendition from the application, beside nginx and the same file."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from benchmarks.one_core import Target, compare, is_up
from benchmarks.processes import OneCore, load_apart
from benchmarks.report import Report
from benchmarks.rows import Bulk, id_at, media_key
from tests.server import Server, eventually, free_port

DESCRIPTION = "64 KB rendition, one core, 32 connections, against nginx from the same disk"

SIZE = 64 * 1024
FILE = "w640.webp"


def run(report: Report) -> None:
    if shutil.which("nginx") is None:
        report.skip("one_core", "nginx is not on the PATH")
        return
    try:
        with load_apart() as core, tempfile.TemporaryDirectory() as folder:
            _measure(report, core, Path(folder))
    except OneCore as reason:
        report.skip("one_core", str(reason))


def _measure(report: Report, core: set[int], folder: Path) -> None:
    server = Server(folder / "data").start()
    file = _rendition(server.data)
    url = f"{server.url}/media/{id_at(1)}/{FILE}"
    ours = Target(url, server.children()["web"], {})
    with _nginx(file, folder) as (nginx_url, pid):
        assert httpx.get(url).content == httpx.get(nginx_url).content == file.read_bytes()
        answers = compare(report, core, ours, Target(nginx_url, pid, {}), "files/s", at_least=0.4)
    server.stop()
    report.figure("p99", answers.p99_ms, "ms")


def _rendition(data: Path) -> Path:
    """The file of a public post's photo."""
    bulk, author, post = Bulk(data), id_at(0), id_at(1)
    bulk.people([author])
    bulk.posts([(post, author)])
    file = data / "blobs" / "processed" / str(post) / media_key(post) / FILE
    file.parent.mkdir(parents=True)
    file.write_bytes(bytes(number % 251 for number in range(SIZE)))
    return file


@contextmanager
def _nginx(file: Path, folder: Path) -> Iterator[tuple[str, int]]:
    """One nginx process that serves the file; its URL and its pid."""
    port = free_port()
    settings = folder / "nginx.conf"
    settings.write_text(_NGINX.format(folder=folder, port=port, root=file.parent))
    with subprocess.Popen(["nginx", "-p", folder, "-e", "stderr", "-c", settings]) as process:
        url = f"http://127.0.0.1:{port}/{file.name}"
        try:
            eventually(lambda: is_up(url), "nginx")
            yield url, process.pid
        finally:
            process.terminate()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.ConnectError:
        return False


_NGINX = """\
daemon off;
master_process off;
pid {folder}/nginx.pid;
events {{ worker_connections 256; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    types {{ image/webp webp; }}
    server {{
        listen 127.0.0.1:{port};
        root {root};
        add_header Cache-Control "public, max-age=31536000, immutable";
    }}
}}
"""
