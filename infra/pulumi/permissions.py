"""What a function may do, as roles on things: the least that its manifest's permissions come to."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from shared.topology import (
    EVENTS_DATABASE,
    KEY_VAULT_DATABASE,
    READ_MODELS_DATABASE,
    Function,
    Permission,
    Service,
)

_ENTITIES = "datastore.entities"
CUSTOM_ROLES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "eventAppender": (
        "Appends to the log; what is there stays as it is.",
        ("datastore.databases.get", f"{_ENTITIES}.create", f"{_ENTITIES}.get", f"{_ENTITIES}.list"),
    ),
    "eventReader": ("Reads the log.", ("datastore.databases.get", f"{_ENTITIES}.get", f"{_ENTITIES}.list")),
    "stateKeeper": ("Updates the state documents of services that keep states.", (f"{_ENTITIES}.update",)),
    "outboxSettler": (
        "Deletes what was proven to be published.",
        ("datastore.databases.get", f"{_ENTITIES}.delete", f"{_ENTITIES}.get", f"{_ENTITIES}.list"),
    ),
    "readModelWriter": (
        "Keeps read models, checkpoints and dead letters.",
        (
            "datastore.databases.get",
            *(f"{_ENTITIES}.{verb}" for verb in ("create", "delete", "get", "list", "update")),
        ),
    ),
    "readModelReader": ("Reads read models.", ("datastore.databases.get", f"{_ENTITIES}.get", f"{_ENTITIES}.list")),
    "keySealer": (
        "Makes and reads the data keys of customers.",
        ("datastore.databases.get", f"{_ENTITIES}.create", f"{_ENTITIES}.get"),
    ),
    "keyReader": ("Reads the data keys of customers.", ("datastore.databases.get", f"{_ENTITIES}.get")),
    "archiveWriter": (
        "Adds rows to the archive and asks it; cannot drop or change a table.",
        ("bigquery.tables.get", "bigquery.tables.getData", "bigquery.tables.updateData"),
    ),
    "keyEraser": ("Puts a tombstone in the place of a data key.", (f"{_ENTITIES}.update",)),
}
"""By role id: what for, and its permissions. Google's predefined roles would let every function delete events.

Which permissions a request needs: https://cloud.google.com/firestore/docs/security/iam#required_permissions
"""


class Kind(StrEnum):
    """Of things that roles are granted on."""

    DATABASE = "database"
    TOPIC = "topic"
    SUBSCRIPTION = "subscription"
    QUEUE = "queue"
    KEY = "key"
    SECRET = "secret"  # noqa: S105 - a kind of thing
    DATASET = "dataset"
    ACCOUNT = "account"
    PROJECT = "project"


TASKS_CALLER = "tasks"
PUSH_CALLER = "push"
SCHEDULER_CALLER = "scheduler"
"""The accounts as which Google's services call functions."""
KEY_ENCRYPTION_KEY = "key-encryption"


@dataclass(frozen=True, slots=True)
class Grant:
    """`role` on one thing. Without `roles/` before it, it is one of the custom roles. `on` is the declared name."""

    role: str
    kind: Kind
    on: str


def grants(service: Service, function: Function) -> tuple[Grant, ...]:
    """Each once, in a stable order."""
    found = (grant for permission in function.permissions for grant in _GRANTS[permission](service))
    secrets = (Grant("roles/secretmanager.secretAccessor", Kind.SECRET, name) for name in function.secrets)
    return tuple(dict.fromkeys((*found, *secrets)))


Grants = Callable[[Service], Iterator[Grant]]


def _in_database(database: str, *roles: str) -> Grants:
    def granted(_: Service) -> Iterator[Grant]:
        return (Grant(role, Kind.DATABASE, database) for role in roles)

    return granted


def _publish(service: Service) -> Iterator[Grant]:
    return (Grant("roles/pubsub.publisher", Kind.TOPIC, topic.name) for topic in service.topics)


def _subscribe(service: Service) -> Iterator[Grant]:
    """To what is pulled: the relay's own subscriptions, and those that keep dead letters."""
    for subscription in service.subscriptions:
        if service.pushed_to(subscription.name) is None:
            yield Grant("roles/pubsub.subscriber", Kind.SUBSCRIPTION, subscription.name)
        yield Grant("roles/pubsub.subscriber", Kind.SUBSCRIPTION, subscription.dead_letter_subscription)


def _schedule_tasks(service: Service) -> Iterator[Grant]:
    for queue in service.queues:
        yield Grant("roles/cloudtasks.enqueuer", Kind.QUEUE, queue.name)
    yield Grant("roles/iam.serviceAccountUser", Kind.ACCOUNT, TASKS_CALLER)


def _seal(service: Service) -> Iterator[Grant]:
    yield from _in_database(KEY_VAULT_DATABASE, "keySealer")(service)
    yield Grant("roles/cloudkms.cryptoKeyEncrypterDecrypter", Kind.KEY, KEY_ENCRYPTION_KEY)


def _open(service: Service) -> Iterator[Grant]:
    yield from _in_database(KEY_VAULT_DATABASE, "keyReader")(service)
    yield Grant("roles/cloudkms.cryptoKeyDecrypter", Kind.KEY, KEY_ENCRYPTION_KEY)


def _write_analytics(service: Service) -> Iterator[Grant]:
    if service.dataset:
        yield Grant("archiveWriter", Kind.DATASET, service.dataset.name)
    yield Grant("roles/bigquery.jobUser", Kind.PROJECT, "")


_GRANTS: Mapping[Permission, Grants] = {
    Permission.APPEND_EVENTS: _in_database(EVENTS_DATABASE, "eventAppender"),
    Permission.KEEP_STATE: _in_database(EVENTS_DATABASE, "stateKeeper"),
    Permission.READ_EVENTS: _in_database(EVENTS_DATABASE, "eventReader"),
    Permission.SETTLE_OUTBOX: _in_database(EVENTS_DATABASE, "outboxSettler"),
    Permission.WRITE_READ_MODELS: _in_database(READ_MODELS_DATABASE, "readModelWriter"),
    Permission.READ_READ_MODELS: _in_database(READ_MODELS_DATABASE, "readModelReader"),
    Permission.PUBLISH: _publish,
    Permission.SUBSCRIBE: _subscribe,
    Permission.CALL_SERVICES: lambda _: iter(()),  # any identity can prove who it is; the called function knows whom
    Permission.SCHEDULE_TASKS: _schedule_tasks,
    Permission.SEAL_PERSONAL_DATA: _seal,
    Permission.OPEN_PERSONAL_DATA: _open,
    Permission.ERASE_PERSONAL_DATA: _in_database(KEY_VAULT_DATABASE, "keySealer", "keyEraser"),
    Permission.WRITE_ANALYTICS: _write_analytics,
}
