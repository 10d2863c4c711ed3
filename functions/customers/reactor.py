"""Destroys the keys of erased customers: at once, as the effect of the command, or a little later, by a walk over the
feed that finds the commands whose function died in between.

The order is what makes it safe: first the erasure is on record, then the key goes. What is on record will be done; a
key is never destroyed without a record of who wanted it.
"""

from collections.abc import Mapping
from datetime import timedelta

from functions.customers.decider import Customer, Status
from functions.customers.manifest import CUSTOMER
from shared.bootstrap import Wiring
from shared.eventsourcing.feed_walk import Visit
from shared.eventsourcing.message import Context, entity_of
from shared.http.command_edge import Effect

IDLE_FOR = timedelta(minutes=1)
"""A request has ended by then, one way or the other."""


def destroy_key(wiring: Wiring) -> Effect:
    """The effect of an erasure. Repeating it is harmless, and costs one read of the vault."""

    async def effect(_category: str, customer_id: str, _context: Context) -> Mapping[str, object]:
        return {"status": "erased"} if await _destroyed(wiring, customer_id) else {}

    return effect


def finish_erasures(wiring: Wiring) -> Visit:
    """The visit of the walk: every customer who changed is looked at once, whatever it was that changed. One who cannot
    be read cannot be erased either: the request says so to who asks for it.
    """

    async def visit(stream: str, _: int) -> bool:
        return await _destroyed(wiring, entity_of(stream))

    return visit


async def _destroyed(wiring: Wiring, customer_id: str) -> bool:
    customer: Customer = await wiring.state(CUSTOMER, customer_id)
    if customer.status is not Status.ERASED:
        return False
    await wiring.personal.erase(customer_id)
    return True
