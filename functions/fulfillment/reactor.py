"""What fulfillment does about orders: a placed one is shipped, a cancelled one is not, and one whose payment is
disputed waits until the dispute is won.
"""

from collections.abc import Sequence
from typing import Literal

from pydantic import AwareDatetime

from functions.fulfillment.commands import CancelShipment, HoldShipment, OpenShipment, ReleaseShipment, ShipmentCommand
from functions.fulfillment.decider import MAX_SHIPMENTS, Shipment, Status, shipment_id
from functions.fulfillment.events import ShipmentLine
from functions.fulfillment.manifest import SHIPMENT
from shared.eventsourcing.joint import Plan, Read, Target
from shared.eventsourcing.personal import Sealed
from shared.eventsourcing.reaction import Delivery, Reaction, Reads

FIRST = 1


class OrderLine(Reads):
    sku: str
    quantity: int


class OrderPlaced(Reads):
    order_id: str
    customer_id: str
    lines: tuple[OrderLine, ...]
    shipping_address: Sealed
    reservation_id: str
    placed_at: AwareDatetime


class OrderCancelled(Reads):
    """`placed` tells whether the order was ever to be shipped."""

    order_id: str
    reason: str
    placed: bool
    cancelled_at: AwareDatetime


class PaymentDisputed(Reads):
    order_id: str
    dispute_id: str


class PaymentDisputeClosed(Reads):
    order_id: str
    dispute_id: str
    outcome: Literal["won", "lost"]


def _open_shipment(event: OrderPlaced, _: Delivery) -> Sequence[Target]:
    opening = OpenShipment(
        shipment_id=shipment_id(event.order_id, FIRST),
        order_id=event.order_id,
        customer_id=event.customer_id,
        reservation_id=event.reservation_id,
        shipping_address=event.shipping_address,
        lines=_by_product(event.lines),
        split_from=None,
        at=event.placed_at,
    )
    return (Target(SHIPMENT, opening.shipment_id, opening),)


def _cancel_shipments(event: OrderCancelled, _: Delivery) -> Plan | Sequence[Target]:
    """All that there are, in one commit; the first also if it is not there yet, so that it will not be opened later. A
    split that wins the race wrote the shipment that it took from: then this is planned again, and finds the new one.
    """
    cancel = CancelShipment(order_id=event.order_id, reason=event.reason, at=event.cancelled_at)
    return _to_all(event.order_id, cancel) if event.placed else ()


def _hold_shipments(event: PaymentDisputed, delivery: Delivery) -> Plan:
    """All that there are, as above. The first one knows whether the dispute was won already."""
    hold = HoldShipment(dispute_id=event.dispute_id, at=delivery.at)

    async def plan(read: Read) -> Sequence[Target]:
        first: Shipment = await read(SHIPMENT, shipment_id(event.order_id, FIRST))
        is_won = first.disputes.get(event.dispute_id) is False
        return () if is_won else await _to_all(event.order_id, hold)(read)

    return plan


def _release_shipments(event: PaymentDisputeClosed, delivery: Delivery) -> Plan | Sequence[Target]:
    """What was not paid for in the end stays here, until its order is cancelled."""
    release = ReleaseShipment(dispute_id=event.dispute_id, at=delivery.at)
    return _to_all(event.order_id, release) if event.outcome == "won" else ()


def _to_all(order_id: str, command: ShipmentCommand) -> Plan:
    async def plan(read: Read) -> Sequence[Target]:
        targets = [Target(SHIPMENT, shipment_id(order_id, FIRST), command)]
        for number in range(FIRST + 1, MAX_SHIPMENTS + 1):
            part: Shipment = await read(SHIPMENT, shipment_id(order_id, number))
            if part.status is Status.ABSENT:
                break
            targets.append(Target(SHIPMENT, shipment_id(order_id, number), command))
        return targets

    return plan


def _by_product(lines: Sequence[OrderLine]) -> tuple[ShipmentLine, ...]:
    """One line a product, however many the order had."""
    quantities: dict[str, int] = {}
    for line in lines:
        quantities[line.sku] = quantities.get(line.sku, 0) + line.quantity
    return tuple(ShipmentLine(sku=sku, quantity=quantity) for sku, quantity in quantities.items())


REACTIONS = (
    Reaction(service="orders", type="OrderPlaced.v1", reads=OrderPlaced, react=_open_shipment),
    Reaction(service="orders", type="OrderCancelled.v1", reads=OrderCancelled, react=_cancel_shipments),
    Reaction(service="payments", type="PaymentDisputed.v1", reads=PaymentDisputed, react=_hold_shipments),
    Reaction(service="payments", type="PaymentDisputeClosed.v1", reads=PaymentDisputeClosed, react=_release_shipments),
)
