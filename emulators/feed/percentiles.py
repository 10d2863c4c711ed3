"""Latencies in short: how many, the middle, the tail, the worst."""

from collections.abc import Sequence
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


def _rank(ordered: Sequence[float], percent: int) -> float:
    return ordered[max(ceil(len(ordered) * percent / 100), 1) - 1]
