"""What a service consists of, as plain typed data: its manifest.

Declared once beside the code and read by all: the functions' wiring, the local runtimes, the deployment, the generated
tables and the architecture tests. Names are local to the platform (`cart-commits`); a runtime adds project and region.
"""

from shared.topology.declarations import (
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
    consumer,
    event_sourced,
    reaction_subscription,
)
from shared.topology.workflows import workflow_service

__all__ = [
    "EVENTS_DATABASE",
    "KEY_VAULT_DATABASE",
    "PYTHON_VERSION",
    "READ_MODELS_DATABASE",
    "STATES_INDEX",
    "Collection",
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
    "Topic",
    "Trigger",
    "all_indexes",
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
