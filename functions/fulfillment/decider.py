"""The rules of a shipment."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from pydantic import BaseModel, ConfigDict

from functions.fulfillment.commands import (
    CancelShipment,
    DeliverShipment,
    DispatchShipment,
    HoldShipment,
    OpenShipment,
    PackShipment,
    PickShipment,
    ReleaseShipment,
    ShipmentCommand,
    SplitShipment,
)
from functions.fulfillment.events import (
    ShipmentCancelled,
    ShipmentDelivered,
    ShipmentDispatched,
    ShipmentEvent,
    ShipmentForestalled,
    ShipmentHeld,
    ShipmentLine,
    ShipmentOpened,
    ShipmentPacked,
    ShipmentPicked,
    ShipmentReleased,
    ShipmentSplit,
)
from functions.fulfillment.manifest import SHIPMENT
from shared.eventsourcing.codec import Codec
from shared.eventsourcing.decider import Decider
from shared.eventsourcing.errors import DomainError, NotFoundError
from shared.eventsourcing.ids import derived_id
from shared.eventsourcing.personal import Sealed

MAX_SHIPMENTS = 10
"""Of one order."""


# --- state


class Status(StrEnum):
    ABSENT = "absent"
    FORESTALLED = "forestalled"
    OPEN = "open"
    PICKED = "picked"
    PACKED = "packed"
    DISPATCHED = "dispatched"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


_WAY = (Status.OPEN, Status.PICKED, Status.PACKED, Status.DISPATCHED, Status.DELIVERED)
"""What a shipment goes through, in this order, leaving nothing out."""


class Shipment(BaseModel):
    """A shipment as its commands need to know it: `lines` are quantities by product; `disputes` hold it (True), or were
    won (False).
    """

    model_config = ConfigDict(frozen=True)
    status: Status = Status.ABSENT
    shipment_id: str = ""
    order_id: str = ""
    customer_id: str = ""
    reservation_id: str = ""
    shipping_address: Sealed = ""
    lines: dict[str, int] = {}
    carrier: str = ""
    tracking: str = ""
    disputes: dict[str, bool] = {}

    @property
    def held_by(self) -> tuple[str, ...]:
        """Disputes of its payment that were not won."""
        return tuple(dispute_id for dispute_id, holds in self.disputes.items() if holds)


def is_closed(shipment: Shipment) -> bool:
    """It has arrived, or will never leave."""
    return shipment.status in {Status.DELIVERED, Status.CANCELLED, Status.FORESTALLED}


def shipment_id(order_id: str, number: int) -> str:
    """The `number`-th shipment of an order, from 1."""
    return derived_id(f"{order_id}-{number}")


# --- decide


def decide(command: ShipmentCommand, shipment: Shipment) -> Sequence[ShipmentEvent]:
    match command:
        case OpenShipment():
            return _open(command, shipment)
        case CancelShipment():
            return _cancel(command, shipment)
        case HoldShipment() | ReleaseShipment():
            return _dispute(command, shipment)
        case SplitShipment():
            return _split(command, _opened(shipment))
        case PickShipment(at=at):
            return [ShipmentPicked(at=at)] if _steps_to(Status.PICKED, _opened(shipment)) else []
        case PackShipment(at=at):
            return [ShipmentPacked(at=at)] if _steps_to(Status.PACKED, _opened(shipment)) else []
        case DispatchShipment():
            return _dispatch(command, _opened(shipment))
        case DeliverShipment(at=at):
            return _deliver(at, _opened(shipment))
        case _:
            assert_never(command)


def _open(command: OpenShipment, shipment: Shipment) -> Sequence[ShipmentEvent]:
    """An order that was cancelled in the meantime, or told of twice, is expected: nothing to do. One whose payment is
    disputed already is held from the beginning.
    """
    if shipment.status is not Status.ABSENT:
        return []
    held = (ShipmentHeld(dispute_id=dispute_id, at=command.at) for dispute_id in shipment.held_by)
    return [ShipmentOpened(**command.model_dump()), *held]


def _cancel(command: CancelShipment, shipment: Shipment) -> Sequence[ShipmentEvent]:
    """What is with the carrier cannot be called back: that is a return, not a cancellation."""
    match shipment.status:
        case Status.ABSENT:
            return [ShipmentForestalled(order_id=command.order_id, reason=command.reason, at=command.at)]
        case Status.OPEN | Status.PICKED | Status.PACKED:
            cancelled = ShipmentCancelled(
                shipment_id=shipment.shipment_id, order_id=shipment.order_id, reason=command.reason, at=command.at
            )
            return [cancelled]
        case _:
            return []


_NEVER_SENT = frozenset({Status.CANCELLED, Status.FORESTALLED})
_GONE = frozenset({Status.DISPATCHED, Status.DELIVERED})


def _dispute(command: HoldShipment | ReleaseShipment, shipment: Shipment) -> Sequence[ShipmentEvent]:
    """What is with the carrier cannot be held. That a dispute was won is remembered all the same: the news that there
    is one may come later, and other shipments of the order ask this one.
    """
    holds = shipment.disputes.get(command.dispute_id)
    if shipment.status in _NEVER_SENT or holds is False:
        return []
    if isinstance(command, ReleaseShipment):
        return [ShipmentReleased(**command.model_dump())]
    return [] if holds or shipment.status in _GONE else [ShipmentHeld(**command.model_dump())]


def _check_held(shipment: Shipment) -> None:
    if shipment.held_by:
        raise DomainError("shipment-is-held", f"its payment is disputed: {', '.join(shipment.held_by)}")


def _opened(shipment: Shipment) -> Shipment:
    if shipment.status in (Status.ABSENT, Status.FORESTALLED):
        raise NotFoundError("shipment-not-found", "there is no such shipment")
    if shipment.status is Status.CANCELLED:
        raise DomainError("shipment-is-cancelled", "the order was cancelled: nothing is sent")
    return shipment


def _steps_to(wanted: Status, shipment: Shipment) -> bool:
    """False if it is that far already; refused if a step before it is missing."""
    now, then = _WAY.index(shipment.status), _WAY.index(wanted)
    if now < then - 1:
        raise DomainError(f"shipment-is-{shipment.status}", f"it must be {_WAY[then - 1]} before it can be {wanted}")
    return now < then


def _split(command: SplitShipment, shipment: Shipment) -> Sequence[ShipmentEvent]:
    if shipment.status not in (Status.OPEN, Status.PICKED):
        raise DomainError(f"shipment-is-{shipment.status}", "only what is not packed yet can be split")
    _check_held(shipment)
    for line in command.lines:
        if shipment.lines.get(line.sku, 0) < line.quantity:
            raise DomainError("not-in-shipment", f"it holds fewer than {line.quantity} of {line.sku}", field="lines")
    if not _without(shipment.lines, command.lines):
        raise DomainError("nothing-left", "a split leaves something in both shipments", field="lines")
    return [ShipmentSplit(lines=command.lines, into=command.into, at=command.at)]


def _dispatch(command: DispatchShipment, shipment: Shipment) -> Sequence[ShipmentEvent]:
    if not _steps_to(Status.DISPATCHED, shipment):
        if (shipment.carrier, shipment.tracking) != (command.carrier, command.tracking):
            raise DomainError("dispatched-otherwise", "it was dispatched with another carrier or tracking number")
        return []
    _check_held(shipment)
    return [
        ShipmentDispatched(
            shipment_id=shipment.shipment_id,
            order_id=shipment.order_id,
            customer_id=shipment.customer_id,
            reservation_id=shipment.reservation_id,
            lines=_lines(shipment.lines),
            carrier=command.carrier,
            tracking=command.tracking,
            at=command.at,
        )
    ]


def _deliver(at: datetime, shipment: Shipment) -> Sequence[ShipmentEvent]:
    if not _steps_to(Status.DELIVERED, shipment):
        return []
    return [
        ShipmentDelivered(
            shipment_id=shipment.shipment_id,
            order_id=shipment.order_id,
            customer_id=shipment.customer_id,
            lines=_lines(shipment.lines),
            at=at,
        )
    ]


def _lines(quantities: Mapping[str, int]) -> tuple[ShipmentLine, ...]:
    return tuple(ShipmentLine(sku=sku, quantity=quantity) for sku, quantity in quantities.items())


def _without(quantities: Mapping[str, int], lines: Sequence[ShipmentLine]) -> dict[str, int]:
    taken = {line.sku: line.quantity for line in lines}
    left = {sku: quantity - taken.get(sku, 0) for sku, quantity in quantities.items()}
    return {sku: quantity for sku, quantity in left.items() if quantity}


# --- evolve


def evolve(shipment: Shipment, event: ShipmentEvent) -> Shipment:
    match event:
        case ShipmentOpened():
            return _new(event, shipment.disputes)
        case ShipmentHeld() | ShipmentReleased():
            holds = isinstance(event, ShipmentHeld)
            changed: dict[str, object] = {"disputes": {**shipment.disputes, event.dispute_id: holds}}
        case ShipmentForestalled():
            changed = {"status": Status.FORESTALLED, "order_id": event.order_id}
        case ShipmentSplit():
            changed = {"lines": _without(shipment.lines, event.lines)}
        case ShipmentPicked():
            changed = {"status": Status.PICKED}
        case ShipmentPacked():
            changed = {"status": Status.PACKED}
        case ShipmentDispatched():
            changed = {"status": Status.DISPATCHED, "carrier": event.carrier, "tracking": event.tracking}
        case ShipmentDelivered():
            changed = {"status": Status.DELIVERED}
        case ShipmentCancelled():
            changed = {"status": Status.CANCELLED}
        case _:
            assert_never(event)
    return shipment.model_copy(update=changed)


def _new(event: ShipmentOpened, disputes: dict[str, bool]) -> Shipment:
    return Shipment(
        status=Status.OPEN,
        shipment_id=event.shipment_id,
        order_id=event.order_id,
        customer_id=event.customer_id,
        reservation_id=event.reservation_id,
        shipping_address=event.shipping_address,
        lines={line.sku: line.quantity for line in event.lines},
        disputes=disputes,
    )


SHIPMENTS_DECIDER = Decider[ShipmentCommand, ShipmentEvent, Shipment](
    category=SHIPMENT,
    decide=decide,
    evolve=evolve,
    initial_state=Shipment,
    state_type=Shipment,
    codec=Codec[ShipmentEvent](ShipmentEvent),
    is_closed=is_closed,
)
