"""Carries out erasures that were asked for: a walk over the feed, some time behind it, looks at each customer who
changed, and asks the other services what of theirs is under way.

    ErasureRequested ─▶ after the pause: is anything under way? ─ no ─▶ CustomerErased, then the key is destroyed
                               ▲                    └─ yes ─▶ ErasureDeferred ─┐
                               └───────────────── after the pause ─────────────┘

From the request on checkout and returns begin nothing that the customer asks for. The pause is longer than a request
that was on its way may last, and than it takes until the lists of the other services show what was begun before. First
the erasure is on record, then the key goes. What is on record will be done; a key is never destroyed without a record
of who wanted it.
"""

from datetime import timedelta

from functions.customers.commands import CustomerCommand, DeferErasure, EraseCustomer
from functions.customers.decider import Customer, Status
from functions.customers.effect import under_way
from functions.customers.manifest import CUSTOMER, PAUSE
from shared.bootstrap import Wiring
from shared.eventsourcing.feed_walk import FeedWalk, Visit
from shared.eventsourcing.message import entity_of
from shared.http.platform_api import Job


def finish_erasures(wiring: Wiring) -> Job:
    """The job. Its pause is a setting."""
    pause = timedelta(seconds=int(wiring.settings.value(PAUSE, "3600")))
    return walk_of(wiring, pause).run


def walk_of(wiring: Wiring, pause: timedelta) -> FeedWalk:
    """Every customer who changed is met once after the pause, whatever it was that changed."""
    return FeedWalk(
        name="finish-erasures",
        category=CUSTOMER,
        behind=pause,
        visit=_visit_with(wiring, pause),
        log=wiring.deps.events,
        checkpoints=wiring.deps.checkpoints,
    )


def _visit_with(wiring: Wiring, pause: timedelta) -> Visit:
    """Repeating it is harmless. One who cannot be read keeps nobody waiting: the walk goes on to the next one."""

    async def visit(stream: str, version: int) -> bool:
        customer_id = entity_of(stream)
        customer: Customer = await wiring.state(CUSTOMER, customer_id)
        if customer.status is Status.LEAVING and await _is_newest(wiring, stream, version):
            await _look(wiring, customer_id, pause)
            customer = await wiring.state(CUSTOMER, customer_id)
        if customer.status is not Status.ERASED:
            return False
        await wiring.personal.erase(customer_id)
        return True

    return visit


async def _is_newest(wiring: Wiring, stream: str, version: int) -> bool:
    """The pause began with the customer's last commit: it is met later if this is an earlier one."""
    state = await wiring.deps.states.get(stream)
    return state is not None and state.version == version


async def _look(wiring: Wiring, customer_id: str, pause: timedelta) -> None:
    """Ask what is under way, and record what comes of it."""
    context = wiring.system_context("platform:erasure")
    now = context.occurred_at
    found = await under_way(wiring.services, customer_id, before=now - pause)
    command: CustomerCommand = (
        DeferErasure(waits_for=found, at=now) if found else EraseCustomer(customer_id=customer_id, at=now)
    )
    await wiring.handle(CUSTOMER, customer_id, command, context)
