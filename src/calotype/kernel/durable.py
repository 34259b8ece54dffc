"""What survives a power cut: a file whose bytes, and a directory whose names, were fsynced."""

import os
from pathlib import Path


def sync(path: Path) -> None:
    """Wait until the disk holds a file's bytes, or a directory's names. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
