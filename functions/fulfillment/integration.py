"""What other services may know of shipments: pure maps from private events to published ones."""

from typing import ClassVar

from pydantic import AwareDatetime, BaseModel, ConfigDict
from pydantic.config import JsonDict

from functions.fulfillment import events
from functions.fulfillment.events import ShipmentEvent
from shared.eventsourcing.message import IntegrationEvent

EXAMPLE_DISPATCH: JsonDict = {
    "shipment_id": "7a3d8c1e-5b0f-4f2a-9c64-1d2e3f405162-1",
    "order_id": "7a3d8c1e-5b0f-4f2a-9c64-1d2e3f405162",
    "customer_id": "900",
    "reservation_id": "0c9b8a76-5d4e-4c3b-8a19-f0e1d2c3b4a5",
    "lines": [{"sku": "1095275", "quantity": 2}],
    "carrier": "DHL",
    "tracking": "JD014600006281230704",
    "dispatched_at": "2017-03-06T16:40:00Z",
}
EXAMPLE_DELIVERY: JsonDict = {
    "shipment_id": "7a3d8c1e-5b0f-4f2a-9c64-1d2e3f405162-1",
    "order_id": "7a3d8c1e-5b0f-4f2a-9c64-1d2e3f405162",
    "customer_id": "900",
    "lines": [{"sku": "1095275", "quantity": 2}],
    "delivered_at": "2017-03-08T09:15:00Z",
}
EXAMPLE_LOSS: JsonDict = {
    "shipment_id": "7a3d8c1e-5b0f-4f2a-9c64-1d2e3f405162-1",
    "order_id": "7a3d8c1e-5b0f-4f2a-9c64-1d2e3f405162",
    "customer_id": "900",
    "lines": [{"sku": "1095275", "quantity": 2}],
    "lost_at": "2017-03-28T09:15:00Z",
}
EXAMPLE_CANCELLATION: JsonDict = {
    "shipment_id": "7a3d8c1e-5b0f-4f2a-9c64-1d2e3f405162-1",
    "order_id": "7a3d8c1e-5b0f-4f2a-9c64-1d2e3f405162",
}


class SentLine(BaseModel):
    """So many units of one product."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    sku: str
    quantity: int


class ShipmentDispatched(IntegrationEvent):
    """A carrier took a shipment. An order can have several; each tells only of its own lines."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_DISPATCH]})
    TYPE: ClassVar = "ShipmentDispatched.v1"
    shipment_id: str
    order_id: str
    customer_id: str
    reservation_id: str
    lines: tuple[SentLine, ...]
    carrier: str
    tracking: str
    dispatched_at: AwareDatetime


class ShipmentDelivered(IntegrationEvent):
    """A shipment reached the customer."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_DELIVERY]})
    TYPE: ClassVar = "ShipmentDelivered.v1"
    shipment_id: str
    order_id: str
    customer_id: str
    lines: tuple[SentLine, ...]
    delivered_at: AwareDatetime


class ShipmentLost(IntegrationEvent):
    """A carrier lost a shipment. If it turns up after all, it is delivered."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_LOSS]})
    TYPE: ClassVar = "ShipmentLost.v1"
    shipment_id: str
    order_id: str
    customer_id: str
    lines: tuple[SentLine, ...]
    lost_at: AwareDatetime


class ShipmentCancelled(IntegrationEvent):
    """A shipment that was being prepared will not be sent: all that was in it was cancelled."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_CANCELLATION]})
    TYPE: ClassVar = "ShipmentCancelled.v1"
    shipment_id: str
    order_id: str


Published = ShipmentDispatched | ShipmentDelivered | ShipmentLost | ShipmentCancelled


def to_integration(event: ShipmentEvent) -> Published | None:
    match event:
        case events.ShipmentDispatched():
            return ShipmentDispatched(
                shipment_id=event.shipment_id,
                order_id=event.order_id,
                customer_id=event.customer_id,
                reservation_id=event.reservation_id,
                lines=_sent(event.lines),
                carrier=event.carrier,
                tracking=event.tracking,
                dispatched_at=event.at,
            )
        case events.ShipmentDelivered():
            return ShipmentDelivered(
                shipment_id=event.shipment_id,
                order_id=event.order_id,
                customer_id=event.customer_id,
                lines=_sent(event.lines),
                delivered_at=event.at,
            )
        case events.ShipmentLost():
            return ShipmentLost(
                shipment_id=event.shipment_id,
                order_id=event.order_id,
                customer_id=event.customer_id,
                lines=_sent(event.lines),
                lost_at=event.at,
            )
        case events.ShipmentCancelled():
            return ShipmentCancelled(shipment_id=event.shipment_id, order_id=event.order_id)
        case _:
            return None


def _sent(lines: tuple[events.ShipmentLine, ...]) -> tuple[SentLine, ...]:
    return tuple(SentLine(sku=line.sku, quantity=line.quantity) for line in lines)
