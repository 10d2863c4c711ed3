"""What orders do about the news of others: shipments leave, arrive or are lost, money goes back or is disputed."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

from pydantic import AwareDatetime

from functions.orders.commands import (
    MoneyCommand,
    RecordDelivery,
    RecordDispute,
    RecordDisputeEnd,
    RecordLoss,
    RecordRefund,
    RecordRefundFailure,
    RecordRefundResolution,
    RecordShipment,
)
from functions.orders.events import MovedLine
from functions.orders.manifest import CANCELLATION, ORDER_CATEGORY
from functions.orders.workflow import REFUND
from shared.eventsourcing.joint import Plan, Read, Target
from shared.eventsourcing.money import Money
from shared.eventsourcing.reaction import Delivery, Reaction, Reads
from shared.eventsourcing.workflow.commands import ConfirmStep
from shared.eventsourcing.workflow.state import Saga, Status


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


class ShipmentLost(Reads):
    shipment_id: str
    order_id: str
    lines: tuple[ShipmentLine, ...]


class _OfPayment(Reads):
    payment_id: str
    order_id: str
    amount: Money


class PaymentRefunded(_OfPayment):
    refund_id: str
    refunded_at: AwareDatetime


class PaymentRefundFailed(_OfPayment):
    refund_id: str
    code: str


class PaymentRefundResolved(_OfPayment):
    refund_id: str
    paid_otherwise: bool


class PaymentDisputed(_OfPayment):
    dispute_id: str
    reason: str


class PaymentDisputeClosed(_OfPayment):
    dispute_id: str
    outcome: Literal["won", "lost"]


# --- goods


def record_shipment(event: ShipmentDispatched, delivery: Delivery) -> Sequence[Target]:
    """What was cancelled cannot have left. If it has, the order refuses: that is for a person to look at."""
    command = RecordShipment(shipment_id=event.shipment_id, lines=_lines(event.lines), at=delivery.at)
    return [Target(ORDER_CATEGORY, event.order_id, command)]


def record_delivery(event: ShipmentDelivered, delivery: Delivery) -> Sequence[Target]:
    command = RecordDelivery(shipment_id=event.shipment_id, lines=_lines(event.lines), at=delivery.at)
    return [Target(ORDER_CATEGORY, event.order_id, command)]


def record_loss(event: ShipmentLost, delivery: Delivery) -> Sequence[Target]:
    command = RecordLoss(shipment_id=event.shipment_id, lines=_lines(event.lines), at=delivery.at)
    return [Target(ORDER_CATEGORY, event.order_id, command)]


def _lines(lines: Sequence[ShipmentLine]) -> tuple[MovedLine, ...]:
    return tuple(MovedLine(sku=line.sku, quantity=line.quantity) for line in lines)


# --- money


def _record(event: _OfPayment, command: MoneyCommand) -> Sequence[Target]:
    return (Target(ORDER_CATEGORY, event.order_id, command),)


def record_refund(event: PaymentRefunded, delivery: Delivery) -> Plan:
    told = event.model_dump(exclude={"order_id", "refunded_at"})
    return _and_cancellation(event, RecordRefund(**told, at=event.refunded_at), delivery)


def record_refund_failure(event: PaymentRefundFailed, delivery: Delivery) -> Plan:
    told = event.model_dump(exclude={"order_id"})
    return _and_cancellation(event, RecordRefundFailure(**told, at=delivery.at), delivery)


def _and_cancellation(event: PaymentRefunded | PaymentRefundFailed, command: MoneyCommand, delivery: Delivery) -> Plan:
    """The refund of a cancellation has its id. One that waits for payments to answer need not wait any more: the refund
    was given, or is on the payments' list of what needs a person.
    """

    async def plan(read: Read) -> Sequence[Target]:
        targets = _record(event, command)
        saga: Saga = await read(CANCELLATION, event.refund_id)
        if saga.status is Status.ABSENT:
            return targets
        return (*targets, Target(CANCELLATION, event.refund_id, ConfirmStep(step=REFUND, at=delivery.at)))

    return plan


def record_refund_resolution(event: PaymentRefundResolved, delivery: Delivery) -> Sequence[Target]:
    return _record(event, RecordRefundResolution(**event.model_dump(exclude={"order_id"}), at=delivery.at))


def record_dispute(event: PaymentDisputed, delivery: Delivery) -> Sequence[Target]:
    return _record(event, RecordDispute(**event.model_dump(exclude={"order_id"}), at=delivery.at))


def record_dispute_end(event: PaymentDisputeClosed, delivery: Delivery) -> Sequence[Target]:
    return _record(event, RecordDisputeEnd(**event.model_dump(exclude={"order_id"}), at=delivery.at))


_React = Callable[[Any, Delivery], Sequence[Target] | Plan]


def _payments(type_name: str, reads: type[Reads], react: _React) -> Reaction:
    return Reaction(service="payments", type=type_name, reads=reads, react=react)


REACTIONS = (
    Reaction(service="fulfillment", type="ShipmentDispatched.v1", reads=ShipmentDispatched, react=record_shipment),
    Reaction(service="fulfillment", type="ShipmentDelivered.v1", reads=ShipmentDelivered, react=record_delivery),
    Reaction(service="fulfillment", type="ShipmentLost.v1", reads=ShipmentLost, react=record_loss),
    _payments("PaymentRefunded.v1", PaymentRefunded, record_refund),
    _payments("PaymentRefundFailed.v1", PaymentRefundFailed, record_refund_failure),
    _payments("PaymentRefundResolved.v1", PaymentRefundResolved, record_refund_resolution),
    _payments("PaymentDisputed.v1", PaymentDisputed, record_dispute),
    _payments("PaymentDisputeClosed.v1", PaymentDisputeClosed, record_dispute_end),
)
