"""The inventory's composition root: its parts, wired; its entry points, bound. No logic."""

from functions.inventory.command_api import RECEIPT_COMMANDS, RESERVATION_COMMANDS, STOCK_COMMANDS
from functions.inventory.decider import RECEIPT, RESERVATION, STOCK
from functions.inventory.integration import receipt_to_integration, reservation_to_integration, stock_to_integration
from functions.inventory.manifest import MANIFEST, RESERVATION_CATEGORY
from functions.inventory.projections import AVAILABILITY_PROJECTION, RESERVATIONS_PROJECTION
from functions.inventory.query_api import RESERVATION_QUERIES, STOCK_QUERIES
from functions.inventory.reactor import IDLE_FOR, REACTIONS, expire
from shared.bootstrap import Aggregate, EventSourcedService, IdleJob

SERVICE = EventSourcedService(
    manifest=MANIFEST,
    aggregates=(
        Aggregate(STOCK, stock_to_integration),
        Aggregate(RESERVATION, reservation_to_integration),
        Aggregate(RECEIPT, receipt_to_integration),
    ),
    command_apis=(STOCK_COMMANDS, RECEIPT_COMMANDS, RESERVATION_COMMANDS),
    query_apis=(STOCK_QUERIES, RESERVATION_QUERIES),
    projections=(AVAILABILITY_PROJECTION, RESERVATIONS_PROJECTION),
    reactions=REACTIONS,
    idle_jobs={"/expire": IdleJob(RESERVATION_CATEGORY, IDLE_FOR, expire)},
)

commands, queries, projector, relay, reactor = SERVICE.entry_points(
    "commands", "queries", "projector", "relay", "reactor"
)
