"""What one checkout takes of everything: the committed counts of a run on the local platform, as plain numbers.

How they were counted: `tests/bench/checkouts.py`.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from shared.topology import Http, Service

FILE: Final = Path(__file__).resolve().parents[2] / "docs" / "measured" / "checkout-operations.json"
PAID: Final = ("cart", "checkout", "looks")
"""The phases up to the paid order."""
SHIPPED: Final = ("shipping",)
"""From there to the door."""
MEANING: Final[Mapping[str, str]] = {
    "read": "documents, priced",
    "written": "documents, priced",
    "deleted": "documents, priced",
    "Commit": "priced by the documents in it",
    "BatchGetDocuments": "priced by the documents in it",
    "RunQuery": "priced by the documents in it, one at least",
    "publish": "priced by its bytes",
    "pull": "priced by its bytes",
    "acknowledge": "free",
    "Kms.encrypt": "a use of the key, priced",
    "Kms.decrypt": "a use of the key, priced",
}
"""Every operation that the platform counts, and how it comes into the bill."""


class Counted:
    """The counts of some phases, for one checkout each."""

    def __init__(self, phases: Iterable[str], report: Mapping[str, Any]) -> None:
        self._count: int = report["checkouts"]
        self._phases = [report["phases"][name] for name in phases]

    def operations(self, name: str) -> float:
        """Of the stores, topics and the key, by the name of `MEANING`."""
        return self._per_checkout(counts.get(name, 0) for phase in self._phases for counts in phase["stores"].values())

    @property
    def names(self) -> set[str]:
        """Of all operations."""
        return {name for phase in self._phases for counts in phase["stores"].values() for name in counts}

    def requests(self) -> dict[str, float]:
        """To each function, such as `cart-commands`."""
        totals = Counter[str]()
        for phase in self._phases:
            totals.update({name: counts["requests"] for name, counts in phase["functions"].items()})
        return {name: total / self._count for name, total in totals.items()}

    @property
    def slots(self) -> float:
        """Steps of instance time, as the functions took on the machine of the run."""
        return self._per_checkout(counts["slots"] for phase in self._phases for counts in phase["functions"].values())

    def messages(self, topic: str) -> float:
        """Published to a topic."""
        return self._topic(topic, "messages")

    def message_bytes(self, topic: str) -> float:
        """What all messages of a topic are billed as: 1,000 bytes each, at least."""
        return self._topic(topic, "billed_bytes")

    def row_bytes(self, table: str) -> float:
        """What the rows of a table are billed as: 1 KiB each, at least."""
        return self._per_checkout(phase.get("rows", {}).get(f"{table} billed bytes", 0) for phase in self._phases)

    @property
    def tasks(self) -> float:
        """Put into queues."""
        return self._per_checkout(phase.get("tasks", 0) for phase in self._phases)

    @property
    def log_bytes(self) -> float:
        """The functions' own lines."""
        return self._per_checkout(phase["log_bytes"] for phase in self._phases)

    @property
    def cpu_seconds(self) -> float:
        """Of all function processes, on the machine of the run."""
        return self._per_checkout(sum(phase["cpu_seconds"].values()) for phase in self._phases)

    def _topic(self, topic: str, what: str) -> float:
        return self._per_checkout(phase["topics"].get(topic, {}).get(what, 0) for phase in self._phases)

    def _per_checkout(self, totals: Iterable[float]) -> float:
        return sum(totals) / self._count


def proven(report: Mapping[str, Any], round_: str, services: Iterable[Service]) -> dict[str, float]:
    """What relays and sweeps do for one checkout, beyond what their runs cost anyway."""
    proofs = {each.name for service in services for each in service.schedules if each.path in {"/", "/sweep"}}
    totals = Counter[str]()
    for schedule, counts in report["schedules"][round_].items():
        if schedule in proofs:
            totals.update(counts)
    return {name: total / report["checkouts"] for name, total in totals.items()}


def line_bytes(report: Mapping[str, Any]) -> float:
    """Of the line that a function writes about a request, on average."""
    phases = report["phases"].values()
    requests: int = sum(counts["requests"] for phase in phases for counts in phase["functions"].values())
    size: int = sum(phase["log_bytes"] for phase in phases)
    return size / requests


def idle(report: Mapping[str, Any]) -> Mapping[str, Mapping[str, float]]:
    """What a run of each schedule takes when there is nothing to do, of those that were counted."""
    runs: Mapping[str, Mapping[str, float]] = report["schedules"]["idle"]
    return runs


def kept(report: Mapping[str, Any], round_: str) -> dict[str, float]:
    """Documents and bytes that stay for ever, for one checkout: `events`, `events bytes` and so on."""
    return {name: count / report["checkouts"] for name, count in report["kept"][round_].items()}


def public(services: Iterable[Service]) -> set[str]:
    """Functions that are called through the load balancer, as `cart-commands`."""
    return {
        f"{service.name}-{function.name}"
        for service in services
        for function in service.functions
        if isinstance(function.trigger, Http)
    }


@cache
def report() -> dict[str, Any]:
    """The committed one."""
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return found
