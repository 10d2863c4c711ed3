"""What another choice would change, for a million checkouts up to the paid order."""

from dataclasses import dataclass
from typing import Final

from infra.costs.instances import STEP
from infra.costs.model import Bill
from infra.costs.prices import MILLION, List

SHARED: Final = 8
LOG_LINE: Final = 1024
"""Bytes, assumed, of the line that Cloud Run logs for a request."""
SPANS: Final = 2
"""Of a request, assumed."""
SAMPLED: Final = 0.05


@dataclass(frozen=True, slots=True)
class Choice:
    """`dollars` more (or less) than the bill."""

    what: str
    arithmetic: str
    dollars: float


def choices(bill: Bill) -> list[Choice]:
    return [
        _shared(bill),
        _full(bill),
        _measured(bill),
        _request_logs(bill),
        _traces(bill, SAMPLED),
        _traces(bill, 1.0),
        _workflows(bill),
        _gateway(bill),
        _two_regions(bill),
    ]


def _dollars(bill: Bill, component: str) -> float:
    return sum(line.dollars for line in bill.lines if line.component == component)


def _compute(bill: Bill) -> float:
    return sum(line.dollars for line in bill.lines if line.price in {List.VCPU, List.MEMORY})


def _shared(bill: Bill) -> Choice:
    saved = _compute(bill) * (1 - 1 / SHARED)
    return Choice(
        f"{SHARED} requests share an instance all the time", f"instance time / {SHARED}; needs a busy shop", -saved
    )


def _full(bill: Bill) -> Choice:
    """The least there can be: an instance never waits while it is paid."""
    seconds = bill.counted.cpu_seconds * MILLION
    busy = List.VCPU.of(seconds) + List.MEMORY.of(seconds / 2)
    return Choice(
        "instances are never without work",
        f"{bill.counted.cpu_seconds:.2g} s of processor time, as measured on the machine of the counts",
        busy - _compute(bill),
    )


def _measured(bill: Bill) -> Choice:
    """Steps of functions that are alike: a vCPU, and half a GiB."""
    seconds = bill.counted.slots * STEP * MILLION
    assumed = sum(bill.seconds().values()) / STEP
    return Choice(
        "requests take as long as they took when they were counted",
        f"{bill.counted.slots:.1f} steps in place of {assumed:.0f}; stand-ins for BigQuery, Stripe and SMTP",
        List.VCPU.of(seconds) + List.MEMORY.of(seconds / 2) - _compute(bill),
    )


def _request_logs(bill: Bill) -> Choice:
    dollars = List.LOG.of(bill.request_count * LOG_LINE * MILLION)
    return Choice("Cloud Run's request logs are kept", f"{bill.request_count:g} lines of 1 KiB", dollars)


def _traces(bill: Bill, share: float) -> Choice:
    dollars = List.SPAN.of(bill.request_count * SPANS * share * MILLION)
    return Choice(f"{share:.0%} of requests are traced", f"{bill.request_count:g} x {SPANS} spans x {share:g}", dollars)


def _workflows(bill: Bill) -> Choice:
    """A call to a domain of one's own is an external step; its answer is taken by an internal one, and three are around
    all of them.
    """
    internal = bill.calls + 3
    return Choice(
        "Google Workflows carries out the checkout",
        f"{bill.calls:g} external steps, {internal:g} internal ones; what the own engine takes is not taken off",
        List.WORKFLOW_CALL.of(bill.calls * MILLION) + List.WORKFLOW_STEP.of(internal * MILLION),
    )


def _gateway(bill: Bill) -> Choice:
    return Choice(
        "API Gateway in front",
        f"{bill.balanced:g} calls: clients', services', the provider's",
        List.GATEWAY.of(bill.balanced * MILLION),
    )


def _two_regions(bill: Bill) -> Choice:
    return Choice("Firestore in `nam5` or `eur3`", "documents cost twice as much", _dollars(bill, "Firestore"))
