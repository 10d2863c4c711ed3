"""Counted operations times prices: the lines of a bill for a million checkouts."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from infra.costs.counts import PAID, SHIPPED, Counted, proven, public
from infra.costs.prices import MILLION, List
from shared.topology import Function, Service

STEP: Final = 0.1
"""Seconds: the time of an instance is billed in such steps."""
CALL_SECONDS: Final = 0.05
"""Assumed of a call from one service to another: the target of a command."""
COMMIT_SECONDS: Final = 0.02
"""Assumed of an append: its target."""
BALANCED_BYTES: Final = 4096
"""Assumed of a request through the load balancer, both ways together."""


@dataclass(frozen=True, slots=True)
class Line:
    """Of a bill: so many units a checkout at a price."""

    component: str
    what: str
    units: float
    price: List

    @property
    def dollars(self) -> float:
        """For a million checkouts."""
        return self.price.of(self.units * MILLION)


@dataclass(frozen=True, slots=True)
class Bill:
    """Of the checkouts themselves (`PAID`) or of what ships them (`SHIPPED`)."""

    counted: Counted
    proofs: Mapping[str, float]
    services: Sequence[Service]

    @classmethod
    def until_paid(cls, report: Mapping[str, Any], services: Sequence[Service]) -> "Bill":
        return cls(Counted(PAID, report), proven(report, "cart and checkout", services), services)

    @classmethod
    def of_shipping(cls, report: Mapping[str, Any], services: Sequence[Service]) -> "Bill":
        return cls(Counted(SHIPPED, report), proven(report, "shipping", services), services)

    @property
    def lines(self) -> list[Line]:
        return [*self._firestore(), *self._functions(), *self._messages(), *self._rest()]

    @property
    def dollars(self) -> float:
        """For a million."""
        return sum(line.dollars for line in self.lines)

    def _firestore(self) -> list[Line]:
        counted, proofs = self.counted, self.proofs
        return [
            Line("Firestore", "documents written", counted.operations("written"), List.WRITE),
            Line("Firestore", "documents read", counted.operations("read"), List.READ),
            Line("Firestore", "proof: outbox rows deleted", proofs.get("deleted", 0), List.DELETE),
            Line("Firestore", "proof: commits read by sweeps", proofs.get("read", 0), List.READ),
            Line("Firestore", "proof: checkpoints written", proofs.get("written", 0), List.WRITE),
        ]

    def _functions(self) -> list[Line]:
        seconds = self.seconds()
        return [
            Line("Cloud Run", "requests", self.request_count, List.REQUEST),
            Line("Cloud Run", "vCPU-seconds", sum(seconds[name] * f.cpu for name, f in self._used()), List.VCPU),
            Line(
                "Cloud Run",
                "GiB-seconds",
                sum(seconds[name] * f.memory / 1024 for name, f in self._used()),
                List.MEMORY,
            ),
        ]

    def _messages(self) -> list[Line]:
        published = sum(self.counted.message_bytes(topic) for topic in self._topics())
        return [
            Line("Pub/Sub", "bytes published", published, List.MESSAGE),
            Line("Pub/Sub", "bytes delivered, filtered ones included", self.delivered_bytes(), List.MESSAGE),
        ]

    def _rest(self) -> list[Line]:
        counted = self.counted
        rows = counted.row_bytes("events") + counted.row_bytes("facts")
        uses = counted.operations("Kms.encrypt") + counted.operations("Kms.decrypt")
        return [
            Line("BigQuery", "bytes inserted", rows, List.INSERT),
            Line("Cloud KMS", "uses of the key", uses, List.KMS),
            Line("Cloud Tasks", "operations", 2 * counted.tasks, List.TASK),
            Line("Logging", "bytes of the functions' own lines", counted.log_bytes, List.LOG),
            Line("Load balancer", "bytes", self.balanced * BALANCED_BYTES, List.BALANCED),
            Line("Cloud Armor", "requests", self.balanced, List.ARMOR_REQUEST),
        ]

    @property
    def request_count(self) -> float:
        return sum(self.counted.requests().values())

    @property
    def balanced(self) -> float:
        """Requests through the load balancer: those of clients, and those of services to each other."""
        outside = public(self.services)
        return sum(count for name, count in self.counted.requests().items() if name in outside)

    def seconds(self) -> dict[str, float]:
        """Billed instance time of each function, if no two requests share an instance: a step each, but more for an
        orchestrator, which waits for others.
        """
        found = {name: count * STEP for name, count in self.counted.requests().items()}
        for name in found:
            if name.endswith("-orchestrator"):
                found[name] = self._waiting(name.removesuffix("-orchestrator"))
        return found

    def delivered_bytes(self) -> float:
        return sum(
            self.counted.message_bytes(subscription.topic)
            for service in self.services
            for subscription in service.subscriptions
        )

    def _waiting(self, service: str) -> float:
        """A workflow's seconds in whole steps: its calls, and its own commits."""
        waited = self.calls * CALL_SECONDS + self.counted.messages(f"{service}-commits") * COMMIT_SECONDS
        return math.ceil(round(waited / STEP, 6)) * STEP

    @property
    def calls(self) -> float:
        """From a workflow to other services. Clients open a cart, put in its lines, check out and look; the rest of
        what comes through the load balancer are calls.
        """
        return self.balanced - CLIENT_REQUESTS

    def _used(self) -> list[tuple[str, Function]]:
        asked = self.counted.requests()
        named = {f"{service.name}-{each.name}": each for service in self.services for each in service.functions}
        return [(name, named[name]) for name in asked]

    def _topics(self) -> list[str]:
        return [topic.name for service in self.services for topic in service.topics]


CLIENT_REQUESTS: Final = 1 + 5 + 1 + 2
"""Of a customer: a cart, five lines, a checkout, and a look at the checkout and at the order."""


def late_walks(bill: Bill) -> list[Line]:
    """What comes days later, at most: each walk reads a commit in the feed, and again with its stream; packing reads it
    three times and writes it once (docs/adr/0016).
    """
    walked = packed = 0.0
    for service in bill.services:
        commits = bill.counted.messages(service.domain_topic)
        paths = [schedule.path for schedule in service.schedules]
        walked += commits * sum(path not in {"/", "/sweep", "/drain", "/pack"} for path in paths)
        packed += commits * ("/pack" in paths)
    return [
        Line("Firestore", "later: commits read by walks for what was left undone", 2 * walked, List.READ),
        Line("Firestore", "later: commits read by packing", 3 * packed, List.READ),
        Line("Firestore", "later: commits written by packing", packed, List.WRITE),
    ]
