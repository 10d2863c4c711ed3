"""What became of the messages of one subscription."""

from dataclasses import dataclass
from random import Random

from emulators.feed.percentiles import Spread

_SAMPLES = 4096


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
    `ce-recordedtime` to its acknowledgement.
    """

    counters: Counters
    in_flight: int
    waiting: int
    backlog: int | None
    lag: Spread | None


class Reservoir:
    """A fair sample of bounded size of everything that was added."""

    def __init__(self, size: int = _SAMPLES, *, seed: int = 0) -> None:
        self.samples: list[float] = []
        self._size = size
        self._added = 0
        self._random = Random(seed)  # noqa: S311 - sampling

    def add(self, value: float) -> None:
        self._added += 1
        if len(self.samples) < self._size:
            self.samples.append(value)
        elif (place := self._random.randrange(self._added)) < self._size:
            self.samples[place] = value
