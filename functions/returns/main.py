"""The composition root of returns: its parts, wired; its entry points, bound. No logic."""

from functions.returns.command_api import RETURN_COMMANDS
from functions.returns.integration import to_integration
from functions.returns.manifest import MANIFEST
from functions.returns.projections import RETURNS_PROJECTION
from functions.returns.query_api import RETURN_QUERIES
from functions.returns.reactor import REACTIONS
from functions.returns.workflow import RETURN_DECIDER, RETURN_WORKFLOW
from shared.bootstrap import Aggregate
from shared.bootstrap.workflow import WorkflowService

SERVICE = WorkflowService(
    manifest=MANIFEST,
    aggregates=(Aggregate(RETURN_DECIDER, to_integration),),
    command_apis=(RETURN_COMMANDS,),
    query_apis=(RETURN_QUERIES,),
    projections=(RETURNS_PROJECTION,),
    reactions=REACTIONS,
    workflow=RETURN_WORKFLOW,
)

commands, queries, projector, relay, reactor, orchestrator = SERVICE.entry_points(
    "commands", "queries", "projector", "relay", "reactor", "orchestrator"
)
