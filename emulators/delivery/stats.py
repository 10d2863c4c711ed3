"""What became of the messages of one subscription."""

from dataclasses import dataclass

from emulators.feed.percentiles import Spread, spread_of_counts


@dataclass(slots=True)
class Counters:
    """Since the start. Requests: `delivered` were sent; `acked` were answered with 2xx, `nacked` were not. Messages:
    `retried` attempts beyond the first, `dead_lettered`, `filtered` out. `restored` counts how often the broker had to
    be given its topology back. The rest are faults made on request.
    """

    delivered: int = 0
    acked: int = 0
    nacked: int = 0
    retried: int = 0
    dead_lettered: int = 0
    filtered: int = 0
    restored: int = 0
    dropped: int = 0
    duplicated: int = 0
    delayed: int = 0
    reordered: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class SubscriptionStats:
    """A moment's view. `in_flight` requests are running, `waiting` messages are held for a free place, a retry or a
    fault; `backlog` is what the broker still keeps, None if it does not tell. `lag` in milliseconds: from the commit's
    `ce-recordedtime` to its acknowledgement, repeated deliveries included; `lag_counts` are all of them by value.
    """

    counters: Counters
    in_flight: int
    waiting: int
    backlog: int | None
    lag: Spread | None
    lag_counts: tuple[tuple[float, int], ...]


class LagCounts:
    """Every lag in milliseconds, counted by its first three digits: what two moments differ by is what came between,
    with its true number and, to those digits, its true percentiles and maximum. Memory is bounded by the digits.
    """

    def __init__(self) -> None:
        self._counts: dict[float, int] = {}

    def add(self, value: float) -> None:
        rounded = float(f"{value:.3g}")
        self._counts[rounded] = self._counts.get(rounded, 0) + 1

    @property
    def counts(self) -> tuple[tuple[float, int], ...]:
        """Each value and how often there was one, in their order."""
        return tuple(sorted(self._counts.items()))

    @property
    def spread(self) -> Spread | None:
        return spread_of_counts(self._counts)
