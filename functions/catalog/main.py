"""The catalog's composition root: its parts, wired; its entry points, bound. No logic."""

from functions.catalog.adapters.sqlite import SqliteSearchIndex
from functions.catalog.command_api import IMPORT_COMMANDS, PRODUCT_COMMANDS
from functions.catalog.decider import IMPORTS, PRODUCTS
from functions.catalog.integration import import_to_integration, product_to_integration
from functions.catalog.manifest import MANIFEST
from functions.catalog.projections import IMPORTS_PROJECTION
from functions.catalog.query_api import AVAILABILITY_QUERY, IMPORT_QUERIES, PRODUCT_QUERIES, product_search
from functions.catalog.search_job import write_search_base
from shared.bootstrap import Aggregate, EventSourcedService

SERVICE = EventSourcedService(
    manifest=MANIFEST,
    aggregates=(Aggregate(PRODUCTS, product_to_integration), Aggregate(IMPORTS, import_to_integration)),
    command_apis=(PRODUCT_COMMANDS, IMPORT_COMMANDS),
    query_apis=(PRODUCT_QUERIES, product_search(SqliteSearchIndex), AVAILABILITY_QUERY, IMPORT_QUERIES),
    projections=(IMPORTS_PROJECTION,),
    jobs={"/search-base": write_search_base(SqliteSearchIndex)},
)

commands, queries, projector, relay, reactor = SERVICE.entry_points(
    "commands", "queries", "projector", "relay", "reactor"
)
