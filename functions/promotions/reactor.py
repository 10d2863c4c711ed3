"""What promotions do about the news of others: an order that came to nothing gives its coupons back."""

from collections.abc import Sequence

from functions.promotions.commands import Release
from functions.promotions.manifest import REDEMPTION
from functions.promotions.plans import release_targets
from functions.promotions.state import Redemption, Status
from shared.eventsourcing.joint import Plan, Read, Target
from shared.eventsourcing.reaction import Delivery, Reaction, Reads


class OrderCancelled(Reads):
    """`checkout_id` is the id of the redemption too, if the checkout redeemed coupons."""

    checkout_id: str
    placed: bool


class OrderLost(Reads):
    """As above."""

    checkout_id: str


def on_cancelled(event: OrderCancelled, delivery: Delivery) -> Plan | Sequence[Target]:
    """The checkout of an order that was not placed turns back, and releases its redemption itself."""
    return _release(event.checkout_id, "order-cancelled", delivery) if event.placed else ()


def on_lost(event: OrderLost, delivery: Delivery) -> Plan:
    return _release(event.checkout_id, "order-lost", delivery)


def _release(redemption_id: str, reason: str, delivery: Delivery) -> Plan:
    """The redemption says whether there were coupons: one that took off nothing is on no order."""
    release = Release(redemption_id=redemption_id, reason=reason, at=delivery.at)

    async def plan(read: Read) -> Sequence[Target]:
        """A checkout that is over redeems nothing any more, so nothing is to be barred where there were no coupons."""
        redemption: Redemption = await read(REDEMPTION, redemption_id)
        return await release_targets(read, release) if redemption.status is Status.REDEEMED else []

    return plan


REACTIONS = (
    Reaction(service="orders", type="OrderCancelled.v1", reads=OrderCancelled, react=on_cancelled),
    Reaction(service="orders", type="OrderLost.v1", reads=OrderLost, react=on_lost),
)
