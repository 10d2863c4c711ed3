"""Expires abandoned carts: a walk over the feed, a month behind it, asks every cart it meets to expire.

A cart that was touched since is asked in vain now and met again later: each commit is read once, a month after it was
recorded, and no read model is needed to know who is idle.
"""

from datetime import timedelta

from functions.cart.commands import ExpireCart
from functions.cart.decider import ABANDONED_AFTER
from functions.cart.manifest import NAME
from shared.bootstrap import Wiring
from shared.eventsourcing.feed_walk import Visit
from shared.eventsourcing.message import entity_of

IDLE_FOR = ABANDONED_AFTER + timedelta(hours=1)
"""A till's clock may run ahead of the log's: a walk an hour later finds every cart old enough by its own account."""


def expire(wiring: Wiring) -> Visit:
    """The visit of the expiry walk. Repeating it is harmless: an expired cart has nothing left to do."""

    async def visit(stream: str, _: int) -> bool:
        context = wiring.system_context("platform:expiry")
        handled = await wiring.handle(NAME, entity_of(stream), ExpireCart(at=context.occurred_at), context)
        return handled.changed

    return visit
