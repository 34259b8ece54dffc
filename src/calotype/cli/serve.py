"""The parent of the process tree: it listens, starts web and worker, and keeps them running.

Guarantees: the socket stays open while the web process is replaced, so that clients wait instead
of being refused; a child that dies is started again; when this process dies, however, its
children end too, for their end of a pipe closes. Refuses: to do anything else, so that it stays
small (12 MB) and has nothing to die of.
"""

import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from calotype.kernel.errors import Misconfigured
from calotype.settings import load_settings, unknown_names

BACKLOG = 1024
# A child that dies sooner than this after its start is started again only after a pause.
HEALTHY_S = 5.0
PAUSE_S = 1.0
# Longer than either child takes to drain.
STOP_S = 40.0


class Child:
    """One process of the tree, started again whenever it dies."""

    def __init__(self, arguments: list[str], inherited: tuple[int, ...]) -> None:
        self._arguments = arguments
        self._inherited = inherited
        self._started = 0.0
        self._process: subprocess.Popen[bytes] | None = None

    def tend(self) -> int | None:
        """Start it if it does not run. Its exit code if it says that starting again is no use."""
        if self._process is not None:
            code = self._process.poll()
            if code is None:
                return None
            if code == 2:
                return code
            if time.monotonic() - self._started < HEALTHY_S:
                time.sleep(PAUSE_S)
        self._started = time.monotonic()
        self._process = subprocess.Popen(  # noqa: S603  (our own interpreter, our own words)
            [sys.executable, "-m", "calotype", *self._arguments],
            pass_fds=self._inherited,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C reaches the parent alone, which then stops its children
        )
        return None

    def terminate(self) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()

    def wait(self, until: float) -> None:
        if self._process is None:
            return
        try:
            self._process.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def serve() -> int:
    """Run until SIGINT or SIGTERM; the exit code.

    Raises:
        Misconfigured: a setting is wrong, the address is taken, or the data directory is in use.
    """
    settings = load_settings(os.environ)
    for name in unknown_names(os.environ):
        print(f"calotype: {name} is no setting of ours; is it misspelt?", file=sys.stderr)
    with alone(settings.directory), _listening(*settings.address) as listener:
        reading, writing = os.pipe()
        children = [
            Child(
                ["web", "--fd", str(listener.fileno()), "--parent", str(reading)],
                (listener.fileno(), reading),
            ),
            Child(["worker", "--parent", str(reading)], (reading,)),
        ]
        try:
            return _tend(children)
        finally:
            for child in children:
                child.terminate()
            until = time.monotonic() + STOP_S
            for child in children:
                child.wait(until)
            os.close(writing)


def _tend(children: list[Child]) -> int:
    with _signals() as arrivals:
        while True:
            for child in children:
                if (code := child.tend()) is not None:
                    return code
            if set(arrivals.recv(64)) & {signal.SIGINT, signal.SIGTERM}:
                return 0


@contextmanager
def _signals() -> Iterator[socket.socket]:
    """A socket on which the numbers of arriving signals can be waited for."""

    def nothing(_number: int, _frame: FrameType | None) -> None:
        """A handler must exist for a signal to reach the socket."""

    arrivals, sender = socket.socketpair()
    with arrivals, sender:
        sender.setblocking(False)
        signal.set_wakeup_fd(sender.fileno())
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, nothing)
        yield arrivals
        signal.set_wakeup_fd(-1)


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            raise Misconfigured(
                f"cannot listen on {host}:{port}: {error.strerror}; "
                "choose another address with CALOTYPE_BIND"
            ) from error
        listener.listen(BACKLOG)
        yield listener


@contextmanager
def alone(directory: Path) -> Iterator[None]:
    """Hold the data directory for this process tree alone."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (directory / "serve.lock").open("w")
    except OSError as error:
        raise Misconfigured(
            f"the data directory {os.fspath(directory)!r} cannot be used: {error.strerror}; "
            "choose another with CALOTYPE_DATA, or mend its permissions"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Misconfigured(
                f"another Calotype runs on {os.fspath(directory)!r}; "
                "stop it, or choose another directory with CALOTYPE_DATA"
            ) from None
        yield
