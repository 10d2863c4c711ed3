"""What orders do about the news of others: shipments leave and arrive."""

from collections.abc import Sequence

from functions.orders.commands import RecordDelivery, RecordShipment
from functions.orders.events import MovedLine
from functions.orders.manifest import ORDER_CATEGORY
from shared.eventsourcing.joint import Target
from shared.eventsourcing.reaction import Delivery, Reaction, Reads


class ShipmentLine(Reads):
    sku: str
    quantity: int


class ShipmentDispatched(Reads):
    shipment_id: str
    order_id: str
    lines: tuple[ShipmentLine, ...]


class ShipmentDelivered(Reads):
    shipment_id: str
    order_id: str
    lines: tuple[ShipmentLine, ...]


def record_shipment(event: ShipmentDispatched, delivery: Delivery) -> Sequence[Target]:
    """An order that was cancelled while its shipment left refuses: that is for a person to look at."""
    command = RecordShipment(shipment_id=event.shipment_id, lines=_lines(event.lines), at=delivery.at)
    return [Target(ORDER_CATEGORY, event.order_id, command)]


def record_delivery(event: ShipmentDelivered, delivery: Delivery) -> Sequence[Target]:
    command = RecordDelivery(shipment_id=event.shipment_id, lines=_lines(event.lines), at=delivery.at)
    return [Target(ORDER_CATEGORY, event.order_id, command)]


def _lines(lines: Sequence[ShipmentLine]) -> tuple[MovedLine, ...]:
    return tuple(MovedLine(sku=line.sku, quantity=line.quantity) for line in lines)


REACTIONS = (
    Reaction(service="fulfillment", type="ShipmentDispatched.v1", reads=ShipmentDispatched, react=record_shipment),
    Reaction(service="fulfillment", type="ShipmentDelivered.v1", reads=ShipmentDelivered, react=record_delivery),
)
