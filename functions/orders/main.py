"""The orders' composition root: its parts, wired; its entry points, bound. No logic."""

from functions.orders.command_api import ORDER_COMMANDS
from functions.orders.decider import ORDER
from functions.orders.integration import to_integration
from functions.orders.manifest import MANIFEST
from functions.orders.projections import ORDERS_PROJECTION
from functions.orders.query_api import ORDER_QUERIES
from functions.orders.reactor import REACTIONS
from shared.bootstrap import Aggregate, EventSourcedService

SERVICE = EventSourcedService(
    manifest=MANIFEST,
    aggregates=(Aggregate(ORDER, to_integration),),
    command_apis=(ORDER_COMMANDS,),
    query_apis=(ORDER_QUERIES,),
    projections=(ORDERS_PROJECTION,),
    reactions=REACTIONS,
)

commands, queries, projector, relay, reactor = SERVICE.entry_points(
    "commands", "queries", "projector", "relay", "reactor"
)
