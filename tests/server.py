"""A real `calotype serve` on a free port and a data directory of its own, and people who use it."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import httpx

T = TypeVar("T")

# Cheap password hashes: what they cost is tested where passwords are.
CHEAP = {"CALOTYPE_ACCOUNTS_ARGON2_MEMORY_KIB": "64"}
# One address and a few accounts ask more than people do; rates are tested where they are set.
UNLIMITED = {
    f"CALOTYPE_WEB_RATES_{name}": "1000000"
    for name in (
        "ACCOUNT",
        "ADDRESS",
        "MEDIA",
        "LOG_IN_ADDRESS",
        "LOG_IN_NAME",
        "REGISTRATION_ADDRESS",
        "REGISTRATION_NAME",
        "REFRESH_ADDRESS",
        "REFRESH_SESSION",
    )
}
PATIENCE_S = 30.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def eventually(look: Callable[[], T | None], what: str, patience_s: float = PATIENCE_S) -> T:
    """Look until there is something to see: for what has no event to wait for."""
    until = time.monotonic() + patience_s
    pause = threading.Event()
    while True:
        if seen := look():
            return seen
        if time.monotonic() > until:
            raise AssertionError(f"waited {patience_s} s in vain for {what}")
        pause.wait(0.02)


class Server:
    """One process tree. `log` grows while it runs."""

    def __init__(self, data: Path, environment: Mapping[str, str] | None = None) -> None:
        self.data = data
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log: list[str] = []
        self.environment = {
            **os.environ,
            **CHEAP,
            **UNLIMITED,
            "CALOTYPE_DATA": str(data),
            "CALOTYPE_BIND": f"127.0.0.1:{self.port}",
            **(environment or {}),
        }
        self.process: subprocess.Popen[str] | None = None
        self._read_by: list[tuple[subprocess.Popen[str], threading.Thread]] = []
        self._clients: list[httpx.Client] = []

    def start(self) -> "Server":
        ready = threading.Event()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "calotype", "serve"],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        reader = threading.Thread(target=self._read, args=(self.process, ready), daemon=True)
        reader.start()
        self._read_by.append((self.process, reader))
        if not ready.wait(PATIENCE_S):
            raise AssertionError("the server did not become ready:\n" + "".join(self.log))
        return self

    def __enter__(self) -> "Server":
        return self.start()

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    def refused_start(self) -> int:
        """Start what will end by itself; the exit code. What it said is in `log`."""
        done = subprocess.run(
            [sys.executable, "-m", "calotype", "serve"],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        self.log += done.stdout.splitlines()
        return done.returncode

    def stop(self, people_come_back: bool = False) -> int:
        """SIGTERM, and wait; the exit code. Closes the clients of all who do not come back."""
        assert self.process is not None
        for client in self._clients if not people_come_back else ():
            client.close()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60)
        self._forget()
        return code

    def children(self) -> dict[str, int]:
        """The pids of the web and the worker process, by role; one that just died is missing."""
        assert self.process is not None
        found: dict[str, int] = {}
        for pid in _children(self.process.pid):
            try:
                words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
            except OSError:
                continue
            for role in ("web", "worker"):
                if role in words:
                    found[role] = pid
        return found

    def decoders(self) -> list[int]:
        """The pids of the worker's decoders, if it has any just now."""
        worker = self.children().get("worker")
        return [] if worker is None else _children(worker)

    def kill_tree(self) -> None:
        """SIGKILL to every process of the tree, and wait until all are gone."""
        assert self.process is not None
        # Stopped first: a parent that still runs would start again what dies before it.
        self.process.send_signal(signal.SIGSTOP)
        others = [*self.decoders(), *self.children().values()]
        for pid in (self.process.pid, *others):
            kill(pid)
        self.process.wait(PATIENCE_S)
        for pid in others:
            wait_until_gone(pid)
        self._forget()

    def calotype(self, *words: str, patience_s: float = PATIENCE_S) -> str:
        """What a `calotype` command prints on this server's data directory."""
        return subprocess.run(
            [sys.executable, "-m", "calotype", *words],
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=patience_s,
        ).stdout

    def dead_letters(self) -> list[str]:
        """The lines of `calotype dead-letters list`: id, kind, key, error."""
        lines = self.calotype("dead-letters", "list").splitlines()
        return [line for line in lines if line[:1].isdigit()]

    def person(self, username: str) -> "Person":
        """A new account, logged in."""
        person = Person(self, username)
        self._clients.append(person.http)
        return person

    def _forget(self) -> None:
        """Close what was read from process trees that are gone."""
        while self._read_by:
            process, reader = self._read_by.pop()
            reader.join(PATIENCE_S)
            assert process.stdout is not None
            process.stdout.close()

    def _read(self, process: "subprocess.Popen[str]", ready: threading.Event) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.log.append(line)
            if "Calotype is ready" in line:
                ready.set()


class Person:
    """Someone with an account and a client."""

    def __init__(self, server: Server, username: str, password: str = "correct horse") -> None:
        self.username = username
        self.http = httpx.Client(base_url=server.url + "/api/v1", timeout=30)
        answer = self.http.post("/accounts", json={"username": username, "password": password})
        assert answer.status_code == 201, answer.text
        self.grant: dict[str, Any] = answer.json()
        self.id: str = self.grant["userId"]
        self.http.headers["Authorization"] = f"Bearer {self.grant['accessToken']}"

    def post(self, *photos: bytes, headers: Mapping[str, str] | None = None, **fields: Any) -> Any:
        """Upload; the answer's JSON."""
        files = [("mediaFile", ("photo.jpg", photo)) for photo in photos]
        answer = self.http.post("/posts", data=fields, files=files, headers=headers)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def read(self, path: str, **params: Any) -> Any:
        answer = self.http.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def follow(self, other: "Person") -> None:
        answer = self.http.post(f"/users/{other.id}/follow")
        assert answer.status_code == 200, answer.text

    def feed_ids(self, **params: Any) -> list[str]:
        return [post["postId"] for post in self.read("/feed", **params)["posts"]]

    def settled(self, post_id: str) -> Any:
        """One's own post, once it is no longer PROCESSING."""

        def look() -> Any:
            post = self.read(f"/posts/{post_id}")
            return post if post["status"] != "PROCESSING" else None

        return eventually(look, f"post {post_id} to settle")


def kill(pid: int) -> bool:
    """SIGKILL; False if the process was gone already."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def wait_until_gone(pid: int) -> None:
    """Wait until a process that may not be our child has ended."""
    eventually(lambda: _ended(pid), f"process {pid} to end")


def _ended(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True
    return status.rpartition(")")[2].split()[0] == "Z"  # only its parent's look is missing


def _children(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(word) for word in text.split()]
