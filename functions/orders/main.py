"""The orders' composition root: its parts, wired; its entry points, bound. No logic."""

from functions.orders.command_api import CANCELLATION_COMMANDS, ORDER_COMMANDS
from functions.orders.decider import ORDER
from functions.orders.integration import keep_private, to_integration
from functions.orders.manifest import MANIFEST
from functions.orders.projections import CANCELLATIONS_PROJECTION, ORDERS_PROJECTION
from functions.orders.query_api import CANCELLATION_QUERIES, ORDER_QUERIES
from functions.orders.reactor import REACTIONS
from functions.orders.workflow import CANCELLATION_DECIDER, CANCELLATION_WORKFLOW
from shared.bootstrap import Aggregate
from shared.bootstrap.workflow import WorkflowService

SERVICE = WorkflowService(
    manifest=MANIFEST,
    aggregates=(Aggregate(ORDER, to_integration), Aggregate(CANCELLATION_DECIDER, keep_private)),
    command_apis=(ORDER_COMMANDS, CANCELLATION_COMMANDS),
    query_apis=(ORDER_QUERIES, CANCELLATION_QUERIES),
    projections=(ORDERS_PROJECTION, CANCELLATIONS_PROJECTION),
    reactions=REACTIONS,
    workflow=CANCELLATION_WORKFLOW,
)

commands, queries, projector, relay, reactor, orchestrator = SERVICE.entry_points(
    "commands", "queries", "projector", "relay", "reactor", "orchestrator"
)
