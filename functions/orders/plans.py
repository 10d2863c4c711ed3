"""How the cancellation of a placed order begins: decided on what the log says of the order, one at a time.

What has left the house is fulfillment's to say: the workflow asks it first. Only what can never change is taken from
the order: its terms, and pieces that are known to be cancelled or gone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from functions.orders.amounts import counted, pieces
from functions.orders.events import MovedLine
from functions.orders.goods import quantities_of
from functions.orders.manifest import CANCELLATION, ORDER_CATEGORY
from functions.orders.state import Order, Status
from shared.eventsourcing.errors import DomainError, NotFoundError
from shared.eventsourcing.ids import derived_id
from shared.eventsourcing.joint import Read, Target
from shared.eventsourcing.workflow.commands import Start
from shared.eventsourcing.workflow.state import Saga
from shared.eventsourcing.workflow.state import Status as WorkflowStatus

MAX_CANCELLATIONS = 100
"""Of one order, of those that cancelled something: one that is refused leaves nothing behind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancellation:
    """What is asked for; without lines everything that has not left."""

    order_id: str
    lines: tuple[MovedLine, ...] | None
    reason: str
    at: datetime


async def cancellation_targets(asked: Cancellation, read: Read) -> Sequence[Target]:
    """The start of the workflow. It says all that its steps need to know of the order."""
    order: Order = await read(ORDER_CATEGORY, asked.order_id)
    _check(asked, order)
    cancellation_id = await _next(asked.order_id, read)
    data: dict[str, Any] = {
        "cancellation_id": cancellation_id,
        **order.terms.model_dump(include={"order_id", "customer_id", "reservation_id", "payment_id"}),
        "ordered": [{"sku": line.sku, "quantity": line.quantity} for line in order.terms.lines],
        "lines": None if asked.lines is None else [line.model_dump() for line in asked.lines],
        "reason": asked.reason,
    }
    start = Start(workflow_id=cancellation_id, data=data, at=asked.at)
    return [Target(CANCELLATION, cancellation_id, start)]


def _check(asked: Cancellation, order: Order) -> None:
    match order.status:
        case Status.ABSENT:
            raise NotFoundError("order-not-found", "there is no such order")
        case Status.CREATED | Status.CONFIRMED:
            raise DomainError("order-in-checkout", "turn its checkout back instead, by force-compensate")
        case Status.CANCELLED:
            raise DomainError("order-cancelled", "the order is cancelled")
        case Status.PLACED if len(order.cancellations) >= MAX_CANCELLATIONS:
            raise DomainError("too-many-cancellations", f"an order has at most {MAX_CANCELLATIONS} cancellations")
        case Status.PLACED:
            _check_lines(asked.lines, order)
        case _:
            raise DomainError("order-is-shipped", "what has left the house comes back as a return")


def _check_lines(lines: Sequence[MovedLine] | None, order: Order) -> None:
    """More may have left than the order has heard of."""
    if lines is None:
        return
    moved = counted(order.shipped, pieces(order.cancellations.values()), quantities_of(lines, order))
    for line in order.terms.lines:
        if moved.get(line.sku, 0) > line.quantity:
            detail = f"{line.sku}: more than is left of {line.quantity} that were ordered"
            raise DomainError("not-cancellable", detail, field=line.sku)


async def _next(order_id: str, read: Read) -> str:
    """The first number that is free, if the one before it is over. Two that choose the same one meet there.

    Numbers are taken one after the other, so the first free one is found by halves, however many were refused.
    """

    async def saga(number: int) -> Saga:
        found: Saga = await read(CANCELLATION, _cancellation_id(order_id, number))
        return found

    async def is_free(number: int) -> bool:
        return (await saga(number)).status is WorkflowStatus.ABSENT

    taken, free = 0, 1
    while not await is_free(free):
        taken, free = free, 2 * free
    while free - taken > 1:
        middle = (taken + free) // 2
        taken, free = (taken, middle) if await is_free(middle) else (middle, free)
    if taken and not (await saga(taken)).is_over:
        raise DomainError("cancellation-under-way", f"wait for the end of {_cancellation_id(order_id, taken)}")
    return _cancellation_id(order_id, free)


def _cancellation_id(order_id: str, number: int) -> str:
    return derived_id(f"{order_id}-c{number}")
