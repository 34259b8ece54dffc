"""`python -m benchmarks [NAME]`."""

import importlib
import pkgutil
import sys
from collections.abc import Callable, Iterator
from typing import NamedTuple

import benchmarks
from benchmarks import machine
from benchmarks.report import Report


class Benchmark(NamedTuple):
    name: str
    description: str
    run: Callable[[Report], None]


def found() -> Iterator[Benchmark]:
    for module in pkgutil.iter_modules(benchmarks.__path__):
        if module.name == "__main__":
            continue
        loaded = importlib.import_module(f"benchmarks.{module.name}")
        if hasattr(loaded, "DESCRIPTION"):
            yield Benchmark(module.name, loaded.DESCRIPTION, loaded.run)


def main(arguments: list[str]) -> int:
    known = {benchmark.name: benchmark for benchmark in found()}
    if not arguments:
        for benchmark in known.values():
            print(f"{benchmark.name:<16}{benchmark.description}")
        return 0
    name = arguments[0]
    if name not in known:
        print(f"no benchmark {name!r}; there are: {', '.join(known)}", file=sys.stderr)
        return 2
    print(machine.facts().decode(), flush=True)
    known[name].run(Report(name))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
