"""Directories that a power cut does not lose: made, and emptied, with their parents fsynced."""

import os
from collections.abc import Iterator
from pathlib import Path

from calotype.kernel.durable import sync
from calotype.kernel.errors import Unavailable

# A concurrent delete may prune the directory between mkdir and link; each try needs another one.
LINK_ATTEMPTS = 50


def parents(root: Path, path: Path) -> Iterator[Path]:
    """The directories from `path`'s own up to and with `root`."""
    for directory in path.parents:
        yield directory
        if directory == root:
            return


def make_parents(root: Path, path: Path) -> None:
    for directory in reversed([*parents(root, path)]):
        try:
            directory.mkdir(mode=0o700)
        except FileExistsError:
            continue


def prune(root: Path, path: Path) -> None:
    """Remove the directories above `path` that hold nothing; `rmdir` refuses any other."""
    for directory in parents(root, path):
        if directory == root:
            return
        try:
            directory.rmdir()
        except FileNotFoundError:
            continue
        except OSError:
            return


def make_durable_directory(path: Path) -> None:
    missing = [place for place in (path, *path.parents) if not place.exists()]
    for place in reversed(missing):
        place.mkdir(mode=0o700, exist_ok=True)
    for place in missing:
        sync(place.parent)


def link_new(root: Path, source: Path, target: Path) -> None:
    """Give `source` a second name, which must be free; its directories are made.

    Raises:
        FileExistsError, NotADirectoryError: the name, or one of its directories, is taken.
        Unavailable: directory or source kept vanishing.
    """
    for _ in range(LINK_ATTEMPTS):
        try:
            make_parents(root, target)
            os.link(source, target)
        except FileNotFoundError:
            continue
        return
    raise Unavailable(
        "the blob's directory, or the file being written, kept vanishing; try again",
        retry_after=1,
    )
