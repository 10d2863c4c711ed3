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
    "run.googleapis.com/request_count",
    "run.googleapis.com/container/instance_count",
    "run.googleapis.com/container/billable_instance_time",
    "pubsub.googleapis.com/subscription/oldest_unacked_message_age",
    "pubsub.googleapis.com/subscription/num_undelivered_messages",
    "pubsub.googleapis.com/subscription/dead_letter_message_count",
    # https://cloud.google.com/monitoring/api/metrics_gcp_d_h (firestore)
    "firestore.googleapis.com/storage/data_and_index_storage_bytes",
    "firestore.googleapis.com/document/read_ops_count",
    "firestore.googleapis.com/document/write_ops_count",
    "firestore.googleapis.com/document/delete_ops_count",
    # https://cloud.google.com/monitoring/api/metrics_gcp_c (cloudtasks)
    "cloudtasks.googleapis.com/queue/task_attempt_count",
    # https://cloud.google.com/monitoring/api/metrics_gcp_i_o (logging)
    "logging.googleapis.com/billing/bytes_ingested",
}
"""Google's own, from its lists of metrics. There is none of Cloud Scheduler's."""
_TYPE = re.compile(r'metric\.type="([^"]+)"')
_SLO = re.compile(r'select_slo_burn_rate\("([^"]+)", "(\d+)s"\)')


def deployment(environment: str = "dev") -> Deployment:
    return Deployment(config(environment), SERVICES)


@cache
def observed(environment: str = "dev") -> Program:
    return run(lambda: Observability("observability", ObservabilityArgs(deployment(environment))))


def known_metrics() -> set[str]:
    """Google's, and those that are made of log lines."""
    return GOOGLES | {each.type(deployment()) for each in LOGGED}


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
