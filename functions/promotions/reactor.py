"""What promotions do about the news of others."""

from collections.abc import Sequence

from functions.promotions.commands import Release
from functions.promotions.manifest import REDEMPTION
from functions.promotions.plans import release_targets
from functions.promotions.state import Redemption, Status
from shared.eventsourcing.joint import Plan, Read, Target
from shared.eventsourcing.reaction import Delivery, Reaction, Reads


class OrderCancelled(Reads):
    """`checkout_id` is the id of the redemption too, if the checkout redeemed coupons: it asks for one by that name."""

    checkout_id: str
    reason: str
    placed: bool


def free_coupons(event: OrderCancelled, delivery: Delivery) -> Plan | Sequence[Target]:
    """The coupons of an order that was placed can be used again. One that was not placed is turned back by its
    checkout, which releases them itself.
    """
    if not event.placed:
        return ()
    reason = f"the order was cancelled: {event.reason}"
    release = Release(redemption_id=event.checkout_id, reason=reason, at=delivery.at)

    async def plan(read: Read) -> Sequence[Target]:
        """Most orders have no coupons. A checkout that is over redeems none any more, so nothing is to be barred."""
        redemption: Redemption = await read(REDEMPTION, release.redemption_id)
        return await release_targets(read, release) if redemption.status is Status.REDEEMED else []

    return plan


REACTIONS = (Reaction(service="orders", type="OrderCancelled.v1", reads=OrderCancelled, react=free_coupons),)
