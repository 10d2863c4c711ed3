"""What a local platform tells about itself: its runtime, its deliveries, what it asked of its stores."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from emulators.feed.client import PlatformClient
from emulators.feed.percentiles import Spread, spread_of_counts

OK = 200
DOCUMENTS = ("read", "written", "deleted")
FAULTS = ("dropped", "duplicated", "delayed", "reordered", "failed")

C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class Operations:
    """What all functions asked of their stores and topics, counted in their adapters: calls by name, documents."""

    rpcs: Mapping[str, int] = field(default_factory=dict)
    read: int = 0
    written: int = 0
    deleted: int = 0

    def since(self, earlier: "Operations") -> "Operations":
        return Operations(
            less(self.rpcs, earlier.rpcs),
            self.read - earlier.read,
            self.written - earlier.written,
            self.deleted - earlier.deleted,
        )


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one subscription's messages. `lags` counts each lag by its milliseconds, repeated deliveries
    included; `faults` counts what was done to messages on request, by its name.
    """

    delivered: int
    retried: int
    dead_lettered: int
    lags: Mapping[float, int] = field(default_factory=dict)
    faults: Mapping[str, int] = field(default_factory=dict)

    @property
    def lag(self) -> Spread | None:
        return spread_of_counts(self.lags)

    def since(self, earlier: "Delivery | None") -> "Delivery":
        """What came after."""
        if earlier is None:
            return self
        return Delivery(
            self.delivered - earlier.delivered,
            self.retried - earlier.retried,
            self.dead_lettered - earlier.dead_lettered,
            less(self.lags, earlier.lags),
            less(self.faults, earlier.faults),
        )


@dataclass(frozen=True, slots=True)
class PlatformFacts:
    """A moment's view, all counts since the start. A function process that was restarted counts its operations from 0
    again: see `restarts`. `uncounted` are the processes that do not say what they asked for.
    """

    runtime: str
    deliveries: Mapping[str, Delivery]
    operations: Operations
    restarts: int = 0
    uncounted: tuple[str, ...] = ()

    def operations_since(self, earlier: "PlatformFacts") -> Operations | None:
        """None if some of them were forgotten or never told."""
        if self.uncounted or earlier.uncounted or self.restarts != earlier.restarts:
            return None
        return self.operations.since(earlier.operations)

    def deliveries_since(self, earlier: "PlatformFacts") -> dict[str, Delivery]:
        return {name: delivery.since(earlier.deliveries.get(name)) for name, delivery in self.deliveries.items()}


async def platform_facts(client: PlatformClient) -> PlatformFacts:
    """Asked of a local platform; one in the cloud has no such page, and then nothing is known."""
    status, operations = await client.get("/_local/status"), await client.get("/_local/operations")
    if status.status != OK or operations.status != OK:
        return PlatformFacts("unknown", {}, Operations(), uncounted=("all",))
    deliveries = {name: _delivery(stats) for name, stats in status.body["delivery"].items()}
    restarts = sum(process["restarts"] for process in status.body["processes"].values())
    told = {name: counts for name, counts in operations.body.items() if counts is not None}
    uncounted = tuple(name for name in operations.body if name not in told)
    return PlatformFacts(status.body["runtime"], deliveries, _sum(told), restarts, uncounted)


def less(counts: Mapping[C, int], earlier: Mapping[C, int]) -> dict[C, int]:
    """What was counted since; what was not counted since is left out."""
    return {key: more for key, count in counts.items() if (more := count - earlier.get(key, 0))}


def _delivery(stats: Mapping[str, Any]) -> Delivery:
    counters = stats["counters"]
    return Delivery(
        counters["delivered"],
        counters["retried"],
        counters["dead_lettered"],
        dict(stats["lag_counts"]),
        {name: counters[name] for name in FAULTS if counters[name]},
    )


def _sum(processes: Mapping[str, Any]) -> Operations:
    rpcs: dict[str, int] = {}
    for process in processes.values():
        for name, count in process["rpcs"].items():
            rpcs[name] = rpcs.get(name, 0) + count
    documents = [sum(process[f"documents_{what}"] for process in processes.values()) for what in DOCUMENTS]
    return Operations(rpcs, *documents)
