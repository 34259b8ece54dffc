"""sharp (npm) as a contestant: the same renditions, in the ways that photo_sharp.mjs names."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

Way = Literal["once", "each", "keep"]

_SCRIPT = Path(__file__).with_suffix(".mjs")


class Absent(Exception):
    """sharp cannot be run here; the message says why."""


class Sharp:
    """A running Node process that renders what it is told to, one photo at a time."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def render(self, path: Path, way: Way = "once") -> float:
        """CPU seconds that the renditions of one photo took."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{way} {path}\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())


@contextmanager
def installed_sharp() -> Iterator[Sharp]:
    """sharp from npm in a temporary folder.

    Raises:
        Absent: there is no Node, or npm cannot install it.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise Absent("node and npm are not on the PATH")
    with tempfile.TemporaryDirectory() as folder:
        install = [npm, "install", "--no-audit", "--no-fund", "--silent", "sharp"]
        if subprocess.run(install, cwd=folder, capture_output=True, check=False).returncode:
            raise Absent("npm could not install sharp")
        with subprocess.Popen(
            [node, shutil.copy(_SCRIPT, folder)],
            cwd=folder,
            env={**os.environ, "UV_THREADPOOL_SIZE": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            yield Sharp(process)
            assert process.stdin is not None
            process.stdin.close()
