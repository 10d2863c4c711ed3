"""The cart's composition root: its parts, wired; its entry points, bound. No logic."""

from functions.cart.command_api import CART_COMMANDS
from functions.cart.decider import CART
from functions.cart.integration import to_integration
from functions.cart.manifest import MANIFEST, NAME
from functions.cart.projections import CARTS_PROJECTION
from functions.cart.query_api import AVAILABILITY_QUERY, CART_QUERIES
from functions.cart.reactor import IDLE_FOR, expire
from shared.bootstrap import Aggregate, EventSourcedService, IdleJob
from shared.bootstrap.calling import OtherServices

SERVICE = EventSourcedService(
    manifest=MANIFEST,
    aggregates=(Aggregate(CART, to_integration),),
    command_apis=(CART_COMMANDS,),
    query_apis=(CART_QUERIES, AVAILABILITY_QUERY),
    projections=(CARTS_PROJECTION,),
    services=OtherServices,
    idle_jobs={"/expire": IdleJob(NAME, IDLE_FOR, expire)},
)

commands, queries, projector, relay, reactor = SERVICE.entry_points(
    "commands", "queries", "projector", "relay", "reactor"
)
