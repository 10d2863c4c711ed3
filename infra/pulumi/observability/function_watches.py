"""Alerts about functions, and about what they keep."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from infra.pulumi.deployment import Deployment
from infra.pulumi.observability import google as of
from infra.pulumi.observability import logged
from infra.pulumi.observability.watch import (
    DATABASE,
    SERVICE,
    Limit,
    Query,
    Severity,
    Watch,
    counted,
)

_GIB: Final = 1024**3
_SWEPT: Final = 900
"""Seconds in which sweeps, every 5 minutes, come by more than once: what they find stays found."""
_GROWTH: Final = (
    "`commerce growth`: streams, commits and bytes of each category, by day. A category that is large and"
    " whose streams never end is a matter for its design."
)


def errors(deployment: Deployment) -> Watch:
    ratio, total = deployment.config.alerts.error_ratio, of.of_functions(of.REQUESTS, deployment, "[a-z-]+")
    limit = Limit(
        says=f"More than {ratio:.0%} of the answers of a function are 5xx",
        filter=f'{total} AND metric.labels.response_code_class="5xx"',
        denominator=total,
        limit=ratio,
        aligner="ALIGN_RATE",
        reducer="REDUCE_SUM",
        by=SERVICE,
        seconds=600,
    )
    return Watch(
        name="errors",
        says="A function fails",
        severity=Severity.ERROR,
        means="Requests or messages fail in the function, or Cloud Run cannot start it. Messages come again.",
        first="The ERROR lines of that function: `error`, and `stack_trace` if nobody foresaw it. After a"
        " deployment: the revision before.",
        conditions=(limit,),
    )


def instances(deployment: Deployment) -> Watch:
    most: dict[int, list[str]] = defaultdict(list)
    for name, count in _scaled(deployment):
        most[count].append(name)
    return Watch(
        name="instances-at-most",
        says="A function is at its most instances",
        severity=Severity.WARNING,
        means="More requests would wait, or be refused with 429. Messages come again; customers do not.",
        first="Is the load real? Then raise `scaling.max_instances` and the function's own limit in its manifest;"
        " Firestore's own limits come later.",
        conditions=tuple(
            Limit(
                says=f"{count} instances for 10 minutes",
                filter=of.of_named_functions(of.INSTANCES, deployment, names) + ' AND metric.labels.state="active"',
                limit=count - 1,
                aligner="ALIGN_MAX",
                reducer="REDUCE_SUM",
                by=SERVICE,
                period=60,
                seconds=600,
            )
            for count, names in sorted(most.items())
        ),
    )


def _scaled(deployment: Deployment) -> Iterator[tuple[str, int]]:
    """Functions that may have more than one instance; one is usual for the others."""
    ceiling = deployment.config.scaling.max_instances
    for service in deployment.services:
        for function in service.functions:
            if (count := min(function.max_instances, ceiling)) > 1:
                yield f"{service.name}-{function.name}", count


def trouble(deployment: Deployment) -> Watch:
    return Watch(
        name="trouble",
        says="A function asks for help",
        severity=Severity.ERROR,
        means="A function wrote an ERROR line beside its requests: a workflow that is stuck, a refund that failed,"
        " a payment that cannot be settled.",
        first="`gcloud logging read 'severity>=ERROR AND jsonPayload.message:* AND NOT jsonPayload.status:*'`: the"
        " message names the stream.",
        conditions=(counted(logged.TROUBLE, "An ERROR line that is about no request", deployment),),
    )


def workflows(deployment: Deployment) -> Watch:
    seconds = deployment.config.alerts.workflow_seconds
    return Watch(
        name="workflows",
        says="A workflow does not come to its end",
        severity=Severity.ERROR,
        means="A checkout or a return is under way for too long, or is stuck. One that waits for a person's decision is"
        " neither. At its pivot it asks again for ever; a stuck one waits for a person to mend it. The customer waits,"
        " too. This lasts until none is late or stuck any more.",
        first="`GET /checkout/v1/checkouts?status=stuck` (then `running`; and `/returns/v1/returns`) as an operator:"
        " its timeline says which step. Mend that service, then `POST …/retry` or `POST …/force-compensate` with a"
        " reason.",
        conditions=(
            *(
                counted(each, f"One is {status} for more than {seconds} s", deployment, period=_SWEPT)
                for status, each in zip(("forwards", "backwards"), logged.WORKFLOWS_LATE, strict=True)
            ),
            counted(logged.WORKFLOWS_STUCK, "One is stuck", deployment, period=_SWEPT),
        ),
    )


def keys(deployment: Deployment) -> Watch:
    failing = logged.KEY_ERRORS.selector(deployment)
    limit = Limit(
        says="More than 5 requests failed at Cloud KMS",
        filter=failing,
        limit=5,
        aligner="ALIGN_SUM",
        reducer="REDUCE_SUM",
        by=SERVICE,
    )
    return Watch(
        name="keys",
        says="Personal data cannot be sealed or read",
        severity=Severity.CRITICAL,
        means="Cloud KMS refuses or does not answer: commands with names and addresses fail.",
        first="`gcloud kms keys versions list`: is the primary version enabled? Then the function's role on the"
        " key. A destroyed version can be restored until its time is over.",
        conditions=(limit,),
    )


def storage(deployment: Deployment) -> Watch:
    gib = deployment.config.alerts.stored_gib
    return Watch(
        name="storage",
        says="A database is large",
        severity=Severity.WARNING,
        means="The log is never deleted from, so its size only grows.",
        first=_GROWTH,
        conditions=(
            Limit(
                says=f"More than {gib:g} GiB in one database",
                filter=of.of_databases(of.STORED, deployment),
                limit=gib * _GIB,
                aligner="ALIGN_MAX",
                reducer="REDUCE_MAX",
                by=DATABASE,
                period=3600,
            ),
        ),
    )


def growth(deployment: Deployment) -> Watch:
    """By the greatest value of an hour, of today and of yesterday: the metric is not there in every minute."""
    gib = deployment.config.alerts.growth_gib_a_day
    series = _series(of.STORED, "firestore.googleapis.com/Database", f'database_id=~"{deployment.prefix}.*"')
    now, before = f"max_over_time({series}[1h])", f"max_over_time({series}[1h] offset 1d)"
    return Watch(
        name="storage-growth",
        says="A database grows fast",
        severity=Severity.WARNING,
        means="One database has grown more within a day than the settings expect.",
        first=_GROWTH,
        conditions=(
            Query(
                says=f"More than {gib:g} GiB in one day",
                metric=of.STORED,
                query=f"{now} - {before} > {gib * _GIB:.0f}",
            ),
        ),
    )


def _series(metric: str, resource: str, labels: str) -> str:
    """In PromQL: the first dot and slash of a metric's name become a colon's two sides."""
    domain, _, path = metric.partition("/")
    name = f"{domain.replace('.', '_')}:{path.replace('/', '_')}"
    return f'{name}{{monitored_resource="{resource}",{labels}}}'
