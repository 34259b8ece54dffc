"""The web process under `serve`."""

import asyncio
import resource
import socket
import sys

import uvicorn
import uvloop

from calotype.bootstrap import Embedded, build_services, open_embedded
from calotype.cli.access import AccessWriter
from calotype.cli.logs import is_text
from calotype.cli.process import started, until_told
from calotype.settings import Settings
from calotype.web.app import build_edge
from calotype.web.protocol import bounded_protocol

# Files that are not connections: databases, photos on their way, sockets of our own.
OTHER_FILES = 200
# Requests that are under way when the server is told to stop may take so long, in seconds.
DRAIN_S = 20


def run_web(fd: int, parent: int) -> None:
    """Serve HTTP on an inherited socket until SIGTERM, or until the parent is gone."""
    uvloop.run(_web(started(), fd, parent))


async def _web(settings: Settings, fd: int, parent: int) -> None:
    shape = open_embedded(settings, "web")
    shape.doorbell.open()
    await shape.keys.release_all()
    services = build_services(shape)
    access = AccessWriter(sys.stderr.fileno(), is_text(settings.log_format))
    config = uvicorn.Config(
        build_edge(services, settings.public_url, access),
        http=bounded_protocol(settings.web, _connections(settings)),
        proxy_headers=False,  # ours believes no one by default, not even this machine
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=settings.web.keep_alive_s,
        timeout_graceful_shutdown=DRAIN_S,
        lifespan="off",
    )
    server = _Server(config)

    def stop() -> None:
        services.closing.set()
        server.should_exit = True

    until_told(stop, parent)
    greeting = asyncio.create_task(_greet(shape, server))
    try:
        await server.serve(sockets=[socket.socket(fileno=fd)])
        await greeting
        await services.flush()
        await shape.close()
    finally:
        access.close()  # last: requests that were cut off are told meanwhile


def _connections(settings: Settings) -> int:
    """As many as the settings say, and as the system lets us open files for."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = settings.web.max_connections + OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        return max(1, soft - OTHER_FILES)
    return settings.web.max_connections


class _Server(uvicorn.Server):
    """A server whose signals are ours: streams must end before it waits for them."""

    def capture_signals(self) -> "_NoSignals":  # type: ignore[override]
        return _NoSignals()


class _NoSignals:
    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


async def _greet(shape: Embedded, server: uvicorn.Server) -> None:
    """Say where Calotype is and what to do next, once it answers."""
    while not server.started:
        if server.should_exit:
            return
        await asyncio.sleep(0.01)
    host, port = shape.settings.address
    shown = f"[{host}]" if ":" in host else host
    base = shape.settings.public_url or f"http://{shown}:{port}"
    lines = [f"Calotype is ready on {base}", f"  data: {shape.settings.directory}"]
    if (code := await shape.people.invitations.owner_invitation()) is not None:
        lines.append(f"  make the owner's account, once: {base}/setup?invitation={code}")
    if shape.people.register.policy == "invitation":
        lines.append("  others need an invitation: calotype admin invite")
    lines.append("  by hand: calotype login NAME; calotype post PHOTO --caption WORDS")
    lines.append("  stop with Ctrl-C")
    print("\n".join(lines), flush=True)
