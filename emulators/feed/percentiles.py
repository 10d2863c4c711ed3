"""Latencies in short: how many, the middle, the tail, the worst."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil


@dataclass(frozen=True, slots=True)
class Spread:
    """The distribution of `count` samples, in the unit of the samples (milliseconds throughout the feed)."""

    count: int
    p50: float
    p95: float
    max: float


def spread(samples: Sequence[float]) -> Spread | None:
    """None without samples. Nearest rank: every figure is a latency that did occur."""
    if not samples:
        return None
    ordered = sorted(samples)
    return Spread(len(ordered), _rank(ordered, 50), _rank(ordered, 95), ordered[-1])


def spread_of_counts(counts: Mapping[float, int]) -> Spread | None:
    """The same of samples that are counted by value: every sample is in it, however many there are."""
    total = sum(counts.values())
    if not total:
        return None
    values = sorted(value for value, count in counts.items() if count)
    p50, p95 = (_counted_rank(values, counts, ceil(total * percent / 100)) for percent in (50, 95))
    return Spread(total, p50, p95, values[-1])


def _counted_rank(values: Sequence[float], counts: Mapping[float, int], rank: int) -> float:
    """The value of the sample that is number `rank` (from 1) in their order."""
    for value in values:
        rank -= counts[value]
        if rank <= 0:
            return value
    return values[-1]


def _rank(ordered: Sequence[float], percent: int) -> float:
    return ordered[max(ceil(len(ordered) * percent / 100), 1) - 1]
