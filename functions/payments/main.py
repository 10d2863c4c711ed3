"""The composition root of payments: its parts, wired; its entry points, bound. No logic."""

from functions.payments.command_api import PAYMENT_COMMANDS
from functions.payments.decider import PAYMENT
from functions.payments.effect import make_effect
from functions.payments.integration import to_integration
from functions.payments.manifest import MANIFEST
from functions.payments.projections import LEDGER_PROJECTION, PAYMENTS_PROJECTION
from functions.payments.query_api import LEDGER_QUERIES, PAYMENT_QUERIES
from functions.payments.reactor import IDLE_JOBS, REACTIONS
from functions.payments.webhook import make_webhook
from shared.bootstrap import Aggregate, EventSourcedService

SERVICE = EventSourcedService(
    manifest=MANIFEST,
    aggregates=(Aggregate(PAYMENT, to_integration),),
    command_apis=(PAYMENT_COMMANDS,),
    query_apis=(PAYMENT_QUERIES, LEDGER_QUERIES),
    projections=(PAYMENTS_PROJECTION, LEDGER_PROJECTION),
    reactions=REACTIONS,
    idle_jobs=IDLE_JOBS,
    webhooks={"/webhooks/stripe": make_webhook},
    effect=make_effect,
)

commands, queries, projector, relay, reactor = SERVICE.entry_points(
    "commands", "queries", "projector", "relay", "reactor"
)
