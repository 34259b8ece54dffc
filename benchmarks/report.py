"""Figures as JSON lines, each beside its ceiling and its aim."""

import math

import msgspec


class Figure(msgspec.Struct, frozen=True):
    """One measured number.

    Attributes:
        ceiling: what the machine could do at best, measured in the same run, in the same unit.
        ratio: value / ceiling.
        aim: what is to hold, of the ratio where there is a ceiling, else of the value.
    """

    bench: str
    metric: str
    value: float
    unit: str
    ceiling: float | None
    ratio: float | None
    aim: str | None
    holds: bool | None


class Skipped(msgspec.Struct, frozen=True):
    """A figure that could not be measured here, and why."""

    bench: str
    metric: str
    skipped: str


class Report:
    """Prints the figures of one benchmark as they come."""

    def __init__(self, bench: str) -> None:
        self._bench = bench

    def figure(
        self,
        metric: str,
        value: float,
        unit: str,
        *,
        ceiling: float | None = None,
        at_least: float | None = None,
        at_most: float | None = None,
    ) -> None:
        """Report one figure; the bounds are of the ratio where there is a ceiling."""
        ratio = None if ceiling is None else value / ceiling
        judged = value if ratio is None else ratio
        low = -math.inf if at_least is None else at_least
        high = math.inf if at_most is None else at_most
        bounds = [f">= {at_least:g}"] if at_least is not None else []
        bounds += [f"<= {at_most:g}"] if at_most is not None else []
        self._print(
            Figure(
                bench=self._bench,
                metric=metric,
                value=_short(value),
                unit=unit,
                ceiling=None if ceiling is None else _short(ceiling),
                ratio=None if ratio is None else _short(ratio),
                aim=" and ".join(bounds) or None,
                holds=low <= judged <= high if bounds else None,
            )
        )

    def skip(self, metric: str, why: str) -> None:
        self._print(Skipped(self._bench, metric, why))

    def _print(self, line: Figure | Skipped) -> None:
        print(msgspec.json.encode(line).decode(), flush=True)


def _short(value: float) -> float:
    """Four significant digits: no benchmark here is steadier than that."""
    return float(f"{value:.4g}")
