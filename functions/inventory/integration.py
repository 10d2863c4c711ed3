"""What other services may know of inventory: pure maps from private events to published ones."""

from typing import ClassVar

from pydantic import AwareDatetime, BaseModel, ConfigDict
from pydantic.config import JsonDict

from functions.inventory import events
from functions.inventory.events import ReceiptEvent, ReservationEvent, StockEvent
from shared.eventsourcing.message import IntegrationEvent

EXAMPLE_RESERVED: JsonDict = {
    "reservation_id": "5f0c7a52-3c54-4d3b-9f0e-2a2a2f6b8a11",
    "lines": [{"sku": "1095275", "quantity": 2}],
    "expires_at": "2017-03-06T12:20:00Z",
}
EXAMPLE_RELEASED: JsonDict = {
    "reservation_id": "5f0c7a52-3c54-4d3b-9f0e-2a2a2f6b8a11",
    "reason": "the card was declined",
}
EXAMPLE_ITEMS_RELEASED: JsonDict = {
    "reservation_id": "5f0c7a52-3c54-4d3b-9f0e-2a2a2f6b8a11",
    "release_id": "5f0c7a52-3c54-4d3b-9f0e-2a2a2f6b8a11-1",
    "lines": [{"sku": "1095275", "quantity": 1}],
}
EXAMPLE_SHIPPED: JsonDict = {
    "reservation_id": "5f0c7a52-3c54-4d3b-9f0e-2a2a2f6b8a11",
    "shipment_id": "5f0c7a52-3c54-4d3b-9f0e-2a2a2f6b8a11-1",
    "lines": [{"sku": "1095275", "quantity": 2}],
}
EXAMPLE_CHANGED: JsonDict = {"sku": "1095275", "delta": 24}


class InventoryLine(BaseModel):
    """So many of one product."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    sku: str
    quantity: int


class ItemsReserved(IntegrationEvent):
    """Every line is kept, until `expires_at` unless it is sold before."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_RESERVED]})
    TYPE: ClassVar = "ItemsReserved.v1"
    reservation_id: str
    lines: tuple[InventoryLine, ...]
    expires_at: AwareDatetime


class ReservationReleased(IntegrationEvent):
    """Whatever was still kept may be had by anybody; `expired` is the reason if nobody claimed it in time."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_RELEASED]})
    TYPE: ClassVar = "ReservationReleased.v1"
    reservation_id: str
    reason: str


class ItemsReleased(IntegrationEvent):
    """Of what was kept, these may be had by anybody: their order was cancelled, all of it or a part."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_ITEMS_RELEASED]})
    TYPE: ClassVar = "ItemsReleased.v1"
    reservation_id: str
    release_id: str
    lines: tuple[InventoryLine, ...]


class ItemsShipped(IntegrationEvent):
    """What was kept has left with a shipment, all of it or a part."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_SHIPPED]})
    TYPE: ClassVar = "ItemsShipped.v1"
    reservation_id: str
    shipment_id: str
    lines: tuple[InventoryLine, ...]


class StockChanged(IntegrationEvent):
    """`delta` more or fewer lie on the shelf: received, returned or counted. What leaves is told by ItemsShipped."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_CHANGED]})
    TYPE: ClassVar = "StockChanged.v1"
    sku: str
    delta: int


def _published(lines: tuple[events.Line, ...]) -> tuple[InventoryLine, ...]:
    return tuple(InventoryLine(sku=line.sku, quantity=line.quantity) for line in lines)


OfReservation = ItemsReserved | ReservationReleased | ItemsReleased | ItemsShipped


def reservation_to_integration(event: ReservationEvent) -> OfReservation | None:
    match event:
        case events.ItemsReserved(reservation_id=reservation_id):
            return ItemsReserved(
                reservation_id=reservation_id, lines=_published(event.lines), expires_at=event.expires_at
            )
        case events.ReservationReleased(reservation_id=reservation_id, reason=reason):
            return ReservationReleased(reservation_id=reservation_id, reason=reason)
        case events.ItemsReleased(reservation_id=reservation_id, release_id=release_id):
            return ItemsReleased(reservation_id=reservation_id, release_id=release_id, lines=_published(event.lines))
        case events.ReservationExpired(reservation_id=reservation_id):
            return ReservationReleased(reservation_id=reservation_id, reason="expired")
        case events.ItemsShipped(reservation_id=reservation_id, shipment_id=shipment_id):
            return ItemsShipped(reservation_id=reservation_id, shipment_id=shipment_id, lines=_published(event.lines))
        case _:
            return None


def stock_to_integration(event: StockEvent) -> StockChanged | None:
    """What a reservation moves is told by the reservation."""
    match event:
        case events.StockReceived(sku=sku, quantity=quantity):
            return StockChanged(sku=sku, delta=quantity)
        case events.StockAdjusted(sku=sku, delta=delta):
            return StockChanged(sku=sku, delta=delta)
        case _:
            return None


def receipt_to_integration(_: ReceiptEvent) -> None:
    """What comes in is told by the stock of each product."""
