"""Metrics that are made of log lines: the application measures nothing twice and runs no agent.

A project-level metric of this kind sees what an exclusion keeps out of the log's storage, too.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from infra.pulumi.config import Alerts
from infra.pulumi.deployment import Deployment
from shared.observability.logs import OPERATIONS_LOG

LATENCY = (
    0.0,
    5.0,
    10.0,
    15.0,
    20.0,
    30.0,
    40.0,
    50.0,
    75.0,
    100.0,
    150.0,
    200.0,
    300.0,
    500.0,
    1000.0,
    2000.0,
    5000.0,
)
"""Milliseconds. What is promised is a bound: a value is counted by its bucket."""
LAG = (0.0, 100.0, 200.0, 300.0, 500.0, 750.0, 1000.0, 2000.0, 5000.0, 15000.0, 60000.0, 300000.0, 3600000.0)
COUNTS = (0.0, 1.0, 2.0, 5.0, 10.0, 50.0, 100.0, 1000.0, 10000.0)
REPLAY = (0.0, 30.0, 60.0, 120.0, 180.0, 240.0, 300.0, 600.0, 1200.0, 3600.0)


class Origin(StrEnum):
    """Where a line comes from: the monitored resource that Cloud Logging gives it."""

    FUNCTION = "cloud_run_revision"
    OPERATOR = "global"
    SCHEDULER = "cloud_scheduler_job"


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """One metric. `functions` is a pattern of the functions (or schedules) whose lines it reads, without the
    environment's prefix; `where` are further conditions, all of which must hold.

    It counts lines; with a `value`, a path in the line, it keeps the distribution of what is there; with a value and a
    limit `above`, it counts the lines whose value is above the limit. That is how the greatest value is watched: a
    distribution has only its buckets. Which function or schedule wrote a line is a label of the metric's resource; of
    what operators did, nothing is.
    """

    name: str
    description: str
    functions: str = "[a-z-]+"
    where: tuple[str, ...] = ()
    value: str = ""
    unit: str = "1"
    bounds: tuple[float, ...] = ()
    above: Callable[[Alerts], int] | None = None
    origin: Origin = Origin.FUNCTION

    def filter(self, deployment: Deployment) -> str:
        """In the language of Cloud Logging; of this environment alone."""
        parts = (f'resource.type="{self.origin}"', *self._scope(deployment), *self.where, self._valued(deployment))
        return " AND ".join(each for each in parts if each)

    @property
    def measures(self) -> bool:
        """Whether it is a distribution; else it is a counter."""
        return bool(self.value) and self.above is None

    @property
    def extractor(self) -> str:
        return f"EXTRACT({self.value})" if self.measures else ""

    def type(self, deployment: Deployment) -> str:
        """What Cloud Monitoring calls it."""
        return f"logging.googleapis.com/user/{deployment.name(self.name)}"

    def selector(self, deployment: Deployment) -> str:
        """All its time series, as a filter of Cloud Monitoring."""
        return f'metric.type="{self.type(deployment)}" AND resource.type="{self.origin}"'

    def _valued(self, deployment: Deployment) -> str:
        if self.above is not None:
            return f"{self.value}>{self.above(deployment.config.alerts)}"
        return f"{self.value}:*" if self.value else ""

    def _scope(self, deployment: Deployment) -> tuple[str, ...]:
        match self.origin:
            case Origin.FUNCTION:
                return (f'resource.labels.service_name=~"^{deployment.prefix}{self.functions}$"',)
            case Origin.SCHEDULER:
                return (f'resource.labels.job_id=~"^{deployment.prefix}{self.functions}$"',)
            case Origin.OPERATOR:
                log = f'logName="projects/{deployment.config.project}/logs/{OPERATIONS_LOG}"'
                return (log, f'jsonPayload.environment="{deployment.config.environment}"')


COMMAND_LATENCY = Logged(
    name="command-latency",
    description="Time to answer a command in the function: refusals included, and what a new instance makes first; not"
    " the start of its container. Not: 5xx, and commands that wait for a payment provider.",
    functions="[a-z-]+-commands",
    where=("jsonPayload.status<500", "NOT jsonPayload.timings.settle:*"),
    value="jsonPayload.milliseconds",
    unit="ms",
    bounds=LATENCY,
)
APPEND_LATENCY = Logged(
    name="append-latency",
    description="The longest single append to the log of a request, whether it won its race or lost it. Not: of what"
    " ended in a 5xx.",
    where=("jsonPayload.status<500",),
    value="jsonPayload.slowest.append",
    unit="ms",
    bounds=LATENCY,
)
PUBLISH_LATENCY = Logged(
    name="publish-latency",
    description="The longest single publish of a request, of what it has appended.",
    value="jsonPayload.slowest.publish",
    unit="ms",
    bounds=LATENCY,
)
QUERY_LATENCY = Logged(
    name="query-latency",
    description="Time to answer a query in the function: what a new instance makes first included, the start of its"
    " container not. Not: 5xx.",
    functions="[a-z-]+-queries",
    where=("jsonPayload.status<500",),
    value="jsonPayload.milliseconds",
    unit="ms",
    bounds=LATENCY,
)
PROJECTION_LAG = Logged(
    name="projection-lag",
    description="From when the log recorded a commit to when a read model shows it.",
    functions="[a-z-]+-projector",
    value="jsonPayload.lag",
    unit="ms",
    bounds=LAG,
)
GAPS = Logged(
    name="gaps",
    description="Pushes after which a read model was brought from the log: a message was late, lost or unreadable.",
    functions="[a-z-]+-projector",
    where=('jsonPayload.outcome:"healed"',),
)
PARKED = Logged(
    name="parked",
    description="Pushes of streams that a read model cannot get past.",
    functions="[a-z-]+-projector",
    where=('jsonPayload.outcome:"parked"',),
)
BURIED = Logged(
    name="buried",
    description="Messages that a function could never take, kept among the dead letters.",
    where=('jsonPayload.outcome="buried"',),
)
DRAINED = Logged(
    name="drained",
    description="Messages in one run that Pub/Sub gave up and a drain has put among the dead letters.",
    where=("jsonPayload.report.buried>0",),
    value="jsonPayload.report.buried",
    bounds=COUNTS,
)
CONFLICTS = Logged(
    name="conflicts",
    description="Commands that lost a race for their stream and decided again; how often each did.",
    value="jsonPayload.conflicts",
    bounds=COUNTS,
)
OUTBOX_AGE = Logged(
    name="outbox-age",
    description="Age of the oldest message that a relay found unpublished, whether it could publish it or not; 0 if"
    " there was none. Not: of runs that still had receipts to pull, and did not look.",
    functions="[a-z-]+-relay",
    value="jsonPayload.outbox.oldest",
    unit="s",
    bounds=(0.0, 1.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 21600.0, 86400.0),
)
OUTBOX_LATE = Logged(
    name="outbox-late",
    description="Runs of a relay that found a message unpublished for longer than the limit of the settings.",
    functions="[a-z-]+-relay",
    value="jsonPayload.outbox.oldest",
    above=lambda alerts: alerts.outbox_seconds,
)
REPUBLISHED = Logged(
    name="republished",
    description="Messages that a relay published again in one run, because nobody had seen them.",
    functions="[a-z-]+-relay",
    where=("jsonPayload.report.sent>0",),
    value="jsonPayload.report.sent",
    bounds=COUNTS,
)
OUTBOX_STUCK = Logged(
    name="outbox-stuck",
    description="Runs of a relay that found commits of which this code cannot make messages.",
    functions="[a-z-]+-relay",
    where=("jsonPayload.report.stuck>0",),
)
WORKFLOW_AGES = tuple(
    Logged(
        name=f"workflow-age-{status}",
        description=description,
        functions="[a-z-]+-(orchestrator|projector)",
        value=f"jsonPayload.waiting.{status}",
        unit="s",
        bounds=(0.0, 1.0, 10.0, 60.0, 300.0, 900.0, 1800.0, 3600.0, 21600.0, 86400.0, 604800.0),
    )
    for status, description in (
        ("forwards", "Age of the oldest workflow that a run of an orchestrator has left under way."),
        ("backwards", "Age of the oldest workflow that a run of an orchestrator has left on its way back."),
        ("stuck", "Age of the oldest stuck workflow: each sweep of its read model tells it again."),
    )
)
WORKFLOWS_LATE = tuple(
    Logged(
        name=f"workflows-late-{status}",
        description=f"Runs of an orchestrator that left a workflow {status} which is older than the limit.",
        functions="[a-z-]+-orchestrator",
        value=f"jsonPayload.waiting.{status}",
        above=lambda alerts: alerts.workflow_seconds,
    )
    for status in ("forwards", "backwards")
)
WORKFLOWS_STUCK = Logged(
    name="workflows-stuck",
    description="Runs that found a stuck workflow: of an orchestrator once, of its read model's sweep each time.",
    functions="[a-z-]+-(orchestrator|projector)",
    where=("jsonPayload.waiting.stuck:*",),
)
TROUBLE = Logged(
    name="trouble",
    description="Errors that a function tells of beside its requests: a stuck workflow, a refund that failed.",
    where=("severity>=ERROR", "jsonPayload.message:*", "NOT jsonPayload.status:*"),
)
KEY_ERRORS = Logged(
    name="key-errors",
    description="Requests that failed because Cloud KMS refused or did not answer.",
    where=("jsonPayload.status>=500", 'jsonPayload.error:"Cloud KMS"'),
)
REPLAY_PACE = Logged(
    name="replay-pace",
    description="Seconds per million events of a replay by an operator, of 100,000 events or more.",
    where=("jsonPayload.events>=100000",),
    value="jsonPayload.seconds_per_million",
    unit="s",
    bounds=REPLAY,
    origin=Origin.OPERATOR,
)
SCHEDULE_FAILURES = Logged(
    name="schedule-failures",
    description="Runs of a schedule that were not answered with 2xx: Cloud Scheduler's own log.",
    where=("severity>=ERROR",),
    origin=Origin.SCHEDULER,
)

LOGGED = (
    COMMAND_LATENCY,
    APPEND_LATENCY,
    PUBLISH_LATENCY,
    QUERY_LATENCY,
    PROJECTION_LAG,
    GAPS,
    PARKED,
    BURIED,
    DRAINED,
    CONFLICTS,
    OUTBOX_AGE,
    OUTBOX_LATE,
    REPUBLISHED,
    OUTBOX_STUCK,
    *WORKFLOW_AGES,
    *WORKFLOWS_LATE,
    WORKFLOWS_STUCK,
    TROUBLE,
    KEY_ERRORS,
    REPLAY_PACE,
    SCHEDULE_FAILURES,
)
