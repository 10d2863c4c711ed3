"""Refuses returns whose goods never came: a walk over the feed, some weeks behind it, asks every return that it meets.

A return waits for its goods from the moment when it was approved: a commit, which the walk meets once.
"""

from datetime import timedelta

from functions.returns.manifest import RECEPTION, RETURN
from shared.bootstrap import Wiring
from shared.eventsourcing.feed_walk import Visit
from shared.eventsourcing.message import entity_of
from shared.eventsourcing.workflow.commands import Decline
from shared.eventsourcing.workflow.state import Saga

ARRIVES_WITHIN = timedelta(days=30)
"""Of its approval."""
WAITS_FOR = ARRIVES_WITHIN + timedelta(hours=1)
"""The clocks of the log and of who approved differ: an hour later every return is old enough by its own account."""
_ACTOR = "platform:expiry"


def expire(wiring: Wiring) -> Visit:
    """The visit of the walk. Repeating it is harmless: a return that is refused does not wait any more."""

    async def visit(stream: str, _: int) -> bool:
        context, return_id = wiring.system_context(_ACTOR), entity_of(stream)
        saga: Saga = await wiring.state(RETURN, return_id)
        if saga.wait is None or saga.wait.step != RECEPTION or saga.wait.since + ARRIVES_WITHIN > context.occurred_at:
            return False
        refusal = Decline(code="refused", actor=_ACTOR, reason="nothing-arrived", at=context.occurred_at)
        return (await wiring.handle(RETURN, return_id, refusal, context)).changed

    return visit
