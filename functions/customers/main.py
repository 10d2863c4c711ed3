"""The customers' composition root: its parts, wired; its entry points, bound. No logic."""

from functions.customers.command_api import CUSTOMER_COMMANDS
from functions.customers.decider import CUSTOMERS
from functions.customers.integration import to_integration
from functions.customers.manifest import MANIFEST
from functions.customers.query_api import CUSTOMER_LIST, CUSTOMER_QUERIES, ERASURE_QUERY
from functions.customers.reactor import finish_erasures
from shared.bootstrap import Aggregate, EventSourcedService
from shared.bootstrap.calling import OtherServices

SERVICE = EventSourcedService(
    manifest=MANIFEST,
    aggregates=(Aggregate(CUSTOMERS, to_integration),),
    command_apis=(CUSTOMER_COMMANDS,),
    query_apis=(CUSTOMER_QUERIES, CUSTOMER_LIST, ERASURE_QUERY),
    jobs={"/finish-erasures": finish_erasures},
    services=OtherServices,
)

commands, queries, relay, reactor = SERVICE.entry_points("commands", "queries", "relay", "reactor")
