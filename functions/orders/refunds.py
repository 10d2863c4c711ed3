"""What an order knows of its money, which is what its payment tells: in any order, and more than once."""

from collections.abc import Sequence
from typing import assert_never

from functions.orders.commands import (
    MoneyCommand,
    RecordDispute,
    RecordDisputeEnd,
    RecordRefund,
    RecordRefundFailure,
    RecordRefundResolution,
)
from functions.orders.events import (
    MoneyEvent,
    OrderDisputeClosed,
    OrderDisputed,
    OrderRefunded,
    OrderRefundFailed,
    OrderRefundResolved,
)
from functions.orders.state import Dispute, Order, Refund, RefundStatus

_FAILED = frozenset({RefundStatus.FAILED, RefundStatus.PAID_OTHERWISE, RefundStatus.RESOLVED})


def record(command: MoneyCommand, order: Order) -> Sequence[MoneyEvent]:
    """A payment that the order was not paid by, such as one that an operator made by hand, is none of its business."""
    if order.created is None or command.payment_id != order.created.payment_id:
        return []
    told = command.model_dump(exclude={"payment_id"})
    match command:
        case RecordRefund():
            return [OrderRefunded(**told)] if command.refund_id not in order.refunds else []
        case RecordRefundFailure():
            return [OrderRefundFailed(**told)] if not _has_failed(order, command.refund_id) else []
        case RecordRefundResolution():
            return [OrderRefundResolved(**told)] if not _is_resolved(order, command.refund_id) else []
        case RecordDispute():
            return [OrderDisputed(**told)] if command.dispute_id not in order.disputes else []
        case RecordDisputeEnd():
            known = order.disputes.get(command.dispute_id)
            return [OrderDisputeClosed(**told)] if known is None or known.outcome is None else []
        case _:
            assert_never(command)


def _has_failed(order: Order, refund_id: str) -> bool:
    """Failed is the end of a refund, but for what a person does about it."""
    known = order.refunds.get(refund_id)
    return known is not None and known.status in _FAILED


def _is_resolved(order: Order, refund_id: str) -> bool:
    return _has_failed(order, refund_id) and order.refunds[refund_id].status is not RefundStatus.FAILED


def evolve(order: Order, event: MoneyEvent) -> dict[str, object]:
    match event:
        case OrderDisputed():
            return _with_dispute(order, event.dispute_id, Dispute(amount=event.amount.amount))
        case OrderDisputeClosed():
            closed = Dispute(amount=event.amount.amount, outcome=event.outcome)
            return _with_dispute(order, event.dispute_id, closed)
        case OrderRefunded():
            status = RefundStatus.COMPLETED
        case OrderRefundFailed():
            status = RefundStatus.FAILED
        case OrderRefundResolved():
            status = RefundStatus.PAID_OTHERWISE if event.paid_otherwise else RefundStatus.RESOLVED
        case _:
            assert_never(event)
    refund = Refund(status=status, amount=event.amount.amount)
    return {"refunds": {**order.refunds, event.refund_id: refund}}


def _with_dispute(order: Order, dispute_id: str, dispute: Dispute) -> dict[str, object]:
    return {"disputes": {**order.disputes, dispute_id: dispute}}
