"""From events to the inventory's read models: pure functions of (document | None, event)."""

from collections.abc import Mapping, Sequence
from typing import Literal, assert_never

from functions.inventory.events import (
    ItemsReleased,
    ItemsReserved,
    ItemsShipped,
    Line,
    ReservationAllocated,
    ReservationEvent,
    ReservationExpired,
    ReservationReleased,
    StockAdjusted,
    StockEvent,
    StockReceived,
    StockReleased,
    StockReserved,
    StockShipped,
)
from functions.inventory.manifest import AVAILABILITY, RESERVATION_CATEGORY, RESERVATIONS, STOCK_CATEGORY
from functions.inventory.read_models import AvailabilityView, ReservationView, ReservedLineView
from shared.eventsourcing.codec import Codec
from shared.eventsourcing.projection import Projection, Scalar

# --- availability


def project_availability(document: AvailabilityView | None, event: StockEvent) -> AvailabilityView:
    on_hand, reserved = (document.on_hand, document.reserved) if document else (0, 0)
    match event:
        case StockReceived(quantity=quantity):
            on_hand += quantity
        case StockAdjusted(delta=delta):
            on_hand += delta
        case StockReserved(quantity=quantity):
            reserved += quantity
        case StockReleased(quantity=quantity):
            reserved -= quantity
        case StockShipped(quantity=quantity):
            on_hand, reserved = on_hand - quantity, reserved - quantity
        case _:
            assert_never(event)
    return AvailabilityView(
        id=event.sku,
        status="available" if on_hand > reserved else "sold-out",
        on_hand=on_hand,
        reserved=reserved,
        available=on_hand - reserved,
        changed_at=event.at,
    )


# --- reservations


def project_reservation(document: ReservationView | None, event: ReservationEvent) -> ReservationView:
    match event:
        case ItemsReserved():
            return _reserved(event)
        case ReservationReleased() if document is None:
            return _tombstone(event)
    if document is None:
        raise ValueError(f"{type(event).__name__} before ItemsReserved")
    match event:
        case ReservationAllocated():
            changed: dict[str, object] = {"status": "allocated", "expires_at": None}
        case ReservationReleased(reason=reason):
            changed = {"status": "released", "reason": reason, "expires_at": None}
        case ReservationExpired():
            changed = {"status": "expired", "reason": "expired"}
        case ItemsReleased():
            lines = _moved(document.lines, event.lines, "released")
            over = "shipped" if document.shipments else "released"
            changed = {"lines": lines, "status": document.status if _keeps_some(lines) else over}
        case ItemsShipped():
            lines = _moved(document.lines, event.lines, "shipped")
            status = "allocated" if _keeps_some(lines) else "shipped"
            shipments = [*document.shipments, event.shipment_id]
            changed = {"lines": lines, "status": status, "shipments": shipments, "expires_at": None}
        case _:
            assert_never(event)
    return document.model_copy(update={**changed, "changed_at": event.at})


def _reserved(event: ItemsReserved) -> ReservationView:
    return ReservationView(
        id=event.reservation_id,
        status="reserved",
        lines=[ReservedLineView(sku=line.sku, quantity=line.quantity, shipped=0) for line in event.lines],
        shipments=[],
        expires_at=event.expires_at,
        reason=None,
        changed_at=event.at,
    )


def _tombstone(event: ReservationReleased) -> ReservationView:
    return ReservationView(
        id=event.reservation_id,
        status="released",
        lines=[],
        shipments=[],
        expires_at=None,
        reason=event.reason,
        changed_at=event.at,
    )


def _moved(
    lines: Sequence[ReservedLineView], moved: Sequence[Line], what: Literal["shipped", "released"]
) -> list[ReservedLineView]:
    more = {line.sku: line.quantity for line in moved}
    return [line.model_copy(update={what: getattr(line, what) + more.get(line.sku, 0)}) for line in lines]


def _keeps_some(lines: Sequence[ReservedLineView]) -> bool:
    return any(line.shipped + line.released < line.quantity for line in lines)


def _by_status(document: AvailabilityView | ReservationView) -> Mapping[str, Scalar]:
    return {"status": document.status, "id": document.id}


AVAILABILITY_PROJECTION = Projection[StockEvent, AvailabilityView](
    category=STOCK_CATEGORY,
    collection=AVAILABILITY,
    document_type=AvailabilityView,
    codec=Codec[StockEvent](StockEvent),
    project=project_availability,
    fields=_by_status,
)
RESERVATIONS_PROJECTION = Projection[ReservationEvent, ReservationView](
    category=RESERVATION_CATEGORY,
    collection=RESERVATIONS,
    document_type=ReservationView,
    codec=Codec[ReservationEvent](ReservationEvent),
    project=project_reservation,
    fields=_by_status,
)
