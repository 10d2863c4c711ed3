"""Objectives: the founding document's targets, as they are promised and measured."""

from typing import Any

import pytest

from infra.pulumi.observability.logged import LOGGED
from infra.pulumi.observability.objectives import OBJECTIVES
from tests.infra.observed import deployment, known_metrics, metrics_of, observed

SLO = "gcp:monitoring/slo:Slo"
FOUNDING = {
    "command-latency": ("command-latency", 50, 0.95),
    "append-latency": ("append-latency", 20, 0.95),
    "query-latency": ("query-latency", 100, 0.95),
    "projection-lag": ("projection-lag", 1000, 0.95),
    "replay-pace": ("replay-pace", 300, 0.95),
}
"""Commands p95 < 50 ms, appends < 20 ms, queries < 100 ms, lag < 1 s, a million events replayed in < 5 minutes."""


def declared() -> dict[str, Any]:
    return dict(observed().inputs(SLO))


def test_the_founding_targets_are_promised() -> None:
    """A 95th percentile below a bound says that 95 % of the values are."""
    found = {
        name: (cut["distributionFilter"], cut["range"]["max"], each["goal"])
        for name, each in declared().items()
        if (cut := each["requestBasedSli"].get("distributionCut"))
    }

    by_name = {each.name: each.selector(deployment()) for each in LOGGED}
    assert found == {name: (by_name[metric], most, goal) for name, (metric, most, goal) in FOUNDING.items()}


@pytest.mark.parametrize("name", FOUNDING)
def test_a_bound_is_one_of_its_metrics_buckets(name: str) -> None:
    """Else the values of one bucket would be shared out by guessing."""
    (metric,) = [each for each in LOGGED if each.name == FOUNDING[name][0]]

    assert FOUNDING[name][1] in metric.bounds


@pytest.mark.parametrize("kind", ["commands", "queries"])
def test_requests_are_answered(kind: str) -> None:
    """By Cloud Run's own count: it knows of those that never reached a function, too."""
    slo = declared()[f"{kind}-answered"]
    ratio = slo["requestBasedSli"]["goodTotalRatio"]

    total = (
        'metric.type="run.googleapis.com/request_count" AND resource.type="cloud_run_revision"'
        f' AND resource.labels.service_name=monitoring.regex.full_match("dev-[a-z-]+-{kind}")'
    )
    assert (slo["goal"], ratio["totalServiceFilter"]) == (0.999, total)
    assert ratio["badServiceFilter"] == f'{total} AND metric.labels.response_code_class="5xx"'


def test_every_objective_is_declared_for_four_weeks() -> None:
    """Of one service of this environment."""
    found = {name: (each["rollingPeriodDays"], each["service"], each["sloId"]) for name, each in declared().items()}

    assert found == {each.name: (28, "dev-commerce", f"dev-{each.name}") for each in OBJECTIVES}


def test_no_goal_is_higher_than_google_takes() -> None:
    """At most 0.999."""
    assert all(0 < each["goal"] <= 0.9999 for each in declared().values())


def test_indicators_are_of_metrics_that_there_are() -> None:
    """Google's, or those of log lines."""
    used = set()
    for slo in declared().values():
        (indicator,) = slo["requestBasedSli"].values()
        filters = [value for name, value in indicator.items() if name.endswith("Filter")]
        used |= {metric for each in filters for metric in metrics_of({"filter": each})}

    assert used <= known_metrics()


def test_an_objective_comes_after_its_metrics() -> None:
    """Google takes no objective about a metric that is not there; if it is new, that alone is not enough."""
    metrics = {each.name for each in LOGGED}

    assert all(metrics <= set(each.depends_on) for each in observed().of(SLO).values())
