"""Doorbells: wake a sleeping process when there is work for it (DESIGN §4, waking).

A ring is a hint. It may be lost with its process, so every listener also wakes at its next due
time and for a backstop sweep; it may come for nothing, so every listener looks before it acts.
"""

import asyncio
import hashlib
import os
import socket
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Protocol

_MAX_SOCKET_PATH = 100  # sun_path holds 108 bytes on Linux, 104 on macOS


class Doorbell(Protocol):
    """Rings a topic in every process that listens for it; never blocks, never fails."""

    def ring(self, topic: str) -> None: ...


class Listener:
    """One loop's wait for one topic."""

    def __init__(self, topic: str, doorbell: "UnixDoorbell") -> None:
        self.topic = topic
        self._doorbell = doorbell
        self.rung = asyncio.Event()

    async def wait(self, seconds: float) -> bool:
        """Sleep until the topic rings or `seconds` pass; True if it rang."""
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                await self.rung.wait()
        except TimeoutError:
            return False
        finally:
            self.rung.clear()
        return True

    def close(self) -> None:
        self._doorbell.forget(self)


class UnixDoorbell:
    """Datagrams on Unix sockets, one socket a process, in one directory.

    `ring` may be called from any thread. `listen` and `open` belong to the event loop.
    """

    def __init__(self, directory: Path, name: str) -> None:
        self._directory = socket_directory(directory)
        self._name = name
        self._sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._sender.setblocking(False)
        self._receiver: socket.socket | None = None
        self._listeners: defaultdict[str, set[Listener]] = defaultdict(set)

    def ring(self, topic: str) -> None:
        for path in self._directory.glob("*.sock"):
            try:
                self._sender.sendto(topic.encode(), str(path))
            except BlockingIOError:
                continue  # its queue is full of rings already: it is awake
            except ConnectionRefusedError:
                path.unlink(missing_ok=True)  # its process is gone
            except OSError:
                continue  # it left just now, or the system cannot ring: a ring is a hint

    def open(self) -> None:
        """Start hearing rings, on the running event loop."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        receiver.setblocking(False)
        path = self._directory / f"{self._name}-{os.getpid()}.sock"
        path.unlink(missing_ok=True)
        receiver.bind(str(path))
        self._receiver = receiver
        asyncio.get_running_loop().add_reader(receiver, self._hear)

    def listen(self, topic: str) -> Listener:
        listener = Listener(topic, self)
        self._listeners[topic].add(listener)
        return listener

    def forget(self, listener: Listener) -> None:
        listeners = self._listeners[listener.topic]
        listeners.discard(listener)
        if not listeners:
            del self._listeners[listener.topic]

    def close(self) -> None:
        """Neither hear nor ring any more; repeating it changes nothing."""
        if self._receiver is not None:
            asyncio.get_running_loop().remove_reader(self._receiver)
            Path(self._receiver.getsockname()).unlink(missing_ok=True)
            self._receiver.close()
            self._receiver = None
        self._sender.close()

    def _hear(self) -> None:
        assert self._receiver is not None
        while True:
            try:
                topic = self._receiver.recv(256).decode(errors="replace")
            except BlockingIOError:
                return
            for listener in self._listeners.get(topic, ()):
                listener.rung.set()


def socket_directory(directory: Path) -> Path:
    """The directory itself, or a short private stand-in where socket paths would not fit."""
    if len(os.fsencode(directory)) + 40 <= _MAX_SOCKET_PATH:
        return directory
    digest = hashlib.sha256(os.fsencode(directory.resolve())).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"calotype-{os.getuid()}-{digest}"
