"""What each alert goes by, written out: a limit that moved by mistake moves here, too."""

from typing import Any

import pytest

from tests.infra.observed import burns_of, conditions, fits, metrics_of, observed

POLICIES: dict[str, Any] = dict(observed().inputs("gcp:monitoring/alertPolicy:AlertPolicy"))
EACH = pytest.mark.parametrize("name", sorted(POLICIES))
ANY_LINE = ("> 0", 300, 0, "SUM", "SUM", "service_name")
SWEPT = ("> 0", 900, 0, "SUM", "SUM", "service_name")
VALUES: dict[str, list[tuple[Any, ...]]] = {
    "dead-letters": [("> 0", 300, 0, "SUM", "SUM", "subscription_id"), ANY_LINE, ANY_LINE],
    "dead-letters-undrained": [("> 0", 300, 1800, "MIN", "MAX", "subscription_id")],
    "backlog": [
        ("> 120", 60, 300, "MAX", "MAX", "subscription_id"),
        ("> 120", 60, 300, "MAX", "MAX", "subscription_id"),
        ("> 300", 60, 300, "MAX", "MAX", "subscription_id"),
        ("> 900", 60, 300, "MAX", "MAX", "subscription_id"),
    ],
    "outbox": [ANY_LINE, ANY_LINE],
    "schedules": [("> 2", 900, 0, "SUM", "SUM", "job_id")],
    "relay-silent": [("< 1", 900, 60, "SUM", "SUM", "service_name"), ("absent", 60, 900, "SUM", "SUM", "service_name")],
    "errors": [("> 0.05 of all", 300, 600, "RATE", "SUM", "service_name")],
    "instances-at-most": [("> 19", 60, 600, "MAX", "SUM", "service_name")],
    "trouble": [ANY_LINE],
    "workflows": [SWEPT, SWEPT, SWEPT],
    "keys": [("> 5", 300, 0, "SUM", "SUM", "service_name")],
    "storage": [("> 53687091200", 3600, 0, "MAX", "MAX", "database_id")],
}
"""By policy: the limit, the seconds of a period, for how many seconds it must hold, aligner, reducer, and what tells
the series apart. The first number of a policy that is a setting is the default of that setting.
"""
STORED = (
    "firestore_googleapis_com:storage_data_and_index_storage_bytes"
    '{monitored_resource="firestore.googleapis.com/Database",database_id=~"dev-.*"}'
)


def written_out(condition: Any) -> tuple[Any, ...]:
    (aggregation,) = condition["aggregations"]
    return (
        _limit(condition),
        int(aggregation["alignmentPeriod"].removesuffix("s")),
        int(condition["duration"].removesuffix("s")),
        aggregation["perSeriesAligner"].removeprefix("ALIGN_"),
        aggregation["crossSeriesReducer"].removeprefix("REDUCE_"),
        *(each.removeprefix("resource.label.") for each in aggregation["groupByFields"]),
    )


def _limit(condition: Any) -> str:
    if "comparison" not in condition:
        return "absent"
    sign = {"COMPARISON_GT": ">", "COMPARISON_LT": "<"}[condition["comparison"]]
    ratio = " of all" if condition.get("denominatorFilter") else ""
    return f"{sign} {condition['thresholdValue']}{ratio}"


@pytest.mark.parametrize("name", VALUES)
def test_an_alert_goes_by_these_values(name: str) -> None:
    """One line for each of its conditions."""
    assert [written_out(each) for each in conditions(POLICIES[name])] == VALUES[name]


def test_all_values_are_written_out() -> None:
    """Except of budgets, which have tests of their own, and of what is asked in PromQL."""
    others = {name for name, policy in POLICIES.items() if not burns_of(policy)}

    assert VALUES.keys() == others - {"storage-growth"}


def test_growth_is_that_of_one_day() -> None:
    """At once, for the hours are in the question; what Google does not know yet is no mistake in it."""
    (found,) = conditions(POLICIES["storage-growth"])

    assert found["query"] == f"max_over_time({STORED}[1h]) - max_over_time({STORED}[1h] offset 1d) > 1073741824"
    assert (found["duration"], found["disableMetricValidation"]) == ("0s", True)


def test_errors_are_counted_among_all_answers_of_their_function() -> None:
    """Both by the same measure."""
    (errors,) = conditions(POLICIES["errors"])

    assert errors["filter"] == f'{errors["denominatorFilter"]} AND metric.labels.response_code_class="5xx"'
    assert errors["denominatorAggregations"] == errors["aggregations"]


@EACH
def test_a_policy_has_conditions_such_as_google_takes(name: str) -> None:
    """At most six; and a question in PromQL stands alone."""
    found = list(conditions(POLICIES[name]))

    assert 1 <= len(found) <= (1 if any("query" in each for each in found) else 6)


@EACH
def test_an_alert_aggregates_what_can_be_aggregated_so(name: str) -> None:
    """Google refuses a percentile of a counter, a sum of a distribution, a rate of a gauge."""
    found = [
        (metric, aggregation)
        for each in conditions(POLICIES[name])
        for aggregation in each.get("aggregations", [])
        for metric in metrics_of(each)
    ]

    assert all(fits(metric, aggregation) for metric, aggregation in found)
