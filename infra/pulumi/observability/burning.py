"""How fast an objective's budget of errors may burn: at rate 1 it lasts exactly for the objective's days."""

from dataclasses import dataclass
from typing import Final

from infra.pulumi.observability.watch import Severity


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
