"""What the figures were measured on."""

import os
import platform
import sys
from importlib import metadata
from pathlib import Path

import msgspec

_LIBRARIES = ("pyvips-binary", "litestar", "uvicorn", "sqlalchemy", "msgspec", "pillow")


class Machine(msgspec.Struct, frozen=True):
    processor: str
    cores: int
    memory_mib: int
    load: float
    system: str
    python: str
    libraries: dict[str, str]


def facts() -> bytes:
    """One line of JSON."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return msgspec.json.encode(
        Machine(
            processor=_processor(),
            cores=len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1,
            memory_mib=memory >> 20,
            load=round(os.getloadavg()[0], 2),
            system=f"{platform.system()} {platform.release()} {platform.machine()}",
            python=platform.python_version(),
            libraries={name: metadata.version(name) for name in _LIBRARIES if _installed(name)},
        )
    )


def _installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.processor())
