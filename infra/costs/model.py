"""Counted operations times prices: the lines of a bill for a million checkouts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from infra.costs.counts import PAID, SHIPPED, Counted, proven, public
from infra.costs.instances import WEBHOOKS, billed_seconds
from infra.costs.prices import DAYS_A_MONTH, MILLION, List
from shared.topology import Function, Service

LINE_BYTES: Final = 650
"""Assumed of what Cloud Logging adds to each line: where it ran, an id, times, the trace."""
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
            Line("Pub/Sub", "bytes that topics keep, as if for a month", self.kept_bytes(), List.RETAINED),
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
            Line("Logging", f"bytes around them, {LINE_BYTES} a line", self.request_count * LINE_BYTES, List.LOG),
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
        """Billed instance time of each function."""
        return billed_seconds(self.counted, self.calls)

    def delivered_bytes(self) -> float:
        return sum(
            self.counted.message_bytes(subscription.topic)
            for service in self.services
            for subscription in service.subscriptions
        )

    def kept_bytes(self) -> float:
        """What topics keep for those who rewind, as bytes that are kept for a month."""
        return sum(
            self.counted.message_bytes(topic.name) * topic.retention_days / DAYS_A_MONTH
            for service in self.services
            for topic in service.topics
        )

    @property
    def calls(self) -> float:
        """From a workflow to other services: what comes through the load balancer less the requests of clients and the
        payment provider's, and less what services ask each other while a client waits.
        """
        return self.balanced - CLIENT_REQUESTS - WEBHOOKS - ASKED_MEANWHILE

    def _used(self) -> list[tuple[str, Function]]:
        asked = self.counted.requests()
        named = {f"{service.name}-{each.name}": each for service in self.services for each in service.functions}
        return [(name, named[name]) for name in asked]

    def _topics(self) -> list[str]:
        return [topic.name for service in self.services for topic in service.topics]


CLIENT_REQUESTS: Final = 1 + 5 + 1 + 1 + 2
"""Of a customer: a cart, five lines, a preview, a checkout, and a look at the checkout and at the order."""
ASKED_MEANWHILE: Final = 5 + 3 + 2
"""The cart asks the catalog about each line; a preview asks cart, catalog and pricing; the start of a checkout asks the
cart and whether its customer is leaving.
"""


def late_walks(bill: Bill) -> list[Line]:
    """What comes days later, at most: each walk reads a commit in the feed, and again with its stream."""
    walked = 0.0
    for service in bill.services:
        commits = bill.counted.messages(service.domain_topic)
        paths = [schedule.path for schedule in service.schedules]
        walked += commits * sum(path not in {"/", "/sweep", "/drain"} for path in paths)
    return [Line("Firestore", "later: commits read by walks for what was left undone", 2 * walked, List.READ)]
