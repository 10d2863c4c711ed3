"""The rules of a shipment."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import assert_never

from functions.fulfillment.commands import (
    DeliverShipment,
    DispatchShipment,
    HoldShipment,
    LoseShipment,
    OpenShipment,
    PackShipment,
    PickShipment,
    ReleaseShipment,
    ShipmentCommand,
    SplitShipment,
    StopLines,
)
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
from functions.fulfillment.manifest import SHIPMENT
from functions.fulfillment.state import GONE, Shipment, Status, less
from shared.eventsourcing.codec import Codec
from shared.eventsourcing.decider import Decider
from shared.eventsourcing.errors import DomainError, NotFoundError

_WAY = (Status.OPEN, Status.PICKED, Status.PACKED, Status.DISPATCHED, Status.DELIVERED)
"""What a shipment goes through, in this order, leaving nothing out."""


# --- decide


def decide(command: ShipmentCommand, shipment: Shipment) -> Sequence[ShipmentEvent]:
    match command:
        case OpenShipment():
            return _open(command, shipment)
        case StopLines():
            return _stop(command, shipment)
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
            return _deliver(at, shipment)
        case LoseShipment(at=at):
            return _lose(at, shipment)
        case _:
            assert_never(command)


def _open(command: OpenShipment, shipment: Shipment) -> Sequence[ShipmentEvent]:
    """An order that was cancelled in the meantime, or told of twice, is expected: nothing to do. Pieces of it that were
    stopped are left out, which is told; one whose payment is disputed already is held from the beginning.
    """
    if shipment.status is not Status.ABSENT:
        return []
    ordered = _quantities(command.lines)
    lines = less(ordered, *shipment.stopped.values())
    left_out = _lines(less(ordered, lines))
    told = [LinesLeftOut(lines=left_out, at=command.at)] if left_out else []
    held = (ShipmentHeld(dispute_id=dispute_id, at=command.at) for dispute_id in shipment.held_by)
    return [ShipmentOpened(**{**command.model_dump(), "lines": _lines(lines)}), *told, *held]


def _stop(command: StopLines, shipment: Shipment) -> Sequence[ShipmentEvent]:
    """What is with the carrier cannot be called back: that is a return, not a cancellation."""
    if command.cancellation_id in shipment.stopped:
        return []
    if shipment.status in GONE:
        raise DomainError(f"shipment-is-{shipment.status}", "what has left the house comes back as a return")
    wanted, here = _quantities(command.lines), shipment.to_send(_quantities(command.ordered))
    for sku, quantity in wanted.items():
        if quantity > here.get(sku, 0):
            raise DomainError("not-in-shipment", f"it holds fewer than {quantity} of {sku}", field=sku)
    told = command.model_dump(include={"cancellation_id", "order_id", "lines", "at"})
    return [LinesStopped(**told), *([] if less(here, wanted) else _cancelled(command, shipment))]


def _cancelled(command: StopLines, shipment: Shipment) -> Sequence[ShipmentEvent]:
    """Nothing is left to send: also of a shipment that is not open yet, which then never will be."""
    if shipment.status is Status.ABSENT:
        return [ShipmentForestalled(order_id=command.order_id, reason=command.reason, at=command.at)]
    told = command.model_dump(include={"order_id", "reason", "at"})
    return [ShipmentCancelled(shipment_id=shipment.shipment_id, **told)]


_NEVER_SENT = frozenset({Status.CANCELLED, Status.FORESTALLED})


def _dispute(command: HoldShipment | ReleaseShipment, shipment: Shipment) -> Sequence[ShipmentEvent]:
    """What is with the carrier, or is never sent, cannot be held. That a dispute was won is remembered all the same:
    the news that there is one may come later, and other shipments of the order ask this one.
    """
    holds = shipment.disputes.get(command.dispute_id)
    if holds is False:
        return []
    if isinstance(command, ReleaseShipment):
        return [ShipmentReleased(**command.model_dump())]
    return [] if holds or shipment.status in GONE | _NEVER_SENT else [ShipmentHeld(**command.model_dump())]


def _check_held(shipment: Shipment) -> None:
    if shipment.held_by:
        raise DomainError("shipment-is-held", f"its payment is disputed: {', '.join(shipment.held_by)}")


def _opened(shipment: Shipment) -> Shipment:
    if shipment.status in (Status.ABSENT, Status.FORESTALLED):
        raise NotFoundError("shipment-not-found", "there is no such shipment")
    if shipment.status is Status.CANCELLED:
        raise DomainError("shipment-is-cancelled", "the order was cancelled: nothing is sent")
    if shipment.status is Status.LOST:
        raise DomainError("shipment-is-lost", "the carrier lost it: it can only be delivered, if it turns up")
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
    if not less(shipment.lines, _quantities(command.lines)):
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
    """Also what was declared lost by mistake, and has turned up."""
    if shipment.status is not Status.LOST and not _steps_to(Status.DELIVERED, _opened(shipment)):
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


def _lose(at: datetime, shipment: Shipment) -> Sequence[ShipmentEvent]:
    """It may turn up yet, and be delivered."""
    if shipment.status is Status.LOST:
        return []
    if _opened(shipment).status is not Status.DISPATCHED:
        raise DomainError(f"shipment-is-{shipment.status}", "only what is with the carrier can be lost")
    told = {"shipment_id": shipment.shipment_id, "order_id": shipment.order_id, "customer_id": shipment.customer_id}
    return [ShipmentLost(**told, lines=_lines(shipment.lines), at=at)]


def _lines(quantities: Mapping[str, int]) -> tuple[ShipmentLine, ...]:
    return tuple(ShipmentLine(sku=sku, quantity=quantity) for sku, quantity in quantities.items())


def _quantities(lines: Sequence[ShipmentLine]) -> dict[str, int]:
    return {line.sku: line.quantity for line in lines}


# --- evolve


def evolve(shipment: Shipment, event: ShipmentEvent) -> Shipment:
    match event:
        case ShipmentOpened():
            return _new(event, shipment)
        case ShipmentHeld() | ShipmentReleased():
            holds = isinstance(event, ShipmentHeld)
            changed: dict[str, object] = {"disputes": {**shipment.disputes, event.dispute_id: holds}}
        case ShipmentForestalled():
            changed = {"status": Status.FORESTALLED, "order_id": event.order_id}
        case LinesStopped():
            changed = _stopped(event, shipment)
        case LinesLeftOut():
            changed = {}
        case ShipmentSplit():
            changed = {"lines": less(shipment.lines, _quantities(event.lines))}
        case ShipmentPicked():
            changed = {"status": Status.PICKED}
        case ShipmentPacked():
            changed = {"status": Status.PACKED}
        case ShipmentDispatched():
            changed = {"status": Status.DISPATCHED, "carrier": event.carrier, "tracking": event.tracking}
        case ShipmentDelivered():
            changed = {"status": Status.DELIVERED}
        case ShipmentLost():
            changed = {"status": Status.LOST}
        case ShipmentCancelled():
            changed = {"status": Status.CANCELLED}
        case _:
            assert_never(event)
    return shipment.model_copy(update=changed)


def _stopped(event: LinesStopped, shipment: Shipment) -> dict[str, object]:
    """A parcel that something is taken out of is open again."""
    taken = _quantities(event.lines)
    reopened = {"status": Status.PICKED} if shipment.status is Status.PACKED else {}
    stopped = {**shipment.stopped, event.cancellation_id: taken}
    return {"lines": less(shipment.lines, taken), "stopped": stopped, **reopened}


def _new(event: ShipmentOpened, before: Shipment) -> Shipment:
    return Shipment(
        status=Status.OPEN,
        shipment_id=event.shipment_id,
        order_id=event.order_id,
        customer_id=event.customer_id,
        reservation_id=event.reservation_id,
        shipping_address=event.shipping_address,
        lines=_quantities(event.lines),
        disputes=before.disputes,
        stopped=before.stopped,
    )


SHIPMENTS_DECIDER = Decider[ShipmentCommand, ShipmentEvent, Shipment](
    category=SHIPMENT,
    decide=decide,
    evolve=evolve,
    initial_state=Shipment,
    state_type=Shipment,
    codec=Codec[ShipmentEvent](ShipmentEvent),
)
