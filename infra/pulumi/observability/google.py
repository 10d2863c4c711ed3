"""Google's own metrics that are watched or shown, and filters of Cloud Monitoring for what belongs to a deployment."""

from collections.abc import Iterable
from typing import Final

from infra.pulumi.deployment import Deployment
from shared.topology import EVENTS_DATABASE, KEY_VAULT_DATABASE, READ_MODELS_DATABASE

REQUESTS: Final = "run.googleapis.com/request_count"
STARTS: Final = "run.googleapis.com/container/startup_latencies"
INSTANCES: Final = "run.googleapis.com/container/instance_count"
BILLABLE_TIME: Final = "run.googleapis.com/container/billable_instance_time"
OLDEST_UNACKED: Final = "pubsub.googleapis.com/subscription/oldest_unacked_message_age"
UNDELIVERED: Final = "pubsub.googleapis.com/subscription/num_undelivered_messages"
DEAD_LETTERED: Final = "pubsub.googleapis.com/subscription/dead_letter_message_count"
STORED: Final = "firestore.googleapis.com/storage/data_and_index_storage_bytes"
READS: Final = "firestore.googleapis.com/document/read_ops_count"
WRITES: Final = "firestore.googleapis.com/document/write_ops_count"
DELETES: Final = "firestore.googleapis.com/document/delete_ops_count"
TASKS: Final = "cloudtasks.googleapis.com/queue/task_attempt_count"
LOGGED_BYTES: Final = "logging.googleapis.com/billing/bytes_ingested"

_LONGEST_FILTER: Final = 2048
"""Of a condition: Google's own limit."""


def of_functions(metric: str, deployment: Deployment, pattern: str) -> str:
    """Of the functions whose names, without the prefix, match the pattern whole."""
    return _matching(metric, "cloud_run_revision", "service_name", deployment, pattern)


def of_named_functions(metric: str, deployment: Deployment, names: Iterable[str]) -> str:
    """Of exactly these functions, without the prefix. ValueError if these are too many for one filter."""
    return _one_of(metric, "cloud_run_revision", "service_name", deployment, names)


def of_subscriptions(metric: str, deployment: Deployment, pattern: str) -> str:
    """Of the subscriptions whose names, without the prefix, match the pattern whole."""
    return _matching(metric, "pubsub_subscription", "subscription_id", deployment, pattern)


def of_databases(metric: str, deployment: Deployment) -> str:
    names = (EVENTS_DATABASE, READ_MODELS_DATABASE, KEY_VAULT_DATABASE)
    return _one_of(metric, "firestore.googleapis.com/Database", "database_id", deployment, names)


def of_queues(metric: str, deployment: Deployment) -> str:
    return _matching(metric, "cloud_tasks_queue", "queue_id", deployment, "[a-z-]+")


def of_project(metric: str) -> str:
    """Of all environments of the project: this one is not told apart."""
    return f'metric.type="{metric}"'


def _matching(metric: str, resource: str, label: str, deployment: Deployment, pattern: str) -> str:
    name = f"{deployment.prefix}{pattern}"
    return f'{_typed(metric, resource)} AND resource.labels.{label}=monitoring.regex.full_match("{name}")'


def _one_of(metric: str, resource: str, label: str, deployment: Deployment, names: Iterable[str]) -> str:
    listed = ", ".join(f'"{deployment.name(name)}"' for name in names)
    found = f"{_typed(metric, resource)} AND resource.labels.{label}=one_of({listed})"
    if len(found) > _LONGEST_FILTER:
        raise ValueError(f"{metric}: the filter has {len(found)} characters; Google takes {_LONGEST_FILTER}")
    return found


def _typed(metric: str, resource: str) -> str:
    return f'metric.type="{metric}" AND resource.type="{resource}"'
