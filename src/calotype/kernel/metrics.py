"""Figures about a running process: counters, gauges and histograms, in Prometheus' text format.

For one thread, the event loop's. Guarantees: a label's values are few, because whoever adds a
figure takes them from a table and never from a request (decision 010).
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal, Protocol

import msgspec

Labels = tuple[str, ...]

# Seconds: from a cache's answer to what nobody waits for.
REQUEST_BOUNDS = (0.002, 0.005, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
# Seconds: from a small photo on an idle machine, past the promised 5 s, to an hour's backlog.
VISIBLE_BOUNDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0)


class Sample(msgspec.Struct, frozen=True, array_like=True):
    """One line: `suffix` follows the family's name, `labels` are names and values."""

    suffix: str
    labels: tuple[tuple[str, str], ...]
    value: float


class Family(msgspec.Struct, frozen=True, array_like=True):
    """All lines of one name."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    samples: tuple[Sample, ...]


class Figure(Protocol):
    """Something that can be read as a family."""

    def family(self) -> Family: ...


class Counter:
    """What only ever rises while the process lives."""

    def __init__(self, name: str, help_: str, labels: Labels = ()) -> None:
        self._name, self._help, self._labels = name, help_, labels
        self._values: dict[Labels, float] = {} if labels else {(): 0.0}

    def add(self, *values: str, by: float = 1) -> None:
        self._values[values] = self._values.get(values, 0.0) + by

    def family(self) -> Family:
        samples = tuple(
            Sample("", tuple(zip(self._labels, values, strict=True)), value)
            for values, value in self._values.items()
        )
        return Family(self._name, "counter", self._help, samples)


class Gauge:
    """What is read from its source when it is asked for."""

    def __init__(
        self, name: str, help_: str, read: Callable[[], Mapping[Labels, float]], labels: Labels = ()
    ) -> None:
        self._name, self._help, self._read, self._labels = name, help_, read, labels

    def family(self) -> Family:
        samples = tuple(
            Sample("", tuple(zip(self._labels, values, strict=True)), value)
            for values, value in self._read().items()
        )
        return Family(self._name, "gauge", self._help, samples)


class Histogram:
    """How often something took at most so long; `bounds` rise, in seconds."""

    def __init__(self, name: str, help_: str, bounds: Sequence[float], labels: Labels = ()) -> None:
        self._name, self._help, self._labels = name, help_, labels
        self._bounds = bounds
        self._counts: dict[Labels, list[int]] = {}
        self._sums: dict[Labels, float] = {}
        if not labels:
            self._start(())

    def observe(self, seconds: float, *values: str) -> None:
        if values not in self._counts:
            self._start(values)
        self._counts[values][bisect_left(self._bounds, seconds)] += 1
        self._sums[values] += seconds

    def family(self) -> Family:
        samples: list[Sample] = []
        for values, counts in self._counts.items():
            labels = tuple(zip(self._labels, values, strict=True))
            total = 0
            for bound, count in zip((*map(_number, self._bounds), "+Inf"), counts, strict=True):
                total += count
                samples.append(Sample("_bucket", (*labels, ("le", bound)), total))
            samples.append(Sample("_sum", labels, self._sums[values]))
            samples.append(Sample("_count", labels, total))
        return Family(self._name, "histogram", self._help, tuple(samples))

    def _start(self, values: Labels) -> None:
        self._counts[values] = [0] * (len(self._bounds) + 1)
        self._sums[values] = 0.0


def exposition(families: Iterable[Family]) -> str:
    """Prometheus' text format 0.0.4. Families of one name, from several processes, become one.

    Samples with the same labels are added up.
    """
    merged: dict[str, Family] = {}
    sums: dict[str, dict[tuple[str, tuple[tuple[str, str], ...]], float]] = {}
    for family in families:
        merged.setdefault(family.name, family)
        values = sums.setdefault(family.name, {})
        for sample in family.samples:
            place = (sample.suffix, sample.labels)
            values[place] = values.get(place, 0.0) + sample.value
    lines = []
    for name, family in merged.items():
        lines += [f"# HELP {name} {family.help}", f"# TYPE {name} {family.kind}"]
        lines += [
            f"{name}{suffix}{_shown(labels)} {_number(value)}"
            for (suffix, labels), value in sums[name].items()
        ]
    return "\n".join(lines) + "\n"


def _shown(labels: tuple[tuple[str, str], ...]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels) + "}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)
