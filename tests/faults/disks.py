"""File systems of a test's own, to be filled to the brim or made read-only."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def mounted(place: Path, *options: str) -> Iterator[Path]:
    """Mount at `place` as `mount` is told; skips the test where that is not allowed."""
    place.mkdir(exist_ok=True)
    _may(["mount", *options, str(place)])
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def small_disk(place: Path, megabytes: int) -> Iterator[Path]:
    """A disk in memory, of so many megabytes."""
    with mounted(place, "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs") as disk:
        yield disk


class Ext4:
    """A disk in a file whose file system turns read-only under those who have it open.

    That is what a kernel does after a fault of a disk (`errors=remount-ro`); `remount,abort` of
    ext4 does the same on demand. It ends, as for any operator, with a check and a mount anew.
    """

    def __init__(self, image: Path, place: Path, megabytes: int = 96) -> None:
        self.image, self.place = image, place
        with image.open("wb") as file:
            file.truncate(megabytes << 20)
        _may(["/sbin/mkfs.ext4", "-q", "-E", "lazy_itable_init=0", str(image)])

    @contextmanager
    def mounted(self) -> Iterator[Path]:
        with mounted(self.place, "-o", "loop", str(self.image)) as disk:
            yield disk

    def turn_read_only(self) -> None:
        _may(["mount", "-o", "remount,abort", str(self.place)])

    def mend(self) -> None:
        """Check it and write the journal back; 1 says that something was mended."""
        done = subprocess.run(
            ["/sbin/e2fsck", "-f", "-y", str(self.image)], capture_output=True, check=False
        )
        assert done.returncode <= 1, done.stdout


def _may(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip(f"{command[0]} is not installed here")
    if done.returncode:
        pytest.skip(f"{command[0]} is not allowed here: {done.stderr.strip()}")


def fill(directory: Path) -> Path:
    """Write until nothing fits any more; the file that fills the disk."""
    filler = directory / "filler"
    descriptor = os.open(filler, os.O_CREAT | os.O_WRONLY)
    for size in (1 << 20, 1 << 12, 1):
        try:
            while True:
                os.write(descriptor, b"\0" * size)
        except OSError:
            continue
    os.close(descriptor)
    return filler
