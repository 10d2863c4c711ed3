"""How fast an objective's budget of errors may burn: at rate 1 it lasts exactly for the objective's days."""

from dataclasses import dataclass
from typing import Final

from infra.pulumi.deployment import Deployment
from infra.pulumi.observability.google import REQUESTS, of_functions
from infra.pulumi.observability.objectives import Objective
from infra.pulumi.observability.watch import Limit, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Burn:
    """Faster than `rate` over both windows, in seconds: the long one says that it matters, the short one that it still
    goes on.
    """

    name: str
    rate: float
    long: int
    short: int
    severity: Severity
    means: str


BURNS: Final = (
    Burn(
        name="fast",
        rate=14.4,
        long=3600,
        short=300,
        severity=Severity.CRITICAL,
        means="At this rate the budget of 28 days is spent within two days.",
    ),
    Burn(
        name="slow",
        rate=6.0,
        long=21600,
        short=1800,
        severity=Severity.WARNING,
        means="At this rate the budget of 28 days is spent within five days.",
    ),
)
"""The rates and windows of Google's SRE workbook, chapter "Alerting on SLOs"."""


def burns(objective: Objective) -> tuple[Burn, ...]:
    """Where each value counts for much, because there are so few, nobody is woken for one."""
    return BURNS if objective.traffic else tuple(each for each in BURNS if each.severity is Severity.WARNING)


def busy(objective: Objective, burn: Burn, deployment: Deployment) -> tuple[Limit, ...]:
    """What must hold besides: one failure among a handful of requests is no burning budget."""
    if not objective.traffic:
        return ()
    least = deployment.config.alerts.burn_requests
    enough = Limit(
        says=f"At least {least} requests within {burn.long // 60} minutes",
        filter=of_functions(REQUESTS, deployment, objective.traffic),
        limit=least - 1,
        aligner="ALIGN_SUM",
        reducer="REDUCE_SUM",
        by="",
        period=burn.long,
    )
    return (enough,)
