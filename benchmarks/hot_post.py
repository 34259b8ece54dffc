"""10,000 people like one post over 32 connections, while others read it."""

import asyncio
import math
import tempfile
import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

from benchmarks.report import Report
from calotype.accounts.account import Account, Identity, Role
from calotype.accounts.settings import AccountSettings
from calotype.accounts.tokens import AccessTokens
from calotype.bootstrap import Embedded, open_embedded
from calotype.connections.sql import Transaction
from calotype.kernel.ids import any_shard, shard_of
from calotype.settings import Settings
from tests import photos
from tests.faults.inside import work_left
from tests.server import Server, eventually

DESCRIPTION = "10,000 likes by 32 connections on one post, and its readers alongside"

LIKES = 10_000
CONNECTIONS = 32
READERS = 4
# Readers who look again and again, not a second load: what one reader waits for.
PAUSE_S = 0.02
ALONE_S = 10.0
CHUNK = 500


class Fan(NamedTuple):
    user_id: int
    token: str


class Client:
    """One kept connection; no library's own work is in what it measures."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port

    async def open(self) -> "Client":
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        return self

    async def request(self, method: str, path: str, token: str) -> tuple[int, bytes]:
        head = f"{method} /api/v1{path} HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {token}\r\n"
        self._writer.write(f"{head}Content-Length: 0\r\n\r\n".encode())
        answer = (await self._reader.readuntil(b"\r\n\r\n")).decode()
        length = next(
            int(line.partition(":")[2])
            for line in answer.split("\r\n")
            if line.lower().startswith("content-length:")
        )
        return int(answer.split(" ", 2)[1]), await self._reader.readexactly(length)

    def close(self) -> None:
        self._writer.close()


@dataclass(frozen=True)
class Scene:
    """A post on a server, its readers and those who will like it."""

    server: Server
    post_id: str
    fans: Sequence[Fan]

    async def client(self) -> Client:
        return await Client("127.0.0.1", self.server.port).open()

    async def read(self, reader: Fan, done: asyncio.Event) -> list[float]:
        """How long each look at the post took, in seconds."""
        client, took = await self.client(), []
        while not done.is_set():
            began = time.perf_counter()
            status, _ = await client.request("GET", f"/posts/{self.post_id}", reader.token)
            took.append(time.perf_counter() - began)
            assert status == 200
            await asyncio.sleep(PAUSE_S)
        client.close()
        return took

    async def like(self, fans: Sequence[Fan]) -> None:
        client = await self.client()
        for fan in fans:
            status, body = await client.request("POST", f"/posts/{self.post_id}/like", fan.token)
            assert status == 200, body
        client.close()


def run(report: Report) -> None:
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder)).start()
        author = server.person("author")
        post_id = author.settled(author.post(photos.small_jpeg())["postId"])["postId"]
        fans = asyncio.run(_crowd(Path(folder), LIKES + READERS))
        scene = Scene(server, post_id, fans)
        asyncio.run(_measure(report, scene))
        began = time.perf_counter()
        eventually(lambda: not work_left(server.data), "all likes to be counted", 300)
        report.figure("counted_after", time.perf_counter() - began, "s")
        counted = author.read(f"/posts/{post_id}")["likes"]
        report.figure("lost", LIKES - counted, "likes", at_least=0, at_most=0)
        server.stop()


async def _measure(report: Report, scene: Scene) -> None:
    readers, fans = scene.fans[:READERS], scene.fans[READERS:]
    await _reading(scene, readers, asyncio.sleep(2.0))  # warm
    alone = await _reading(scene, readers, asyncio.sleep(ALONE_S))
    began = time.perf_counter()
    liking = asyncio.gather(*(scene.like(fans[at::CONNECTIONS]) for at in range(CONNECTIONS)))
    alongside = await _reading(scene, readers, liking)
    report.figure("likes", LIKES / (time.perf_counter() - began), "1/s")
    report.figure("read_p95_alone", 1_000 * _p95(alone), "ms")
    report.figure(
        "read_p95_alongside",
        1_000 * _p95(alongside),
        "ms",
        ceiling=1_000 * _p95(alone),
        at_most=1.5,
    )


async def _reading(
    scene: Scene, readers: Sequence[Fan], meanwhile: Awaitable[object]
) -> list[float]:
    """What readers wait for until `meanwhile` is over."""
    done = asyncio.Event()
    tasks = [asyncio.ensure_future(scene.read(reader, done)) for reader in readers]
    await meanwhile
    done.set()
    return [seconds for took in await asyncio.gather(*tasks) for seconds in took]


async def _crowd(data: Path, number: int) -> list[Fan]:
    """People in bulk, through the stores, with tokens for 15 minutes."""
    shape = open_embedded(Settings(data=str(data)), "crowd")
    try:
        tokens = AccessTokens(shape.people.keys, shape.clock, AccountSettings())
        fans: list[Fan] = []
        while len(fans) < number:
            ids = [shape.ids.new(any_shard()) for _ in range(min(CHUNK, number - len(fans)))]
            await shape.core.write(shard_of(ids[0]), partial(_insert, shape, ids))
            fans += [Fan(id_, await tokens.issue(Identity(id_, id_, Role.MEMBER))) for id_ in ids]
        return fans
    finally:
        await shape.close()


def _insert(shape: Embedded, ids: Sequence[int], tx: Transaction) -> None:
    for id_ in ids:
        shape.accounts.create(tx, Account(id_, f"fan{id_ % 10**12}"), "")


def _p95(seconds: Sequence[float]) -> float:
    ordered = sorted(seconds)
    return ordered[math.ceil(0.95 * len(ordered)) - 1]
