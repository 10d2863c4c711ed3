"""All services of a package, and what the platform needs because of them."""

from collections.abc import Sequence
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from shared.eventsourcing.message import commits_collection, outbox_collection
from shared.topology.declarations import EVENTS_DATABASE, Index, IndexField, Maturity, Service

STATES_INDEX = Index(
    collection="states", fields=(IndexField("category"), IndexField("recorded_at")), database=EVENTS_DATABASE
)
"""State documents by their last change; for services that keep any."""

EXPIRY_FIELD = "expires_at"
"""When Firestore may delete a document of an expiring collection."""


def discover(package: ModuleType) -> tuple[Service, ...]:
    """The manifests of all services in a package, by name: a new service is found by its folder."""
    names = sorted(module.name for module in iter_modules(package.__path__) if module.ispkg)
    return tuple(import_module(f"{package.__name__}.{name}.manifest").MANIFEST for name in names)


def all_indexes(services: Sequence[Service]) -> tuple[Index, ...]:
    """Every composite index that these services need."""
    categories = [category for service in services for category in service.categories]
    of_the_log = tuple(index for category in categories for index in log_indexes(category))
    of_states = (STATES_INDEX,) if any(service.maturity is Maturity.STATE for service in services) else ()
    return of_the_log + of_states + tuple(index for service in services for index in service.indexes)


def log_indexes(category: str) -> tuple[Index, ...]:
    """The log's own for one category: its feed over all streams, and its outbox by age."""
    return tuple(
        Index(
            collection=collection,
            fields=(IndexField("shard"), IndexField("recorded_at")),
            database=EVENTS_DATABASE,
            group=True,
        )
        for collection in (commits_collection(category), outbox_collection(category))
    )


def expiring_collections(services: Sequence[Service]) -> tuple[str, ...]:
    """Of the events database: the commits of kept states, whose documents say themselves how long they are wanted."""
    return tuple(
        commits_collection(category)
        for service in services
        if service.maturity is Maturity.STATE
        for category in service.categories
    )
