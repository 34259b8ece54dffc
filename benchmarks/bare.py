"""`python -m benchmarks.bare FILE`: the ceiling of a server, the same bytes from a bare ASGI app.

uvicorn as `calotype serve` sets it up, and an application that has its answer ready.
"""

import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec

from benchmarks.one_core import is_up
from tests.server import eventually, free_port

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
# uvicorn adds it to every answer by itself.
_UVICORNS_OWN = {"date"}


class Ready(msgspec.Struct, frozen=True):
    """An answer to whatever is asked."""

    headers: list[tuple[bytes, bytes]]
    body: bytes


@contextmanager
def bare_server(answer: httpx.Response, folder: Path) -> Iterator[tuple[str, int]]:
    """Its URL and its pid."""
    headers = [
        (n.lower(), v) for n, v in answer.headers.raw if n.lower().decode() not in _UVICORNS_OWN
    ]
    file = folder / "bare.msgpack"
    file.write_bytes(msgspec.msgpack.encode(Ready(headers, answer.content)))
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.bare", str(port), str(file)]
    with subprocess.Popen(command) as process:
        url = f"http://127.0.0.1:{port}/"
        try:
            eventually(lambda: is_up(url), "the bare server")
            yield url, process.pid
        finally:
            process.terminate()


def _serve(port: int, file: Path) -> None:
    import uvicorn
    import uvloop

    ready = msgspec.msgpack.decode(file.read_bytes(), type=Ready)

    async def application(_scope: object, _receive: object, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": ready.headers})
        await send({"type": "http.response.body", "body": ready.body})

    config = uvicorn.Config(
        application,
        port=port,
        http="httptools",
        proxy_headers=False,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
    )
    uvloop.run(uvicorn.Server(config).serve())


if __name__ == "__main__":
    _serve(int(sys.argv[1]), Path(sys.argv[2]))
