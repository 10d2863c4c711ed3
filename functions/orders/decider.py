"""The rules of an order."""

from collections.abc import Sequence
from typing import assert_never

from functions.orders import goods, refunds
from functions.orders.amounts import created, is_all, opened, pieces
from functions.orders.commands import (
    CancelLines,
    CancelOrder,
    CompleteReturn,
    ConfirmOrder,
    CreateOrder,
    MoneyCommand,
    OpenReturn,
    OrderCommand,
    PlaceOrder,
    RecordDelivery,
    RecordLoss,
    RecordShipment,
)
from functions.orders.events import (
    GoodsEvent,
    LinesCancelled,
    OrderCancelled,
    OrderConfirmed,
    OrderCreated,
    OrderDelivered,
    OrderEvent,
    OrderLost,
    OrderPlaced,
    OrderReturned,
    OrderShipmentLost,
    OrderShipped,
    ReturnCancelled,
    ReturnOpened,
)
from functions.orders.goods import quantities_of
from functions.orders.manifest import ORDER_CATEGORY
from functions.orders.state import Order, Return, ReturnStatus, Status
from shared.eventsourcing.codec import Codec
from shared.eventsourcing.decider import Decider
from shared.eventsourcing.errors import DomainError, NotFoundError

_NAMES = {"order_id", "customer_id", "checkout_id"}
"""Of an order, what its end says."""

# --- decide


def decide(command: OrderCommand, order: Order) -> Sequence[OrderEvent]:
    if isinstance(command, CreateOrder):
        return _create(command, order)
    if isinstance(command, CancelOrder):
        return _cancel(command, order)
    if isinstance(command, MoneyCommand):
        return refunds.record(command, order)
    if order.status is Status.ABSENT:
        raise NotFoundError("order-not-found", "there is no such order")
    match command:
        case ConfirmOrder():
            return _confirm(command, _standing(order))
        case PlaceOrder():
            return _place(command, _standing(order))
        case CancelLines():
            return _with_end(command, order, goods.cancel_lines(command, _paid(order)))
        case RecordShipment():
            return goods.ship(command, _paid(order))
        case RecordDelivery():
            return goods.deliver(command, _paid(order))
        case RecordLoss():
            return _with_end(command, order, goods.lose(command, _paid(order)))
        case OpenReturn():
            return _open_return(command, _paid(order))
        case CompleteReturn():
            return _complete_return(command, order)
        case _:
            assert_never(command)


def _standing(order: Order) -> Order:
    if order.status is Status.CANCELLED:
        raise DomainError("order-cancelled", "the order is cancelled")
    return order


def _paid(order: Order) -> Order:
    if _standing(order).status in {Status.CREATED, Status.CONFIRMED}:
        raise DomainError("order-not-placed", f"the order is only {order.status}")
    return order


# --- up to the payment


def _create(command: CreateOrder, order: Order) -> Sequence[OrderEvent]:
    if order.status is Status.ABSENT:
        return [created(command)]
    if _standing(order).terms == created(command).model_copy(update={"at": order.terms.at}):
        return []
    raise DomainError("order-exists", "an order with this id was created differently")


def _confirm(command: ConfirmOrder, order: Order) -> Sequence[OrderEvent]:
    if order.status is not Status.CREATED:
        return []
    terms = order.terms
    return [OrderConfirmed(order_id=terms.order_id, customer_id=terms.customer_id, at=command.at)]


def _place(command: PlaceOrder, order: Order) -> Sequence[OrderEvent]:
    terms = order.terms
    if order.status is Status.CREATED:
        raise DomainError("order-not-confirmed", "an order is confirmed before it is placed")
    if command.payment_id != terms.payment_id:
        raise DomainError("payment-differs", f"the order is paid by {terms.payment_id}", field="payment_id")
    if command.captured != terms.total:
        raise DomainError("captured-differs", f"the order comes to {terms.total.amount} cents", field="captured")
    if order.status is not Status.CONFIRMED:
        return []
    return [OrderPlaced(**{**terms.model_dump(), "at": command.at})]


def _cancel(command: CancelOrder, order: Order) -> Sequence[OrderEvent]:
    """Of an order that was never created a tombstone remains: a late create finds it and is refused."""
    if order.status is Status.CANCELLED:
        return []
    if order.status not in {Status.ABSENT, Status.CREATED, Status.CONFIRMED}:
        raise DomainError("order-is-placed", "a placed order is cancelled when its shipments are stopped")
    return [_cancelled(command, command.order_id, order.created)]


def _cancelled(command: CancelOrder | CancelLines, order_id: str, terms: OrderCreated | None) -> OrderCancelled:
    return OrderCancelled(
        order_id=order_id,
        customer_id=terms.customer_id if terms else "",
        checkout_id=terms.checkout_id if terms else "",
        reservation_id=terms.reservation_id if terms else "",
        payment_id=terms.payment_id if terms else "",
        reason=command.reason,
        placed=isinstance(command, CancelLines),
        at=command.at,
    )


def _with_end(command: CancelLines | RecordLoss, order: Order, events: Sequence[GoodsEvent]) -> Sequence[OrderEvent]:
    """An order comes to nothing as soon as all of its pieces are cancelled or lost. Its coupons are given back then, by
    the service that hears of it; never for a return, as what comes back was bought with them.
    """
    ends = {event.status for event in events if isinstance(event, LinesCancelled | OrderShipmentLost)}
    if isinstance(command, CancelLines) and "cancelled" in ends:
        return [*events, _cancelled(command, order.terms.order_id, order.terms)]
    if "lost" in ends:
        return [*events, OrderLost(**order.terms.model_dump(include=_NAMES), at=command.at)]
    return events


# --- returns


def _open_return(command: OpenReturn, order: Order) -> Sequence[OrderEvent]:
    known = order.returns.get(command.return_id)
    quantities = quantities_of(command.lines, order)
    if known and known.status is ReturnStatus.CANCELLED:
        raise DomainError("return-cancelled", "the return is cancelled")
    if known and known.opened and pieces((known.opened,)) == quantities:
        return []
    if known:
        raise DomainError("return-exists", "a return with this id holds other lines", field="lines")
    back, arrived = pieces(order.coming_back), order.arrived
    for sku, quantity in quantities.items():
        left = arrived.get(sku, 0) - back.get(sku, 0)
        if quantity > left:
            raise DomainError("not-returnable", f"{sku}: {left} can be returned", field=sku)
    return [opened(command, order)]


def _complete_return(command: CompleteReturn, order: Order) -> Sequence[OrderEvent]:
    known = order.returns.get(command.return_id)
    if known is None:
        raise NotFoundError("return-not-found", "there is no such return")
    if known.status is ReturnStatus.COMPLETED:
        return []
    if known.status is ReturnStatus.CANCELLED or known.opened is None:
        raise DomainError("return-cancelled", "the return is cancelled")
    back = pieces((*order.opened(ReturnStatus.COMPLETED), known.opened, *order.never_arriving))
    return [
        OrderReturned(
            order_id=order.terms.order_id,
            customer_id=order.terms.customer_id,
            return_id=command.return_id,
            lines=known.opened.lines,
            refund=known.opened.refund,
            complete=is_all(order.terms, back),
            at=command.at,
        )
    ]


# --- evolve


def evolve(order: Order, event: OrderEvent) -> Order:
    match event:
        case OrderCreated():
            changed: dict[str, object] = {"status": Status.CREATED, "created": event}
        case OrderConfirmed():
            changed = {"status": Status.CONFIRMED}
        case OrderPlaced():
            changed = {"status": Status.PLACED}
        case OrderCancelled():
            changed = {"status": Status.CANCELLED}
        case OrderLost():
            changed = {"status": Status.LOST}
        case ReturnOpened():
            changed = _with_return(order, event.return_id, Return(status=ReturnStatus.OPEN, opened=event))
        case ReturnCancelled():
            changed = _with_status(order, event.return_id, ReturnStatus.CANCELLED)
        case OrderReturned():
            changed = _with_status(order, event.return_id, ReturnStatus.COMPLETED)
            if event.complete:
                changed["status"] = Status.RETURNED
        case OrderShipped() | OrderDelivered() | OrderShipmentLost() | LinesCancelled():
            changed = goods.evolve(order, event)
        case _:
            changed = refunds.evolve(order, event)
    return order.model_copy(update=changed)


def _with_status(order: Order, return_id: str, status: ReturnStatus) -> dict[str, object]:
    known = order.returns.get(return_id)
    return _with_return(order, return_id, Return(status=status, opened=known.opened if known else None))


def _with_return(order: Order, return_id: str, changed: Return) -> dict[str, object]:
    return {"returns": {**order.returns, return_id: changed}}


ORDER = Decider[OrderCommand, OrderEvent, Order](
    category=ORDER_CATEGORY,
    decide=decide,
    evolve=evolve,
    initial_state=Order,
    state_type=Order,
    codec=Codec[OrderEvent](OrderEvent),
)
