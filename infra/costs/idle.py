"""What a month costs while nobody shops, besides runs of schedules: what is charged for being there, and by size."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from infra.costs.counts import line_bytes
from infra.costs.model import LINE_BYTES
from infra.costs.prices import HOURS_A_MONTH, SECONDS_A_MONTH, List
from infra.costs.schedules import RELAY, declared, runs_a_month
from shared.topology import Service

ARMOR_RULES: Final = 8
"""Six sets of signatures, the limit, and the rule that every policy ends with."""
ARCHIVE_SWEEP: Final = "*/10 * * * *"
LEAST_QUERY: Final = 10 * 2**20
"""Bytes that BigQuery bills for a query, at least."""
SCHEDULER_LINES: Final = 2
"""That Cloud Scheduler writes about a run: it begins, it ended."""
POINT_BYTES: Final = 80
"""Of a point of a distribution, as Cloud Monitoring counts it. A metric has one a minute, if it has any news."""
EVERY_MINUTE: Final = "* * * * *"
KEPT_IMAGES: Final = 5
"""Of each function; the setting `builds.kept_images` says so."""
IMAGE_BYTES: Final = 100 * 2**20
"""Assumed of an image, less what it shares with others."""
BUILD_MINUTES: Final = 2
"""Assumed of a build."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """Something that is paid each month; `dollars` for `amount`."""

    what: str
    amount: str
    dollars: float


def standing(services: Sequence[Service]) -> list[Fixed]:
    """What is charged by the month for being there, whether it is used or not."""
    jobs = len(declared(services))
    secrets = len({name for service in services for name in service.secrets})
    images = _functions(services) * KEPT_IMAGES
    return [
        Fixed("Cloud Scheduler", f"{jobs} jobs", List.JOB.of(jobs)),
        Fixed("Load balancer", "up to 5 forwarding rules", List.FORWARDING.of(HOURS_A_MONTH)),
        Fixed("Cloud Armor", "a policy", List.ARMOR_POLICY.of(1)),
        Fixed("Cloud Armor", f"{ARMOR_RULES} rules", List.ARMOR_RULE.of(ARMOR_RULES)),
        Fixed("Cloud KMS", "a key version; one more for each rotation", List.KEY.of(1)),
        Fixed("Secret Manager", f"{secrets} secret versions", List.SECRET.of(secrets)),
        Fixed("Artifact Registry", f"{images} images of 100 MiB, assumed", List.IMAGE.of(images * IMAGE_BYTES)),
    ]


def told(report: Mapping[str, Any], services: Sequence[Service]) -> list[Fixed]:
    """What idle runs say of themselves: lines of logs, and the metric that every run of a relay adds to."""
    runs = sum(runs_a_month(schedule.cron) for _, schedule in declared(services))
    line = line_bytes(report) + LINE_BYTES
    relays = sum(schedule.path == RELAY for _, schedule in declared(services))
    return [
        Fixed("Logging", f"{runs:,.0f} lines of {line:,.0f} bytes", List.LOG.of(runs * line)),
        Fixed(
            "Logging",
            f"{SCHEDULER_LINES} lines of Cloud Scheduler's own about each, {LINE_BYTES} bytes",
            List.LOG.of(runs * SCHEDULER_LINES * LINE_BYTES),
        ),
        Fixed("Monitoring", f"age of the outbox of {relays} relays, a point a minute", relays * _busy_metric()),
    ]


def by_size(services: Sequence[Service]) -> list[Fixed]:
    """What grows with what is kept, what is kept warm, and how much goes on."""
    categories = sum(len(service.categories) for service in services)
    queries = runs_a_month(ARCHIVE_SWEEP) * categories
    warm = List.IDLE_VCPU.of(SECONDS_A_MONTH) + List.IDLE_MEMORY.of(SECONDS_A_MONTH / 2)
    functions = _functions(services)
    return [
        Fixed("an instance that is kept warm", "1 vCPU, 512 MiB, idle", warm),
        Fixed("Firestore, storage", "GiB", List.STORAGE.of(2**30)),
        Fixed("Firestore, point-in-time recovery", "GiB", List.PITR.of(2**30)),
        Fixed("Firestore, backups", "GiB of each backup that is kept", List.BACKUP.of(2**30)),
        Fixed("BigQuery, storage", "GiB", List.ROWS.of(2**30)),
        Fixed(
            "BigQuery, what the archive's sweep asks",
            f"at most: {categories} categories with news in every ten minutes, 10 MiB a query",
            List.QUERY.of(queries * LEAST_QUERY),
        ),
        Fixed("Monitoring, a distribution of one function", "a point every minute", _busy_metric()),
        Fixed(
            "Cloud Build, each deployment of everything",
            f"{functions} builds of {BUILD_MINUTES} minutes, assumed",
            List.BUILD.of(functions * BUILD_MINUTES),
        ),
    ]


def _busy_metric() -> float:
    """Dollars a month of a metric that has news every minute."""
    return List.METRIC.of(runs_a_month(EVERY_MINUTE) * POINT_BYTES)


def _functions(services: Sequence[Service]) -> int:
    return sum(len(service.functions) for service in services)
