"""What a service consists of, as plain typed data: its manifest.

Declared once beside the code and read by all: the functions' wiring, the local runtimes, the deployment, the generated
tables and the architecture tests. Names are local to the platform (`cart-commits`); a runtime adds project and region.
"""

from shared.topology.analytics import Column, ColumnType, Dataset, Feed, Table, View
from shared.topology.archive import DELIVERIES_TABLE, EVENTS_TABLE, FACTS_TABLE
from shared.topology.declarations import (
    DEAD_LETTER_ACK_DEADLINE,
    DEAD_LETTER_RETENTION_DAYS,
    EVENTS_DATABASE,
    KEY_VAULT_DATABASE,
    PYTHON_VERSION,
    READ_MODELS_DATABASE,
    Collection,
    Function,
    Http,
    Index,
    IndexField,
    Maturity,
    Permission,
    Private,
    Push,
    Queue,
    Schedule,
    Service,
    Subscription,
    Topic,
    Trigger,
    domain_topic,
    integration_topic,
    relay_subscription,
)
from shared.topology.discovery import STATES_INDEX, all_indexes, discover, log_indexes
from shared.topology.presets import (
    ReactsTo,
    archive_subscription,
    consumer,
    event_sourced,
    reaction_subscription,
)
from shared.topology.workflows import workflow_service

__all__ = [
    "DEAD_LETTER_ACK_DEADLINE",
    "DEAD_LETTER_RETENTION_DAYS",
    "DELIVERIES_TABLE",
    "EVENTS_DATABASE",
    "EVENTS_TABLE",
    "FACTS_TABLE",
    "KEY_VAULT_DATABASE",
    "PYTHON_VERSION",
    "READ_MODELS_DATABASE",
    "STATES_INDEX",
    "Collection",
    "Column",
    "ColumnType",
    "Dataset",
    "Feed",
    "Function",
    "Http",
    "Index",
    "IndexField",
    "Maturity",
    "Permission",
    "Private",
    "Push",
    "Queue",
    "ReactsTo",
    "Schedule",
    "Service",
    "Subscription",
    "Table",
    "Topic",
    "Trigger",
    "View",
    "all_indexes",
    "archive_subscription",
    "consumer",
    "discover",
    "domain_topic",
    "event_sourced",
    "integration_topic",
    "log_indexes",
    "reaction_subscription",
    "relay_subscription",
    "workflow_service",
]
