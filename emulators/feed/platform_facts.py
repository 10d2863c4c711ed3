"""What a local platform tells about itself: its runtime, its deliveries, what it asked of its stores."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from emulators.feed.client import PlatformClient
from emulators.feed.percentiles import Spread

OK = 200
DOCUMENTS = ("read", "written", "deleted")


@dataclass(frozen=True, slots=True)
class Operations:
    """What all functions asked of their stores and topics, counted in their adapters: calls by name, documents."""

    rpcs: Mapping[str, int] = field(default_factory=dict)
    read: int = 0
    written: int = 0
    deleted: int = 0

    def since(self, earlier: "Operations") -> "Operations":
        calls = {name: count - earlier.rpcs.get(name, 0) for name, count in self.rpcs.items()}
        return Operations(
            {name: count for name, count in calls.items() if count},
            self.read - earlier.read,
            self.written - earlier.written,
            self.deleted - earlier.deleted,
        )


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one subscription's messages since the platform started; `lag` in milliseconds."""

    delivered: int
    retried: int
    dead_lettered: int
    lag: Spread | None


@dataclass(frozen=True, slots=True)
class PlatformFacts:
    """A moment's view. A function process that was restarted counts its operations from 0 again: see `restarts`."""

    runtime: str
    deliveries: Mapping[str, Delivery]
    operations: Operations
    restarts: int = 0

    def operations_since(self, earlier: "PlatformFacts") -> Operations | None:
        """None if some of them were forgotten."""
        return self.operations.since(earlier.operations) if self.restarts == earlier.restarts else None


async def platform_facts(client: PlatformClient) -> PlatformFacts:
    """Asked of a local platform; one in the cloud has no such page, and then nothing is known."""
    status, operations = await client.get("/_local/status"), await client.get("/_local/operations")
    if status.status != OK or operations.status != OK:
        return PlatformFacts("unknown", {}, Operations())
    deliveries = {name: _delivery(stats) for name, stats in status.body["delivery"].items()}
    restarts = sum(process["restarts"] for process in status.body["processes"].values())
    return PlatformFacts(status.body["runtime"], deliveries, _sum(operations.body), restarts)


def _delivery(stats: Mapping[str, Any]) -> Delivery:
    counters, lag = stats["counters"], stats["lag"]
    return Delivery(
        counters["delivered"], counters["retried"], counters["dead_lettered"], Spread(**lag) if lag else None
    )


def _sum(processes: Mapping[str, Any]) -> Operations:
    rpcs: dict[str, int] = {}
    for process in processes.values():
        for name, count in process["rpcs"].items():
            rpcs[name] = rpcs.get(name, 0) + count
    documents = [sum(process[f"documents_{what}"] for process in processes.values()) for what in DOCUMENTS]
    return Operations(rpcs, *documents)
