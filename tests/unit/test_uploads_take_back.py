"""What becomes of received files when their use fails."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from calotype.blobs.adapters.disk import DiskBlobs
from calotype.kernel.errors import CalotypeError, Conflict, Invalid, NotFound, Unavailable
from calotype.uploads.receive import NewFile, Received, ReceivePlan, receive, taken_back_if_refused
from tests.photos import small_jpeg

pytestmark = pytest.mark.anyio

KEY = "originals/1/2"


async def received(blobs: DiskBlobs) -> Received:
    head = b'--b\r\nContent-Disposition: form-data; name="mediaFile"; filename="a.jpg"\r\n\r\n'

    async def body() -> AsyncIterator[bytes]:
        yield head + small_jpeg() + b"\r\n--b--\r\n"

    plan = ReceivePlan(
        file_fields=frozenset({"mediaFile"}),
        text_fields=frozenset(),
        new_file=lambda: NewFile(2, KEY),
        blobs=blobs,
    )
    return await receive(body(), "multipart/form-data; boundary=b", plan)


@pytest.mark.parametrize(
    ("error", "kept"),
    [(Invalid, False), (NotFound, False), (Conflict, False), (Unavailable, True)],
)
async def test_files_are_taken_back_only_if_nothing_can_be_committed(
    tmp_path: Path, error: type[CalotypeError], kept: bool
) -> None:
    blobs = DiskBlobs(tmp_path)
    files = await received(blobs)
    with pytest.raises(error):
        async with taken_back_if_refused(blobs, files):
            raise error("no")
    assert [blob.key async for blob in blobs.list("")] == ([KEY] if kept else [])
    blobs.close()
