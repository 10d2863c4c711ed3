"""What payments do about the news of others, and about time.

What was cut off is finished: a walk over the feed, a little behind it, settles every payment that it meets.
A payment whose command was carried out to the end has nothing pending and costs one look. While the provider is down
the walk fails, stays where it is, and comes by again, for a day at most: then people are told, and it goes on without
the payments that it could not settle. Two more walks, days behind, meet them again; and refunds that were pending at
the provider, whose end it tells by itself, but maybe while nobody listened.
"""

from collections.abc import Sequence
from datetime import timedelta

from functions.payments.commands import RefundPayment
from functions.payments.effect import make_effect
from functions.payments.manifest import CATEGORY
from functions.payments.state import Payment, Status
from shared.bootstrap import IdleJob, Wiring
from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.feed_walk import Visit
from shared.eventsourcing.joint import Plan, Read, Target
from shared.eventsourcing.message import entity_of
from shared.eventsourcing.money import Money
from shared.eventsourcing.reaction import Delivery, Reaction, Reads
from shared.http.command_edge import Effect
from shared.observability.logs import Log, json_log

IDLE_FOR = timedelta(seconds=90)
"""Longer than any request lasts: whoever is at it still is left alone."""
GIVE_UP_AFTER = timedelta(days=1)
"""Since it was asked for: no trouble with one payment holds a walk longer."""
AT_LENGTH = timedelta(days=10)
"""Longer than any bank takes for a refund."""
_SLACK = timedelta(seconds=15)
"""The log's clock and a function's differ: a walk that is a little late finds everything as old as it should be."""
_ACTOR = "platform:settlement"


# --- reactions


class OrderShipmentLost(Reads):
    """`refund` is what the order says that the lost goods come to."""

    payment_id: str
    refund_id: str
    refund: Money


_NOTHING_TAKEN = frozenset({Status.ABSENT, Status.DECLINED, Status.VOIDED})
"""Of an order that was made by hand."""


def refund_loss(event: OrderShipmentLost, delivery: Delivery) -> Sequence[Target] | Plan:
    """A shipment is lost once, so this is one refund: of what is left, if that is less."""
    if not event.refund.amount:
        return ()
    refund = RefundPayment(
        refund_id=event.refund_id,
        amount=event.refund,
        up_to=True,
        reason="lost",
        at=delivery.at,
    )

    async def plan(read: Read) -> Sequence[Target]:
        payment: Payment = await read(CATEGORY, event.payment_id)
        return () if payment.status in _NOTHING_TAKEN else (Target(CATEGORY, event.payment_id, refund),)

    return plan


REACTIONS = (Reaction(service="orders", type="OrderShipmentLost.v1", reads=OrderShipmentLost, react=refund_loss),)


# --- what was cut off


def settle(wiring: Wiring) -> Visit:
    """The visit of the settlement walks. Repeating it is harmless: what is settled has nothing pending."""
    return visit_with(wiring, wiring.effect or make_effect(wiring), json_log(wiring.settings.project))


def visit_with(wiring: Wiring, effect: Effect, log: Log) -> Visit:
    """The same, by this effect."""

    async def visit(stream: str, _: int) -> bool:
        payment_id = entity_of(stream)
        since = (await wiring.state(CATEGORY, payment_id)).pending_since
        if since is None:
            return False
        context = wiring.system_context(_ACTOR)
        age = context.occurred_at - since
        try:
            await effect(CATEGORY, payment_id, context)
        except UnavailableError as error:
            if age < GIVE_UP_AFTER:
                raise
            log("ERROR", "a payment cannot be settled", payment_id=payment_id, since=since, error=str(error))
            return False
        if age >= AT_LENGTH and (await wiring.state(CATEGORY, payment_id)).pending_since:
            log("ERROR", "a refund is still pending", payment_id=payment_id, since=since)
        return True

    return visit


IDLE_JOBS = {
    "/settle": IdleJob(CATEGORY, IDLE_FOR, settle),
    "/settle/next-day": IdleJob(CATEGORY, GIVE_UP_AFTER + _SLACK, settle),
    "/settle/at-length": IdleJob(CATEGORY, AT_LENGTH + _SLACK, settle),
}
