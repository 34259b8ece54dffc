"""Sends a file as a tus client does that does not give up, and remembers what it was told."""

import hashlib
import random
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass

import httpx

from tests.faults.history import Operation
from tests.server import eventually

TUS = {"Tus-Resumable": "1.0.0"}
CHECKED = 0.5
# The answer, or None if the connection broke before it came.
Ask = Callable[..., httpx.Response | None]


@dataclass
class Resuming:
    """One file on its way. What it finds that must never be is the operation's finding."""

    ask: Ask
    operation: Operation
    data: bytes
    chance: random.Random
    patience_s: float
    upload_id: str = ""
    _acknowledged: int = 0

    def begin(self) -> None:
        """A try whose answer broke has begun one that nobody goes on with."""
        headers = {**TUS, "Upload-Length": str(len(self.data))}

        def attempt() -> httpx.Response | None:
            answer = self.ask("POST", "/uploads/tus", headers=headers)
            return answer if answer is not None and answer.status_code == 201 else None

        answer = eventually(attempt, f"an upload for {self.operation}", self.patience_s)
        self.upload_id = answer.headers["Location"].rpartition("/")[2]

    def send(self) -> None:
        """All of it, in pieces, from wherever the server says."""
        offset = 0
        while offset < len(self.data) and not self.operation.finding:
            size = self.chance.randint(1, max(1, len(self.data) * 2 // 3))
            answer = self._append(offset, self.data[offset : offset + size])
            if answer is not None and answer.status_code == 204:
                offset = self._acknowledged = int(answer.headers["Upload-Offset"])
            else:
                offset = self._offset()
        if not self.operation.finding and self._offset() != len(self.data):
            self.operation.finding = f"upload {self.upload_id} went back from its end"

    def _append(self, offset: int, piece: bytes) -> httpx.Response | None:
        headers = {
            **TUS,
            "Content-Type": "application/offset+octet-stream",
            "Upload-Offset": str(offset),
        }
        if self.chance.random() < CHECKED:
            digest = b64encode(hashlib.sha256(piece).digest()).decode()
            headers["Upload-Checksum"] = f"sha256 {digest}"
        path = f"/uploads/tus/{self.upload_id}"
        return self.ask("PATCH", path, headers=headers, content=piece)

    def _offset(self) -> int:
        """Where the server says that it goes on: never before what it acknowledged."""

        def attempt() -> httpx.Response | None:
            answer = self.ask("HEAD", f"/uploads/tus/{self.upload_id}", headers=TUS)
            return answer if answer is not None and answer.status_code < 500 else None

        answer = eventually(attempt, f"an offset for {self.operation}", self.patience_s)
        if answer.status_code != 200:
            self.operation.finding = f"upload {self.upload_id} answers {answer.status_code}"
            return 0
        offset = int(answer.headers["Upload-Offset"])
        if offset < self._acknowledged:
            self.operation.finding = (
                f"upload {self.upload_id} acknowledged {self._acknowledged} bytes and has {offset}"
            )
        return offset
