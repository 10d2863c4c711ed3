"""The composition root of pricing: its parts, wired; its entry points, bound. No logic."""

from functions.pricing.command_api import PRICE_COMMANDS
from functions.pricing.decider import PRICE_DECIDER
from functions.pricing.integration import to_integration
from functions.pricing.manifest import MANIFEST
from functions.pricing.projections import PRICES_PROJECTION
from functions.pricing.query_api import PRICE_QUERY, PRICES_QUERIES, QUOTE_QUERY
from shared.bootstrap import Aggregate, EventSourcedService

SERVICE = EventSourcedService(
    manifest=MANIFEST,
    aggregates=(Aggregate(PRICE_DECIDER, to_integration),),
    command_apis=(PRICE_COMMANDS,),
    query_apis=(PRICE_QUERY, QUOTE_QUERY, PRICES_QUERIES),
    projections=(PRICES_PROJECTION,),
)

commands, queries, projector, relay = SERVICE.entry_points("commands", "queries", "projector", "relay")
