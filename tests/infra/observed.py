"""The observability of an example environment, declared under mocks, and the metrics that may be watched."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from infra.pulumi.components.observability import Observability, ObservabilityArgs
from infra.pulumi.deployment import Deployment
from infra.pulumi.observability.logged import LOGGED
from tests.infra.harness import Program, run
from tests.infra.stacks import SERVICES, config

GOOGLES = {
    # https://cloud.google.com/monitoring/api/metrics_gcp_p_z (run, pubsub)
    "run.googleapis.com/request_count": ("DELTA", "INT64"),
    "run.googleapis.com/container/startup_latencies": ("DELTA", "DISTRIBUTION"),
    "run.googleapis.com/container/instance_count": ("GAUGE", "INT64"),
    "run.googleapis.com/container/billable_instance_time": ("DELTA", "DOUBLE"),
    "pubsub.googleapis.com/subscription/oldest_unacked_message_age": ("GAUGE", "INT64"),
    "pubsub.googleapis.com/subscription/num_undelivered_messages": ("GAUGE", "INT64"),
    "pubsub.googleapis.com/subscription/dead_letter_message_count": ("DELTA", "INT64"),
    # https://cloud.google.com/monitoring/api/metrics_gcp_d_h (firestore)
    "firestore.googleapis.com/storage/data_and_index_storage_bytes": ("GAUGE", "INT64"),
    "firestore.googleapis.com/document/read_ops_count": ("DELTA", "INT64"),
    "firestore.googleapis.com/document/write_ops_count": ("DELTA", "INT64"),
    "firestore.googleapis.com/document/delete_ops_count": ("DELTA", "INT64"),
    # https://cloud.google.com/monitoring/api/metrics_gcp_c (cloudtasks)
    "cloudtasks.googleapis.com/queue/task_attempt_count": ("DELTA", "INT64"),
    # https://cloud.google.com/monitoring/api/metrics_gcp_i_o (logging)
    "logging.googleapis.com/billing/bytes_ingested": ("DELTA", "INT64"),
}
"""Google's own, from its lists of metrics, with their kind and the type of their values. There is none of Cloud
Scheduler's.
"""
_ALIGNED = {
    "ALIGN_SUM": {"GAUGE", "DELTA"},
    "ALIGN_MAX": {"GAUGE", "DELTA"},
    "ALIGN_MIN": {"GAUGE", "DELTA"},
    "ALIGN_RATE": {"DELTA"},
    "ALIGN_PERCENTILE_95": {"GAUGE", "DELTA"},
    "ALIGN_PERCENTILE_99": {"GAUGE", "DELTA"},
}
"""Which kinds of metrics an aligner takes; percentiles are those of distributions, the others are of numbers.

https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#Aligner
"""
_TYPE = re.compile(r'metric\.type="([^"]+)"')
_SLO = re.compile(r'select_slo_burn_rate\("([^"]+)", "(\d+)s"\)')


def deployment(environment: str = "dev") -> Deployment:
    return Deployment(config(environment), SERVICES)


@cache
def observed(environment: str = "dev") -> Program:
    return run(lambda: Observability("observability", ObservabilityArgs(deployment(environment))))


def known_metrics() -> set[str]:
    """Google's, and those that are made of log lines."""
    return set(kinds())


def kinds() -> dict[str, tuple[str, str]]:
    """Of each metric its kind, and the type of its values."""
    declared = observed().inputs("gcp:logging/metric:Metric")
    descriptors = {name: each["metricDescriptor"] for name, each in declared.items()}
    ours = {each.type(deployment()): descriptors[each.name] for each in LOGGED}
    return GOOGLES | {name: (each["metricKind"], each["valueType"]) for name, each in ours.items()}


def fits(metric: str, aggregation: Any) -> bool:
    """Whether the aligner takes what the metric is, and makes a number of it, which the reducer takes."""
    kind, value = kinds()[metric]
    aligner, reducer = aggregation["perSeriesAligner"], aggregation["crossSeriesReducer"]
    of_distributions = aligner.startswith("ALIGN_PERCENTILE_")
    return (
        kind in _ALIGNED[aligner]
        and of_distributions is (value == "DISTRIBUTION")
        and reducer in {"REDUCE_SUM", "REDUCE_MAX", "REDUCE_MIN"}
    )


def conditions(policy: Any) -> Iterator[Any]:
    """The one thing in each condition that says when it holds."""
    for condition in policy["conditions"]:
        (found,) = [value for name, value in condition.items() if name != "displayName"]
        yield found


def metrics_of(condition: Any) -> list[str]:
    """Of a filter, its denominator, or a query; not of an objective."""
    if "query" in condition:
        names = re.findall(r"([a-z_]+):([a-z_]+)\{", condition["query"])
        return [f"{domain.replace('_', '.')}/{path.replace('_', '/', 1)}" for domain, path in names]
    return [_TYPE.search(condition[key])[1] for key in ("filter", "denominatorFilter") if condition.get(key)]  # type: ignore[index] # no filter is without a type


def burns_of(policy: Any) -> list[tuple[str, int, float]]:
    """The objective, the seconds and the rate of each condition that is about one."""
    found = [(_SLO.fullmatch(each.get("filter", "")), each) for each in conditions(policy)]
    return [(match[1], int(match[2]), each["thresholdValue"]) for match, each in found if match]
