"""What schedules take while nobody shops: as often as their expressions say, as much as an idle run was counted to."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from infra.costs.counts import idle
from infra.costs.instances import STEP, steps
from infra.costs.prices import DAYS_A_MONTH, List
from shared.topology import Function, Schedule, Service

LEAST_REQUEST: Final = 1000
"""Bytes that Pub/Sub bills for a pull, at least."""
RELAY = "/"
KINDS: Final = {
    RELAY: "relay: proof of publication",
    "/sweep": "sweep: read models and archive caught up",
    "/drain": "drain of dead letters",
}
OTHERS: Final = "all other schedules"
RELAY_SECONDS: Final = 0.15
"""Assumed of a run of a relay: it asks two subscriptions and waits for what they have. On the emulators these runs took
76 to 138 ms; those of all others, but of one sweep, less than one step.
"""
RUN_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class Runs:
    """All schedules of a kind, in a month."""

    kind: str
    jobs: int
    runs: float
    reads: float
    dollars: float


def runs_a_month(cron: str) -> float:
    """Of an expression in minutes and hours only; ValueError for one that names days or months."""
    minute, hour, *days = cron.split()
    if days != ["*", "*", "*"]:
        raise ValueError(f"{cron!r} names days or months")
    return _values(minute, 60) * _values(hour, 24) * DAYS_A_MONTH


def _values(field: str, length: int) -> int:
    """How many of so many values a field takes: `*`, `*/5` or a list of numbers."""
    if field == "*":
        return length
    if field.startswith("*/"):
        return len(range(0, length, int(field[2:])))
    return len({int(value) for value in field.split(",")})


def schedules(report: Mapping[str, Any], services: Sequence[Service]) -> list[Runs]:
    """By kind, the dearest first."""
    found: dict[str, list[tuple[float, float, float]]] = {}
    for service, schedule in declared(services):
        runs, counts = runs_a_month(schedule.cron), _idle_run(report, services, schedule)
        dollars = runs * _run(counts, schedule, service.function(schedule.function))
        found.setdefault(_kind(schedule), []).append((runs, runs * counts.get("read", 0), dollars))
    told = [Runs(kind, len(each), *(sum(column) for column in zip(*each, strict=True))) for kind, each in found.items()]
    return sorted(told, key=lambda runs: -runs.dollars)


def declared(services: Iterable[Service]) -> list[tuple[Service, Schedule]]:
    return [(service, schedule) for service in services for schedule in service.schedules]


def uncounted(report: Mapping[str, Any], services: Iterable[Service]) -> list[str]:
    """Schedules that are newer than the counts: they are taken for the average of their kind."""
    return [schedule.name for _, schedule in declared(services) if schedule.name not in idle(report)]


def _kind(schedule: Schedule) -> str:
    return KINDS.get(schedule.path, OTHERS)


def _idle_run(report: Mapping[str, Any], services: Sequence[Service], schedule: Schedule) -> Mapping[str, float]:
    """Of a schedule that was not counted, the average of its kind."""
    counted = idle(report)
    if schedule.name in counted:
        return counted[schedule.name]
    alike = [each.name for _, each in declared(services) if _kind(each) == _kind(schedule) and each.name in counted]
    totals = Counter[str]()
    for name in alike:
        totals.update(counted[name])
    return {what: total / len(alike) for what, total in totals.items()}


def _run(counts: Mapping[str, float], schedule: Schedule, function: Function) -> float:
    """Dollars of one: its request, the steps of an instance, its documents and pulls."""
    seconds = STEP * steps(RELAY_SECONDS if schedule.path == RELAY else RUN_SECONDS)
    return (
        List.REQUEST.of(1)
        + List.VCPU.of(seconds * function.cpu)
        + List.MEMORY.of(seconds * function.memory / 1024)
        + List.READ.of(counts.get("read", 0))
        + List.WRITE.of(counts.get("written", 0))
        + List.MESSAGE.of(counts.get("pull", 0) * LEAST_REQUEST)
    )
