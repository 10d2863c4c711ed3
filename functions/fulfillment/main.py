"""The fulfillment service's composition root: its parts, wired; its entry points, bound. No logic."""

from functions.fulfillment.command_api import SHIPMENT_COMMANDS
from functions.fulfillment.decider import SHIPMENTS_DECIDER
from functions.fulfillment.integration import to_integration
from functions.fulfillment.manifest import MANIFEST
from functions.fulfillment.projections import SHIPMENTS_PROJECTION
from functions.fulfillment.query_api import LABEL_QUERY, SHIPMENT_QUERIES, STOP_QUERY
from functions.fulfillment.reactor import REACTIONS
from shared.bootstrap import Aggregate, EventSourcedService

SERVICE = EventSourcedService(
    manifest=MANIFEST,
    aggregates=(Aggregate(SHIPMENTS_DECIDER, to_integration),),
    command_apis=(SHIPMENT_COMMANDS,),
    query_apis=(SHIPMENT_QUERIES, LABEL_QUERY, STOP_QUERY),
    projections=(SHIPMENTS_PROJECTION,),
    reactions=REACTIONS,
)

commands, queries, projector, relay, reactor = SERVICE.entry_points(
    "commands", "queries", "projector", "relay", "reactor"
)
