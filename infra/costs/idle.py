"""What a month costs while nobody shops: schedules, and what is charged for being there."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from infra.costs.counts import idle
from infra.costs.model import STEP
from infra.costs.prices import HOURS_A_MONTH, SECONDS_A_MONTH, List
from shared.topology import Function, Schedule, Service

LEAST_REQUEST: Final = 1000
"""Bytes that Pub/Sub bills for a pull, at least."""
DAYS: Final = HOURS_A_MONTH / 24
ARMOR_RULES: Final = 8
"""Six sets of signatures, the limit, and the rule that every policy ends with."""
ARCHIVE_SWEEP: Final = "*/10 * * * *"
LEAST_QUERY: Final = 10 * 2**20
"""Bytes that BigQuery bills for a query, at least."""
KINDS: Final = {
    "/": "relay: proof of publication",
    "/sweep": "sweep: read models and archive caught up",
    "/drain": "drain of dead letters",
    "/pack": "packing",
}
OTHERS: Final = "all other schedules"


@dataclass(frozen=True, slots=True)
class Fixed:
    """Something that is paid each month; `dollars` for `amount`."""

    what: str
    amount: str
    dollars: float


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
    return _values(minute, 60) * _values(hour, 24) * DAYS


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
    for service, schedule in _all(services):
        runs, counts = runs_a_month(schedule.cron), idle(report)[schedule.name]
        dollars = runs * _run(counts, service.function(schedule.function))
        found.setdefault(KINDS.get(schedule.path, OTHERS), []).append((runs, runs * counts.get("read", 0), dollars))
    told = [Runs(kind, len(each), *(sum(column) for column in zip(*each, strict=True))) for kind, each in found.items()]
    return sorted(told, key=lambda runs: -runs.dollars)


def _run(counts: Mapping[str, float], function: Function) -> float:
    """Dollars of one: its request, one step of an instance, its documents and pulls."""
    return (
        List.REQUEST.of(1)
        + List.VCPU.of(STEP * function.cpu)
        + List.MEMORY.of(STEP * function.memory / 1024)
        + List.READ.of(counts.get("read", 0))
        + List.WRITE.of(counts.get("written", 0))
        + List.MESSAGE.of(counts.get("pull", 0) * LEAST_REQUEST)
    )


def _all(services: Iterable[Service]) -> list[tuple[Service, Schedule]]:
    return [(service, schedule) for service in services for schedule in service.schedules]


def standing(services: Sequence[Service]) -> list[Fixed]:
    """What is charged by the month for being there, whether it is used or not."""
    jobs = len(_all(services))
    secrets = len({name for service in services for name in service.secrets})
    return [
        Fixed("Cloud Scheduler", f"{jobs} jobs", List.JOB.of(jobs)),
        Fixed("Load balancer", "up to 5 forwarding rules", List.FORWARDING.of(HOURS_A_MONTH)),
        Fixed("Cloud Armor", "a policy", List.ARMOR_POLICY.of(1)),
        Fixed("Cloud Armor", f"{ARMOR_RULES} rules", List.ARMOR_RULE.of(ARMOR_RULES)),
        Fixed("Cloud KMS", "a key version; one more for each rotation", List.KEY.of(1)),
        Fixed("Secret Manager", f"{secrets} secret versions", List.SECRET.of(secrets)),
    ]


def by_size(services: Sequence[Service]) -> list[Fixed]:
    """What grows with what is kept, what is kept warm, and how much goes on."""
    categories = sum(len(service.categories) for service in services)
    queries = runs_a_month(ARCHIVE_SWEEP) * categories
    warm = List.IDLE_VCPU.of(SECONDS_A_MONTH) + List.IDLE_MEMORY.of(SECONDS_A_MONTH / 2)
    return [
        Fixed("an instance that is kept warm", "1 vCPU, 512 MiB, idle", warm),
        Fixed("Firestore, storage", "GiB", List.STORAGE.of(2**30)),
        Fixed("Firestore, point-in-time recovery", "GiB", List.PITR.of(2**30)),
        Fixed("Firestore, backups", "GiB of each backup that is kept", List.BACKUP.of(2**30)),
        Fixed("BigQuery, storage", "GiB", List.ROWS.of(2**30)),
        Fixed("Artifact Registry", "GiB of images", List.IMAGE.of(2**30)),
        Fixed(
            "BigQuery, what the archive's sweep asks",
            f"at most: {categories} categories with news in every ten minutes, 10 MiB a query",
            List.QUERY.of(queries * LEAST_QUERY),
        ),
    ]
