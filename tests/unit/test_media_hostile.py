"""Hostile files: each ends rendered or refused with a reason; no decoder is lost, memory is bounded.

Five hundred mutants at every run, ten thousand on demand (`pytest -m soak`).
"""

import asyncio
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pillow_heif
import pytest

from calotype.kernel.errors import BadMedia
from calotype.media import process as pipeline
from calotype.media.decoders import Decoders
from calotype.media.settings import DecoderLimits, MediaSettings
from tests import photos
from tests.mutations import mutants, seeds

PEAK_KIB = 200 << 10
WORDS = ("choose", "smaller", "crop", "send", "export")


class Trial:
    """Files given to a pool of two decoders, and what became of them."""

    def __init__(self, decoders: Decoders, folder: Path) -> None:
        self._decoders = decoders
        self._folder = folder
        self.endings: Counter[str] = Counter()
        self.peak_kib = 0

    async def run(self, files: Iterator[tuple[str, bytes]]) -> None:
        """Raises whatever is not a refusal: a crash, a hang, an answer that makes no sense."""
        await asyncio.gather(*(self._work(files, self._folder / name) for name in ("one", "two")))

    async def _work(self, files: Iterator[tuple[str, bytes]], original: Path) -> None:
        for name, data in files:
            await asyncio.to_thread(original.write_bytes, data)
            try:
                self.endings[await self._ending(original)] += 1
            except Exception as error:
                error.add_note(f"mutant {name}")
                raise
            if sys.platform == "linux":
                self.peak_kib = max(self.peak_kib, *map(peak_kib, decoders()))

    async def _ending(self, original: Path) -> str:
        try:
            rendered = await self._decoders.render(original)
        except BadMedia as error:
            refused = error
        else:
            assert rendered.width
            return "rendered"
        assert any(word in refused.message for word in WORDS), refused.message
        return refused.code


def decoders() -> list[int]:
    tasks = Path("/proc/self/task").glob("*/children")
    pids = [int(pid) for task in tasks for pid in task.read_text().split()]
    return [pid for pid in pids if b"media.decoder" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def peak_kib(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)


async def withstand(count: int, seed: int, folder: Path) -> None:
    pool = Decoders(MediaSettings(decoders=2, job_seconds=20))
    trial = Trial(pool, folder)
    try:
        await trial.run(iter(seeds().items()))
        assert trial.endings == {"rendered": len(seeds())}
        served = set(decoders())
        await trial.run(mutants(count, seed))
        assert set(decoders()) == served
        assert trial.endings.total() == len(seeds()) + count
        assert trial.endings["rendered"] > count // 10
        assert trial.endings["broken_image"] > count // 10
        assert trial.peak_kib < PEAK_KIB
    finally:
        await pool.close()


@pytest.mark.anyio
async def test_damaged_files_of_every_format_lose_no_decoder(tmp_path: Path) -> None:
    await withstand(500, seed=20261125, folder=tmp_path)


@pytest.mark.soak
@pytest.mark.anyio
@pytest.mark.parametrize("seed", range(4))
async def test_ten_thousand_damaged_files_lose_no_decoder(tmp_path: Path, seed: int) -> None:
    await withstand(2_500, seed, tmp_path)


@pytest.mark.parametrize("kind", sorted(seeds()))
def test_what_hides_behind_a_picture_is_not_published(tmp_path: Path, kind: str) -> None:
    pipeline.prepare_libvips()
    archive = b"PK\x03\x04<script>alert(1)</script><?php system($_GET[0]);"
    original = tmp_path / "original"
    original.write_bytes(seeds()[kind] + archive)
    for file in pipeline.process(original, DecoderLimits()).files:
        for hidden in (b"PK\x03\x04", b"<script", b"<?php", photos.SECRET_PLACE.encode()):
            assert hidden not in file.data


def test_libheif_keeps_its_own_limits(tmp_path: Path) -> None:
    pipeline.prepare_libvips()
    assert pillow_heif.options.DISABLE_SECURITY_LIMITS is False
    data = seeds()["heic"]
    size = data.index(b"ispe") + 8
    huge = (60_000).to_bytes(4, "big") * 2
    original = tmp_path / "original"
    original.write_bytes(data[:size] + huge + data[size + 8 :])
    with pytest.raises(BadMedia):
        pipeline.process(original, DecoderLimits())
