"""Keys that blobs may have."""

import asyncio
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calotype.blobs.adapters.disk import DiskBlobs
from tests.contracts.test_blobs import chunked, keys, read

segment = st.text("abcXYZ019._-", min_size=1, max_size=20).filter(
    lambda text: text not in {".", ".."}
)
good_key = (
    st.lists(segment, min_size=1, max_size=6).filter(lambda parts: parts[0] != "tmp").map("/".join)
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(key=good_key, data=st.binary(max_size=100))
def test_any_key_within_the_rules_works(tmp_path: Path, key: str, data: bytes) -> None:
    async def run() -> None:
        blobs = DiskBlobs(tmp_path / "keys")
        try:
            await blobs.put(key, chunked(data))
            assert await read(blobs, key) == data
            assert await keys(blobs) == {key}
            await blobs.delete(key)
            assert await keys(blobs) == set()
        finally:
            blobs.close()

    asyncio.run(run())
