"""What the dashboard shows: rows of charts, from the metrics that are watched."""

from dataclasses import dataclass

from infra.pulumi.deployment import Deployment
from infra.pulumi.observability import google as of
from infra.pulumi.observability import logged
from infra.pulumi.observability.logged import Logged
from infra.pulumi.observability.message_watches import DEAD, PUSHED
from infra.pulumi.observability.watch import DATABASE, JOB, SERVICE, SUBSCRIPTION


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Lines of a chart: `by` names the label that tells them apart, "" for one line of all."""

    filter: str
    aligner: str
    reducer: str
    by: str = ""
    legend: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One chart; `line` is a limit that is drawn into it."""

    title: str
    series: tuple[Series, ...]
    unit: str = ""
    line: float | None = None


Row = tuple[Panel, ...]


def rows(deployment: Deployment) -> tuple[Row, ...]:
    """From what customers feel to what it costs."""
    return (
        _promises(deployment),
        _requests(deployment),
        _read_models(deployment),
        _messages(deployment),
        _outbox(deployment),
        _workflows(deployment),
        _functions(deployment),
        _costs(deployment),
    )


def _promises(deployment: Deployment) -> Row:
    return (
        _p95("Commands, p95", logged.COMMAND_LATENCY, deployment, 50),
        _p95("Appends, p95", logged.APPEND_LATENCY, deployment, 20),
        _p95("Queries, p95", logged.QUERY_LATENCY, deployment, 100),
        _p95("Lag of the read models, p95", logged.PROJECTION_LAG, deployment, 1000),
    )


def _requests(deployment: Deployment) -> Row:
    requests = of.of_functions(of.REQUESTS, deployment, "[a-z-]+-(commands|queries)")
    starts = of.of_functions(of.STARTS, deployment, "[a-z-]+-(commands|queries)")
    failing = of.of_functions(of.REQUESTS, deployment, "[a-z-]+") + ' AND metric.labels.response_code_class="5xx"'
    return (
        Panel(title="Commands and queries", series=(_rate(requests, SERVICE),), unit="1/s"),
        Panel(title="Start of a container, p95", series=(_percentile(95, starts, SERVICE),), unit="ms"),
        Panel(title="Errors (5xx)", series=(_rate(failing, SERVICE),), unit="1/s"),
        Panel(title="Races that a command lost", series=(_found(logged.CONFLICTS, deployment),)),
    )


def _read_models(deployment: Deployment) -> Row:
    backlog = of.of_subscriptions(of.OLDEST_UNACKED, deployment, PUSHED)
    return (
        Panel(title="Oldest message", series=(_most(backlog, SUBSCRIPTION),), unit="s"),
        Panel(title="Brought from the log", series=(_found(logged.GAPS, deployment),)),
        _p99("Seconds per million events of a replay, p99", logged.REPLAY_PACE, deployment, 300, by=""),
        _p95("Publishes, p95", logged.PUBLISH_LATENCY, deployment, None),
    )


def _messages(deployment: Deployment) -> Row:
    dead = of.of_subscriptions(of.UNDELIVERED, deployment, DEAD)
    lost = of.of_subscriptions(of.DEAD_LETTERED, deployment, PUSHED)
    taken = (logged.BURIED, "buried"), (logged.PARKED, "parked")
    return (
        Panel(title="Dead letters", series=(_sum(lost, SUBSCRIPTION),)),
        Panel(
            title="Buried and parked",
            series=(
                *(_found(metric, deployment, legend=legend) for metric, legend in taken),
                _found(logged.DRAINED, deployment, legend="drained"),
            ),
        ),
        Panel(title="Dead letters not yet drained", series=(_most(dead, SUBSCRIPTION),)),
        Panel(title="Failed schedules", series=(_found(logged.SCHEDULE_FAILURES, deployment, by=JOB),)),
    )


def _outbox(deployment: Deployment) -> Row:
    limit = deployment.config.alerts.outbox_seconds
    runs = (logged.REPUBLISHED, "again"), (logged.OUTBOX_LATE, "late"), (logged.OUTBOX_STUCK, "stuck")
    return (
        _p99("Oldest unpublished message, p99", logged.OUTBOX_AGE, deployment, limit),
        Panel(
            title="Published again, late, and stuck",
            series=tuple(_found(metric, deployment, legend=legend) for metric, legend in runs),
        ),
    )


def _workflows(deployment: Deployment) -> Row:
    limit = deployment.config.alerts.workflow_seconds
    ages, late = (
        tuple(_found(each, deployment, legend=each.name.rpartition("-")[2]) for each in metrics)
        for metrics in (logged.WORKFLOW_AGES, (*logged.WORKFLOWS_LATE, logged.WORKFLOWS_STUCK))
    )
    return (
        Panel(title="Oldest workflow, p99", series=ages, unit="s", line=limit),
        Panel(title="Runs that found a workflow late or stuck", series=late),
        Panel(title="Functions that ask for help", series=(_found(logged.TROUBLE, deployment),)),
    )


def _functions(deployment: Deployment) -> Row:
    instances = of.of_functions(of.INSTANCES, deployment, "[a-z-]+")
    tasks, stored = of.of_queues(of.TASKS, deployment), of.of_databases(of.STORED, deployment)
    return (
        Panel(title="Instances", series=(_most(instances, SERVICE, "REDUCE_SUM"),)),
        Panel(title="Tasks", series=(_rate(tasks, "resource.label.queue_id"),), unit="1/s"),
        Panel(title="Requests that failed at Cloud KMS", series=(_found(logged.KEY_ERRORS, deployment),)),
        Panel(title="Stored in Firestore", series=(_most(stored, DATABASE),), unit="By"),
    )


def _costs(deployment: Deployment) -> Row:
    operations = ((of.READS, "reads"), (of.WRITES, "writes"), (of.DELETES, "deletes"))
    billable = of.of_functions(of.BILLABLE_TIME, deployment, "[a-z-]+")
    firestore = tuple(
        Series(
            filter=of.of_databases(metric, deployment),
            aligner="ALIGN_RATE",
            reducer="REDUCE_SUM",
            by=DATABASE,
            legend=legend,
        )
        for metric, legend in operations
    )
    logs = Series(filter=of.of_project(of.LOGGED_BYTES), aligner="ALIGN_RATE", reducer="REDUCE_SUM")
    return (
        Panel(title="Firestore operations", series=firestore, unit="1/s"),
        Panel(title="Billed instance time", series=(_rate(billable, SERVICE),), unit="s/s"),
        Panel(title="Logs stored (the whole project)", series=(logs,), unit="By/s"),
    )


def _p95(title: str, metric: Logged, deployment: Deployment, line: float | None) -> Panel:
    series = _percentile(95, metric.selector(deployment), SERVICE)
    return Panel(title=title, series=(series,), unit=metric.unit, line=line)


def _p99(title: str, metric: Logged, deployment: Deployment, line: float, *, by: str = SERVICE) -> Panel:
    """Of few values, about the greatest one."""
    series = _percentile(99, metric.selector(deployment), by)
    return Panel(title=title, series=(series,), unit=metric.unit, line=line)


def _percentile(percent: int, selector: str, by: str, legend: str = "") -> Series:
    aligner = f"ALIGN_PERCENTILE_{percent}"
    return Series(filter=selector, aligner=aligner, reducer="REDUCE_MAX", by=by, legend=legend)


def _found(metric: Logged, deployment: Deployment, *, by: str = SERVICE, legend: str = "") -> Series:
    """How many lines there were; of what is measured, the 99th percentile."""
    selector = metric.selector(deployment)
    if metric.measures:
        return _percentile(99, selector, by, legend)
    return Series(filter=selector, aligner="ALIGN_SUM", reducer="REDUCE_SUM", by=by, legend=legend)


def _rate(selector: str, by: str) -> Series:
    return Series(filter=selector, aligner="ALIGN_RATE", reducer="REDUCE_SUM", by=by)


def _sum(selector: str, by: str) -> Series:
    return Series(filter=selector, aligner="ALIGN_SUM", reducer="REDUCE_SUM", by=by)


def _most(selector: str, by: str, reducer: str = "REDUCE_MAX") -> Series:
    return Series(filter=selector, aligner="ALIGN_MAX", reducer=reducer, by=by)
