"""The customers' composition root: its parts, wired; its entry points, bound. No logic."""

from functions.customers.command_api import CUSTOMER_COMMANDS
from functions.customers.decider import CUSTOMERS
from functions.customers.integration import to_integration
from functions.customers.manifest import CUSTOMER, MANIFEST
from functions.customers.query_api import CUSTOMER_LIST, CUSTOMER_QUERIES
from functions.customers.reactor import IDLE_FOR, destroy_key, finish_erasures
from shared.bootstrap import Aggregate, EventSourcedService, IdleJob

SERVICE = EventSourcedService(
    manifest=MANIFEST,
    aggregates=(Aggregate(CUSTOMERS, to_integration),),
    command_apis=(CUSTOMER_COMMANDS,),
    query_apis=(CUSTOMER_QUERIES, CUSTOMER_LIST),
    effect=destroy_key,
    idle_jobs={"/finish-erasures": IdleJob(CUSTOMER, IDLE_FOR, finish_erasures)},
)

commands, queries, relay, reactor = SERVICE.entry_points("commands", "queries", "relay", "reactor")
