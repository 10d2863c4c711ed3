"""The notifications service's composition root: its parts, wired; its entry points, bound. No logic."""

from functions.notifications.command_api import MAIL_COMMANDS
from functions.notifications.decider import CONTACTS_DECIDER, MAILS_DECIDER
from functions.notifications.effect import make_effect
from functions.notifications.integration import contact_to_integration, mail_to_integration
from functions.notifications.manifest import MANIFEST
from functions.notifications.projections import MAILS_PROJECTION
from functions.notifications.query_api import MAIL_QUERIES
from functions.notifications.reactor import IDLE_JOBS, REACTIONS
from shared.bootstrap import Aggregate, EventSourcedService

SERVICE = EventSourcedService(
    manifest=MANIFEST,
    aggregates=(Aggregate(MAILS_DECIDER, mail_to_integration), Aggregate(CONTACTS_DECIDER, contact_to_integration)),
    command_apis=(MAIL_COMMANDS,),
    query_apis=(MAIL_QUERIES,),
    projections=(MAILS_PROJECTION,),
    reactions=REACTIONS,
    idle_jobs=IDLE_JOBS,
    effect=make_effect,
)

commands, queries, projector, relay, reactor = SERVICE.entry_points(
    "commands", "queries", "projector", "relay", "reactor"
)
