"""What fulfillment does about orders: a placed one is shipped, and one whose payment is disputed waits until the
dispute is won.
"""

from collections.abc import Sequence
from typing import Literal

from pydantic import AwareDatetime

from functions.fulfillment.commands import HoldShipment, OpenShipment, ReleaseShipment, ShipmentCommand
from functions.fulfillment.events import ShipmentLine
from functions.fulfillment.manifest import SHIPMENT
from functions.fulfillment.plans import FIRST, shipments_of
from functions.fulfillment.state import Shipment, shipment_id
from shared.eventsourcing.joint import Plan, Read, Target
from shared.eventsourcing.personal import Sealed
from shared.eventsourcing.reaction import Delivery, Reaction, Reads


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


def _hold_shipments(event: PaymentDisputed, delivery: Delivery) -> Plan:
    """The first shipment knows whether the dispute was won already."""
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
    """All that there are, in one commit; the first also if it is not there yet. A split that wins the race wrote the
    shipment that it took from: then this is planned again, and finds the new one.
    """

    async def plan(read: Read) -> Sequence[Target]:
        return [Target(SHIPMENT, identity, command) for identity in await shipments_of(order_id, read)]

    return plan


def _by_product(lines: Sequence[OrderLine]) -> tuple[ShipmentLine, ...]:
    """One line a product, however many the order had."""
    quantities: dict[str, int] = {}
    for line in lines:
        quantities[line.sku] = quantities.get(line.sku, 0) + line.quantity
    return tuple(ShipmentLine(sku=sku, quantity=quantity) for sku, quantity in quantities.items())


REACTIONS = (
    Reaction(service="orders", type="OrderPlaced.v1", reads=OrderPlaced, react=_open_shipment),
    Reaction(service="payments", type="PaymentDisputed.v1", reads=PaymentDisputed, react=_hold_shipments),
    Reaction(service="payments", type="PaymentDisputeClosed.v1", reads=PaymentDisputeClosed, react=_release_shipments),
)
