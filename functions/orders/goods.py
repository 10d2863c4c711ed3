"""What becomes of an order's goods: shipped, delivered or lost, or cancelled before they left.

Fulfillment decides which; its news come in any order and more than once. No piece is both shipped and cancelled. What
was lost may turn up and be delivered: then the customer has both the goods and what was given back for them, and the
goods can be returned for no more than is left of the order.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import assert_never

from functions.orders.amounts import counted, is_all, pieces, refund_of
from functions.orders.commands import CancelLines, RecordDelivery, RecordLoss, RecordShipment
from functions.orders.events import (
    GoodsEvent,
    LinesCancelled,
    MovedLine,
    OrderDelivered,
    OrderShipmentLost,
    OrderShipped,
)
from functions.orders.state import Order, ReturnStatus, Status
from shared.eventsourcing.errors import DomainError
from shared.eventsourcing.ids import derived_id


def quantities_of(lines: Sequence[MovedLine], order: Order) -> dict[str, int]:
    """By product; each is named once, and was ordered."""
    quantities = {line.sku: line.quantity for line in lines}
    if not lines or len(quantities) < len(lines) or min(quantities.values()) < 1:
        raise DomainError("lines-invalid", "at least one of each product, and each product once", field="lines")
    if unknown := quantities.keys() - {line.sku for line in order.terms.lines}:
        raise DomainError("not-ordered", f"{min(unknown)} was not ordered", field=min(unknown))
    return quantities


def _moved(order: Order, more: Mapping[str, int]) -> dict[str, int]:
    """What is shipped or cancelled with these, by product; DomainError if that is more than was ordered."""
    moved = counted(order.shipped, pieces(order.cancellations.values()), more)
    for line in order.terms.lines:
        if moved.get(line.sku, 0) > line.quantity:
            raise DomainError("more-than-ordered", f"{line.sku}: {line.quantity} were ordered", field=line.sku)
    return moved


def rest(order: Order) -> Status:
    """What a paid order is, by what remains of it."""
    cancelled, lost = pieces(order.cancellations.values()), pieces(order.still_lost)
    back = pieces(order.opened(ReturnStatus.COMPLETED))
    is_every = partial(is_all, order.terms)
    if is_every(cancelled):
        return Status.CANCELLED
    if not is_every(counted(cancelled, order.shipped)):
        return Status.PLACED
    if is_every(counted(cancelled, lost)):
        return Status.LOST
    if is_every(counted(cancelled, lost, back)):
        return Status.RETURNED
    return Status.DELIVERED if {*order.delivered, *order.losses} >= set(order.shipments) else Status.SHIPPED


def ship(command: RecordShipment | RecordDelivery | RecordLoss, order: Order) -> list[GoodsEvent]:
    if command.shipment_id in order.shipments:
        return []
    moved = _moved(order, quantities_of(command.lines, order))
    return [
        OrderShipped(
            order_id=order.terms.order_id,
            customer_id=order.terms.customer_id,
            shipment_id=command.shipment_id,
            lines=command.lines,
            complete=is_all(order.terms, moved),
            at=command.at,
        )
    ]


def deliver(command: RecordDelivery, order: Order) -> list[GoodsEvent]:
    """The news that a shipment left may come after the news that it arrived: then this tells both."""
    if command.shipment_id in order.delivered:
        return []
    shipped = ship(command, order)
    delivered = OrderDelivered(
        order_id=order.terms.order_id,
        customer_id=order.terms.customer_id,
        shipment_id=command.shipment_id,
        complete=False,
        at=command.at,
    )
    complete = rest(_after(order, *shipped, delivered)) is Status.DELIVERED
    return [*shipped, delivered.model_copy(update={"complete": complete})]


def lose(command: RecordLoss, order: Order) -> list[GoodsEvent]:
    """As above. What was given up already is not refunded again, and what is known to have turned up not at all."""
    if command.shipment_id in order.losses or command.shipment_id in order.delivered:
        return []
    shipped, terms = ship(command, order), order.terms
    lost = OrderShipmentLost(
        order_id=terms.order_id,
        customer_id=terms.customer_id,
        shipment_id=command.shipment_id,
        payment_id=terms.payment_id,
        refund_id=derived_id(f"lost-{command.shipment_id}"),
        **refund_of(quantities_of(command.lines, order), order),
        status=Status.SHIPPED.value,
        at=command.at,
    )
    return [*shipped, lost.model_copy(update={"status": rest(_after(order, *shipped, lost)).value})]


def cancel_lines(command: CancelLines, order: Order) -> list[LinesCancelled]:
    """Fulfillment has stopped them: nothing of it can have left."""
    if command.cancellation_id in order.cancellations:
        return []
    quantities, terms = quantities_of(command.lines, order), order.terms
    _moved(order, quantities)
    cancelled = LinesCancelled(
        order_id=terms.order_id,
        customer_id=terms.customer_id,
        cancellation_id=command.cancellation_id,
        **refund_of(quantities, order),
        reason=command.reason,
        status=Status.PLACED.value,
        at=command.at,
    )
    return [cancelled.model_copy(update={"status": rest(_after(order, cancelled)).value})]


def _after(order: Order, *events: GoodsEvent) -> Order:
    for event in events:
        order = order.model_copy(update=evolve(order, event))
    return order


def evolve(order: Order, event: GoodsEvent) -> dict[str, object]:
    match event:
        case OrderShipped():
            lines = {line.sku: line.quantity for line in event.lines}
            status = {"status": Status.SHIPPED} if event.complete else {}
            shipments = {**order.shipments, event.shipment_id: lines}
            return {"shipped": counted(order.shipped, lines), "shipments": shipments, **status}
        case OrderDelivered():
            found = event.shipment_id in order.losses
            arrived = event.complete and (found or order.status is not Status.RETURNED)
            status = {"status": Status.DELIVERED} if arrived else {}
            return {"delivered": (*order.delivered, event.shipment_id), **status}
        case OrderShipmentLost():
            return {"losses": {**order.losses, event.shipment_id: event}, "status": Status(event.status)}
        case LinesCancelled():
            cancellations = {**order.cancellations, event.cancellation_id: event}
            return {"cancellations": cancellations, "status": Status(event.status)}
        case _:
            assert_never(event)
