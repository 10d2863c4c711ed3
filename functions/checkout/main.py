"""The checkout's composition root: its parts, wired; its entry points, bound. No logic."""

from functions.checkout.command_api import CHECKOUT_COMMANDS
from functions.checkout.decider import ATTEMPTS_DECIDER
from functions.checkout.integration import keep_private, to_integration
from functions.checkout.manifest import MANIFEST
from functions.checkout.projections import CHECKOUTS_PROJECTION
from functions.checkout.query_api import CHECKOUT_QUERIES, PREVIEW_QUERY
from functions.checkout.workflow import CHECKOUT, CHECKOUT_WORKFLOW
from shared.bootstrap import Aggregate
from shared.bootstrap.workflow import WorkflowService

SERVICE = WorkflowService(
    manifest=MANIFEST,
    aggregates=(Aggregate(CHECKOUT, to_integration), Aggregate(ATTEMPTS_DECIDER, keep_private)),
    command_apis=(CHECKOUT_COMMANDS,),
    query_apis=(CHECKOUT_QUERIES, PREVIEW_QUERY),
    projections=(CHECKOUTS_PROJECTION,),
    workflow=CHECKOUT_WORKFLOW,
)

commands, queries, projector, relay, orchestrator = SERVICE.entry_points(
    "commands", "queries", "projector", "relay", "orchestrator"
)
