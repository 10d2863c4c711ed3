"""From events to the read models of orders and cancellations: pure functions of (document | None, event)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal, assert_never

from functions.orders.events import (
    GoodsEvent,
    LinesCancelled,
    MoneyEvent,
    MovedLine,
    OrderCancelled,
    OrderConfirmed,
    OrderCreated,
    OrderDelivered,
    OrderDisputeClosed,
    OrderDisputed,
    OrderEvent,
    OrderLost,
    OrderPlaced,
    OrderRefunded,
    OrderRefundFailed,
    OrderRefundResolved,
    OrderReturned,
    OrderShipmentLost,
    OrderShipped,
    RefundedLine,
    ReturnCancelled,
    ReturnedLine,
    ReturnOpened,
)
from functions.orders.manifest import CANCELLATION, CANCELLATIONS, ORDER_CATEGORY, ORDERS
from functions.orders.read_models import (
    CancellationView,
    CancelledView,
    DiscountView,
    DisputeView,
    OrderLineView,
    OrderView,
    RefundedLineView,
    RefundView,
    ReturnLineView,
    ReturnView,
    ShipmentLineView,
    ShipmentView,
)
from shared.eventsourcing.codec import Codec
from shared.eventsourcing.money import Money
from shared.eventsourcing.projection import Projection, Scalar
from shared.eventsourcing.workflow.events import WorkflowEvent, WorkflowFailed
from shared.eventsourcing.workflow.projection import workflow_projection

_Later = (
    OrderConfirmed
    | OrderPlaced
    | OrderCancelled
    | OrderLost
    | ReturnOpened
    | ReturnCancelled
    | OrderReturned
    | GoodsEvent
    | MoneyEvent
)
"""What can happen to an order that exists."""


def project_order(document: OrderView | None, event: OrderEvent) -> OrderView | None:
    """An order that was cancelled before it was created has no document: there is nothing to show."""
    if isinstance(event, OrderCreated):
        return _created(event)
    if document is None and isinstance(event, OrderCancelled):
        return None
    if document is None:
        raise ValueError(f"{type(event).__name__} before OrderCreated")
    return document.model_copy(update={**_changed(document, event), "changed_at": event.at})


def _changed(document: OrderView, event: _Later) -> Mapping[str, object]:
    match event:
        case OrderConfirmed():
            return {"status": "confirmed"}
        case OrderPlaced():
            return {"status": "placed", "placed_at": event.at}
        case OrderCancelled():
            return {"status": "cancelled", "cancel_reason": event.reason}
        case OrderLost():
            return {"status": "lost"}
        case OrderShipped() | OrderDelivered() | OrderShipmentLost() | LinesCancelled():
            return _goods(document, event)
        case ReturnOpened():
            return {"returns": [*document.returns, _opened(event)]}
        case ReturnCancelled():
            return {"returns": _cancelled(document, event)}
        case OrderReturned():
            returns = [_with_status(each, event.return_id, "completed") for each in document.returns]
            status = "returned" if event.complete else document.status
            return {"lines": _moved(document.lines, event.lines, "returned"), "returns": returns, "status": status}
        case _:
            return _money(document, event)


def _goods(document: OrderView, event: GoodsEvent) -> Mapping[str, object]:
    """What becomes of the order's goods."""
    match event:
        case OrderShipped():
            status = "shipped" if event.complete else document.status
            shipments = [*document.shipments, _left(event)]
            return {"lines": _moved(document.lines, event.lines, "shipped"), "shipments": shipments, "status": status}
        case OrderDelivered():
            found = [x for x in document.shipments if (x.shipment_id, x.status) == (event.shipment_id, "lost")]
            arrived = event.complete and (bool(found) or document.status != "returned")
            return {
                "lines": _found(document.lines, found),
                "shipments": [_delivered(each, event) for each in document.shipments],
                "status": "delivered" if arrived else document.status,
            }
        case OrderShipmentLost():
            shipments = [_lost(each, event.shipment_id) for each in document.shipments]
            lines = _moved(document.lines, event.lines, "lost")
            return {"lines": lines, "shipments": shipments, "status": event.status}
        case LinesCancelled():
            cancellations = [*document.cancellations, _cancellation(event)]
            lines = _moved(document.lines, event.lines, "cancelled")
            return {"lines": lines, "cancellations": cancellations, "status": event.status}
        case _:
            assert_never(event)


def _money(document: OrderView, event: MoneyEvent) -> Mapping[str, object]:
    """What its payment tells of the order's money."""
    match event:
        case OrderRefunded():
            return _with_refund(
                document, RefundView(refund_id=event.refund_id, amount=event.amount, status="completed")
            )
        case OrderRefundFailed():
            return _with_refund(
                document,
                RefundView(refund_id=event.refund_id, amount=event.amount, status="failed", code=event.code),
            )
        case OrderRefundResolved():
            status: Literal["paid-otherwise", "resolved"] = "paid-otherwise" if event.paid_otherwise else "resolved"
            return _with_refund(document, RefundView(refund_id=event.refund_id, amount=event.amount, status=status))
        case OrderDisputed():
            opened = DisputeView(dispute_id=event.dispute_id, amount=event.amount, reason=event.reason, status="open")
            return {"disputes": [*document.disputes, opened]}
        case OrderDisputeClosed():
            return {"disputes": _with_outcome(document.disputes, event)}
        case _:
            assert_never(event)


def _with_refund(document: OrderView, refund: RefundView) -> Mapping[str, object]:
    others = [each for each in document.refunds if each.refund_id != refund.refund_id]
    given = [each.amount.amount for each in (*others, refund) if each.status in {"completed", "paid-otherwise"}]
    failed = {"refund_failed": refund.status == "failed"}
    return {
        "refunds": [*others, refund],
        "refunded": Money(amount=sum(given), currency=document.currency),
        "returns": [x.model_copy(update=failed) if x.return_id == refund.refund_id else x for x in document.returns],
    }


def _with_outcome(disputes: Sequence[DisputeView], event: OrderDisputeClosed) -> list[DisputeView]:
    """Of one that nobody heard of before, the reason is not known."""
    known = {each.dispute_id: each for each in disputes}
    reason = known[event.dispute_id].reason if event.dispute_id in known else None
    closed = DisputeView(dispute_id=event.dispute_id, amount=event.amount, reason=reason, status=event.outcome)
    return list({**known, event.dispute_id: closed}.values())


def _created(event: OrderCreated) -> OrderView:
    return OrderView(
        id=event.order_id,
        customer_id=event.customer_id,
        checkout_id=event.checkout_id,
        status="created",
        currency=event.currency,
        lines=[OrderLineView(**line.model_dump(), shipped=0, returned=0) for line in event.lines],
        discounts=[DiscountView(code=each.code, sku=each.sku, amount=each.amount) for each in event.discounts],
        subtotal=event.subtotal,
        discount=event.discount,
        shipping=event.shipping,
        tax=event.tax,
        total=event.total,
        refunded=Money(amount=0, currency=event.currency),
        reservation_id=event.reservation_id,
        payment_id=event.payment_id,
        shipments=[],
        returns=[],
        cancel_reason=None,
        created_at=event.at,
        placed_at=None,
        changed_at=event.at,
    )


def _moved(
    lines: Sequence[OrderLineView],
    moved: Sequence[MovedLine | ReturnedLine | RefundedLine],
    what: Literal["shipped", "returned", "cancelled", "lost"],
) -> list[OrderLineView]:
    more = {line.sku: line.quantity for line in moved}
    return [line.model_copy(update={what: getattr(line, what) + more.get(line.sku, 0)}) for line in lines]


def _lost(shipment: ShipmentView, shipment_id: str) -> ShipmentView:
    return shipment.model_copy(update={"status": "lost"}) if shipment.shipment_id == shipment_id else shipment


def _found(lines: Sequence[OrderLineView], shipments: Sequence[ShipmentView]) -> list[OrderLineView]:
    """What turned up is not lost any more."""
    less = {line.sku: line.quantity for shipment in shipments for line in shipment.lines}
    return [line.model_copy(update={"lost": line.lost - less.get(line.sku, 0)}) for line in lines]


def _cancellation(event: LinesCancelled) -> CancelledView:
    lines = [RefundedLineView(**line.model_dump()) for line in event.lines]
    told = event.model_dump(include={"cancellation_id", "shipping", "refund", "reason"})
    return CancelledView(**told, lines=lines)


def _left(event: OrderShipped) -> ShipmentView:
    lines = [ShipmentLineView(sku=line.sku, quantity=line.quantity) for line in event.lines]
    return ShipmentView(shipment_id=event.shipment_id, status="shipped", lines=lines)


def _delivered(shipment: ShipmentView, event: OrderDelivered) -> ShipmentView:
    if shipment.shipment_id != event.shipment_id:
        return shipment
    return shipment.model_copy(update={"status": "delivered", "delivered_at": event.at})


def _opened(event: ReturnOpened) -> ReturnView:
    return ReturnView(
        return_id=event.return_id,
        status="open",
        lines=[ReturnLineView(sku=line.sku, quantity=line.quantity, refund=line.refund) for line in event.lines],
        shipping=event.shipping,
        refund=event.refund,
        reason=event.reason,
    )


def _cancelled(document: OrderView, event: ReturnCancelled) -> list[ReturnView]:
    """One that was never opened is shown all the same: it explains why it cannot be opened any more."""
    if any(each.return_id == event.return_id for each in document.returns):
        return [_with_status(each, event.return_id, "cancelled") for each in document.returns]
    nothing = Money(amount=0, currency=document.currency)
    tombstone = ReturnView(
        return_id=event.return_id, status="cancelled", lines=[], shipping=nothing, refund=nothing, reason=event.reason
    )
    return [*document.returns, tombstone]


def _with_status(shown: ReturnView, return_id: str, status: Literal["completed", "cancelled"]) -> ReturnView:
    return shown.model_copy(update={"status": status}) if shown.return_id == return_id else shown


def _fields(document: OrderView) -> Mapping[str, Scalar]:
    return {"customer_id": document.customer_id, "status": document.status, "created_at": document.created_at}


ORDERS_PROJECTION = Projection[OrderEvent, OrderView](
    category=ORDER_CATEGORY,
    collection=ORDERS,
    document_type=OrderView,
    codec=Codec[OrderEvent](OrderEvent),
    project=project_order,
    fields=_fields,
)


def _that_can_be_refused(
    projection: Projection[WorkflowEvent, CancellationView],
) -> Projection[WorkflowEvent, CancellationView]:
    """One that came to nothing was refused: `reason` says by whom, and why."""

    def project(document: CancellationView | None, event: WorkflowEvent) -> CancellationView | None:
        shown = projection.project(document, event)
        return shown.model_copy(update={"status": "refused"}) if shown and isinstance(event, WorkflowFailed) else shown

    return replace(projection, project=project)


CANCELLATIONS_PROJECTION = _that_can_be_refused(
    workflow_projection(CANCELLATION, CANCELLATIONS, CancellationView, fields=("customer_id", "order_id"))
)
