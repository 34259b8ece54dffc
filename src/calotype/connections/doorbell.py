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
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import msgspec

from calotype.connections.changes import Change, Nobody, Witness

_MAX_SOCKET_PATH = 100  # sun_path holds 108 bytes on Linux, 104 on macOS
# A datagram that begins so carries a Change; a topic never does.
_CHANGE = b"\0"
# What systems take as one datagram without being asked; a push of 500 timeline rows is 5 KB.
_MOST_BYTES = 60_000


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

    It also carries changes (connections/changes.py) to the other processes' `witness`, never to
    its own. `ring` and `changed` may be called from any thread; `listen` and `open` belong to the
    event loop.
    """

    def __init__(self, directory: Path, name: str) -> None:
        self._directory = socket_directory(directory)
        self.witness: Witness = Nobody()
        """Hears of other processes' changes, once this is open."""
        # Whom a change did not reach: their next one says so.
        self._behind: set[Path] = set()
        self._name = name
        self._sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._sender.setblocking(False)
        self._receiver: socket.socket | None = None
        self._listeners: defaultdict[str, set[Listener]] = defaultdict(set)

    def ring(self, topic: str) -> None:
        for path in self._directory.glob("*.sock"):
            self._send(topic.encode(), path)

    def changed(self, change: Change) -> None:
        """Tell the other processes; whom it does not reach hears with the next that something was lost."""
        datagram = _CHANGE + msgspec.msgpack.encode(change)
        if len(datagram) > _MOST_BYTES:
            datagram = _LOST
        for path in self._others():
            if not self._send(_LOST if path in self._behind else datagram, path):
                self._behind.add(path)
            else:
                self._behind.discard(path)

    def _others(self) -> Iterator[Path]:
        own = f"{self._name}-{os.getpid()}.sock"
        return (path for path in self._directory.glob("*.sock") if path.name != own)

    def _send(self, datagram: bytes, path: Path) -> bool:
        """Whether it is in their queue. A full one holds rings enough: its process is awake."""
        try:
            self._sender.sendto(datagram, str(path))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)  # its process is gone
        except OSError:
            return False  # its queue is full, it left just now, or the system cannot ring
        return True

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
                datagram = self._receiver.recv(_MOST_BYTES)
            except BlockingIOError:
                return
            if datagram.startswith(_CHANGE):
                self.witness.changed(_read_change(datagram[1:]))
                continue
            for listener in self._listeners.get(datagram.decode(errors="replace"), ()):
                listener.rung.set()


_LOST = _CHANGE + msgspec.msgpack.encode(Change(lost=True))


def _read_change(data: bytes) -> Change:
    try:
        return msgspec.msgpack.decode(data, type=Change)
    except msgspec.MsgspecError:
        return Change(lost=True)  # a process of another version: what it says may be anything


def socket_directory(directory: Path) -> Path:
    """The directory itself, or a short private stand-in where socket paths would not fit."""
    if len(os.fsencode(directory)) + 40 <= _MAX_SOCKET_PATH:
        return directory
    digest = hashlib.sha256(os.fsencode(directory.resolve())).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"calotype-{os.getuid()}-{digest}"
