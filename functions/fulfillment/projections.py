"""From events to the fulfillment service's read model: pure functions of (document | None, event)."""

from collections.abc import Mapping, Sequence
from typing import assert_never

from functions.fulfillment.events import (
    LinesLeftOut,
    LinesStopped,
    ShipmentCancelled,
    ShipmentDelivered,
    ShipmentDispatched,
    ShipmentEvent,
    ShipmentForestalled,
    ShipmentHeld,
    ShipmentLine,
    ShipmentLost,
    ShipmentOpened,
    ShipmentPacked,
    ShipmentPicked,
    ShipmentReleased,
    ShipmentSplit,
)
from functions.fulfillment.manifest import SHIPMENT, SHIPMENTS
from functions.fulfillment.read_models import ShipmentLineView, ShipmentView
from shared.eventsourcing.codec import Codec
from shared.eventsourcing.projection import Projection, Scalar


def project_shipment(document: ShipmentView | None, event: ShipmentEvent) -> ShipmentView | None:
    if isinstance(event, ShipmentOpened):
        return _opened(event)
    if isinstance(event, ShipmentForestalled):
        return None
    if document is None and isinstance(event, ShipmentHeld | ShipmentReleased | LinesStopped):
        return None  # told of before it was opened
    if document is None:
        raise ValueError(f"{type(event).__name__} before ShipmentOpened")
    match event:
        case ShipmentSplit():
            left = _without(document.lines, event.lines)
            changed: dict[str, object] = {"lines": left, "split_into": [*document.split_into, event.into]}
        case LinesStopped():
            changed = _stopped(document, event)
        case LinesLeftOut():
            changed = {"stopped": _views(event.lines)}
        case ShipmentPicked():
            changed = {"status": "picked"}
        case ShipmentPacked():
            changed = {"status": "packed"}
        case ShipmentHeld():
            changed = {"held_by": [*document.held_by, event.dispute_id]}
        case ShipmentReleased():
            changed = {"held_by": [each for each in document.held_by if each != event.dispute_id]}
        case ShipmentDispatched():
            sent = {"carrier": event.carrier, "tracking": event.tracking, "dispatched_at": event.at}
            changed = {"status": "dispatched", **sent}
        case ShipmentDelivered():
            changed = {"status": "delivered", "delivered_at": event.at}
        case ShipmentLost():
            changed = {"status": "lost"}
        case ShipmentCancelled():
            changed = {"status": "cancelled"}
        case _:
            assert_never(event)
    return document.model_copy(update={**changed, "changed_at": event.at})


def _opened(event: ShipmentOpened) -> ShipmentView:
    return ShipmentView(
        id=event.shipment_id,
        order_id=event.order_id,
        customer_id=event.customer_id,
        reservation_id=event.reservation_id,
        status="open",
        lines=_views(event.lines),
        split_from=event.split_from,
        opened_at=event.at,
        changed_at=event.at,
    )


def _stopped(document: ShipmentView, event: LinesStopped) -> dict[str, object]:
    """A parcel that something is taken out of is open again."""
    return {
        "lines": _without(document.lines, event.lines),
        "stopped": [*document.stopped, *_views(event.lines)],
        "status": "picked" if document.status == "packed" else document.status,
    }


def _views(lines: Sequence[ShipmentLine]) -> list[ShipmentLineView]:
    return [ShipmentLineView(sku=line.sku, quantity=line.quantity) for line in lines]


def _without(lines: Sequence[ShipmentLineView], taken: Sequence[ShipmentLine]) -> list[ShipmentLineView]:
    gone = {line.sku: line.quantity for line in taken}
    left = [ShipmentLineView(sku=line.sku, quantity=line.quantity - gone.get(line.sku, 0)) for line in lines]
    return [line for line in left if line.quantity]


def _fields(document: ShipmentView) -> Mapping[str, Scalar]:
    return {
        "customer_id": document.customer_id,
        "order_id": document.order_id,
        "status": document.status,
        "opened_at": document.opened_at,
    }


SHIPMENTS_PROJECTION = Projection[ShipmentEvent, ShipmentView](
    category=SHIPMENT,
    collection=SHIPMENTS,
    document_type=ShipmentView,
    codec=Codec[ShipmentEvent](ShipmentEvent),
    project=project_shipment,
    fields=_fields,
)
