"""What a benchmark yields: figures with their units and, where the project has set itself one, their target."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from emulators.feed.percentiles import spread


@dataclass(frozen=True, slots=True)
class Target:
    """`limit` in the figure's own unit, for its p95 where `p95` says so. Told beside the figure, never asserted."""

    limit: float
    p95: bool = False

    def met(self, figure: "Figure") -> bool:
        value = figure.p95 if self.p95 else figure.value
        return value is not None and value <= self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table. `value` is the median where there are `samples`, else the figure itself."""

    name: str
    unit: str
    value: float
    p95: float | None = None
    samples: int | None = None
    target: Target | None = None

    def as_data(self) -> dict[str, Any]:
        data: dict[str, Any] = {"name": self.name, "unit": self.unit, "value": rounded(self.value)}
        if self.p95 is not None:
            data["p95"] = rounded(self.p95)
        if self.samples is not None:
            data["samples"] = self.samples
        if self.target is not None:
            of = "p95" if self.target.p95 else "value"
            data["target"] = {"of": of, "at_most": self.target.limit, "met": self.target.met(self)}
        return data


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one part found out. `records` are rows of an own table, such as the operations and their prices."""

    title: str
    figures: Sequence[Figure] = ()
    records: Sequence[dict[str, Any]] = ()
    notes: Sequence[str] = field(default=())


def timed(name: str, milliseconds: Sequence[float], *, target: Target | None = None) -> Figure:
    """The middle and the tail of such durations; ValueError without any."""
    found = spread(milliseconds)
    if found is None:
        raise ValueError(f"{name}: nothing was measured")
    return Figure(name=name, unit="ms", value=found.p50, p95=found.p95, samples=found.count, target=target)


def ratio(name: str, numerator: Figure | float, denominator: Figure | float, *, limit: float | None = None) -> Figure:
    """Of two medians of one run."""
    above, below = (each.value if isinstance(each, Figure) else each for each in (numerator, denominator))
    return Figure(name=name, unit="x", value=above / below, target=None if limit is None else Target(limit))


def rounded(value: float) -> float:
    """Four digits are more than a timing is good for."""
    return float(f"{value:.4g}") if abs(value) < 1000 else round(value)
