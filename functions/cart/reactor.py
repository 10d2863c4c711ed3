"""Expires abandoned carts: a walk over the feed, a month behind it, asks every cart it meets to expire.

A cart that was touched since is asked in vain now and met again later: each commit is read once, a month after it was
recorded, and no read model is needed to know who is idle.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from functions.cart.commands import CartCommand, ExpireCart
from functions.cart.decider import ABANDONED_AFTER, Cart
from functions.cart.events import CartEvent
from shared.eventsourcing.command_handler import CommandHandler
from shared.eventsourcing.errors import CorruptDataError
from shared.eventsourcing.feed_walk import Visit
from shared.eventsourcing.message import Context

IDLE_FOR = ABANDONED_AFTER + timedelta(hours=1)
"""A till's clock may run ahead of the log's: a walk an hour later finds every cart old enough by its own account."""


def expire(
    handler: CommandHandler[CartCommand, CartEvent, Cart],
    clock: Callable[[], datetime],
    new_id: Callable[[], str],
) -> Visit:
    """The visit of the expiry walk. Repeating it is harmless: an expired cart has nothing left to do."""

    async def visit(ends: Mapping[str, int]) -> int:
        expired = 0
        for stream in ends:
            now, command_id = clock(), new_id()
            context = Context(
                command="ExpireCart",
                command_id=command_id,
                correlation_id=command_id,
                actor="platform:expiry",
                occurred_at=now,
            )
            try:
                handled = await handler.handle(stream, ExpireCart(at=now), context)
            except CorruptDataError:  # the projector has parked that stream: the others must not wait for it
                continue
            expired += handled.changed
        return expired

    return visit
