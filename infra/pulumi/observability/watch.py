"""What an alert is, as plain data."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from infra.pulumi.deployment import Deployment
from infra.pulumi.observability.logged import Logged

SERVICE: Final = "resource.label.service_name"
SUBSCRIPTION: Final = "resource.label.subscription_id"
DATABASE: Final = "resource.label.database_id"
JOB: Final = "resource.label.job_id"


class Severity(StrEnum):
    """Critical: now. Error: today. Warning: this week."""

    CRITICAL = "CRITICAL"
    ERROR = "ERROR"
    WARNING = "WARNING"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A series that is above, or `under`, a limit for `seconds`. Each `period` of a series is made one value, and the
    series of each `by` one; without `by`, all are made one. With a `denominator` the value is their ratio. Where
    `silent` holds, no data is as bad.
    """

    says: str
    filter: str
    limit: float
    aligner: str
    reducer: str
    by: str
    period: int = 300
    seconds: int = 0
    denominator: str = ""
    under: bool = False
    silent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """No data of a series, which there was before, for `seconds`."""

    says: str
    filter: str
    by: str
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """PromQL that finds what is wrong at once; `metric` is what it asks, by the name that filters use."""

    says: str
    metric: str
    query: str


Condition = Limit | Silence | Query


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """An alert if any of its conditions holds: what that `means`, and what to do `first`. Google takes 1 to 6
    conditions, and a `Query` only alone.
    """

    name: str
    says: str
    severity: Severity
    means: str
    first: str
    conditions: tuple[Condition, ...] = ()


def some(says: str, selector: str, by: str, *, period: int = 300) -> Limit:
    """Any at all within the period, in seconds."""
    return Limit(says=says, filter=selector, limit=0, aligner="ALIGN_SUM", reducer="REDUCE_SUM", by=by, period=period)


def counted(metric: Logged, says: str, deployment: Deployment, *, period: int = 300) -> Limit:
    """Any line at all within the period, in seconds."""
    return some(says, metric.selector(deployment), SERVICE, period=period)
