"""The orders' commands over HTTP: for the workflows of checkouts, returns and cancellations, and for people."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from functions.orders.commands import (
    CancelLines,
    CancelOrder,
    CompleteReturn,
    ConfirmOrder,
    CreateOrder,
    OpenReturn,
    PlaceOrder,
    PricedLine,
)
from functions.orders.events import MovedLine, OrderDiscount
from functions.orders.manifest import CANCELLATION, NAME, ORDER_CATEGORY
from functions.orders.plans import Cancellation, cancellation_targets
from functions.orders.state import Order
from shared.eventsourcing.joint import Read, Target
from shared.eventsourcing.money import Money
from shared.eventsourcing.personal import PREFIX
from shared.http.auth import OPERATORS, PEOPLE, Role
from shared.http.command_api import Call, CommandApi, CommandEndpoint, JointEndpoint, open_to_its_roles
from shared.http.requests import AnyCaseId, Body, Id, Moment, PayableCurrency, ReturnReason, ShopReason, WorkflowReason
from shared.http.workflow_api import workflow_commands

MAX_LINES = 500
"""As many as a cart holds."""
MAX_DISCOUNTS = 5000
"""Each coupon takes something off each of its lines."""
WORKFLOWS = frozenset({Role.SERVICE})
"""Only a workflow drives here what it began, so that nobody takes it back under a running one; people ask workflows."""
Quantity = Annotated[int, Field(ge=1, le=10**9)]


class PricedLineBody(Body):
    """`unit_price` is null where one has no price of its own; `total` is for all of `quantity`, before discounts."""

    sku: Id
    quantity: Quantity
    unit_price: Money | None
    total: Money


class DiscountBody(Body):
    """`sku` is the product whose line the discount was taken off; without one it is shared by all lines."""

    code: AnyCaseId
    sku: Id | None = None
    amount: Money


class CreateOrderBody(Body):
    """Everything that was agreed on. The address is sealed and stays so; `at` is when it was agreed, if not now.
    `total` is what is going to be taken for it: who states it hears at once if the order comes to something else.
    """

    customer_id: Id
    checkout_id: Id
    currency: PayableCurrency
    lines: list[PricedLineBody] = Field(min_length=1, max_length=MAX_LINES)
    discounts: list[DiscountBody] = Field(max_length=MAX_DISCOUNTS)
    shipping: Money
    tax: Money
    total: Money | None = None
    shipping_address: str = Field(pattern=f"^{PREFIX}", max_length=8192)
    reservation_id: Id
    payment_id: Id
    at: Moment | None = None


class AtBody(Body):
    """`at` is when it happened, if not now."""

    at: Moment | None = None


class PlaceOrderBody(AtBody):
    """What was taken from the customer, and by which payment."""

    payment_id: Id
    captured: Money


class AbandonBody(AtBody):
    reason: WorkflowReason


class MovedLineBody(Body):
    sku: Id
    quantity: Quantity


class CancelBody(Body):
    """`lines` are not to be sent; without them everything that has not left."""

    lines: list[MovedLineBody] | None = Field(None, min_length=1, max_length=MAX_LINES)
    reason: ShopReason


class CancelLinesBody(Body):
    """What fulfillment has stopped for a cancellation."""

    cancellation_id: Id
    lines: list[MovedLineBody] = Field(min_length=1, max_length=MAX_LINES)
    reason: ShopReason


class OpenReturnBody(AtBody):
    """What has come back, of what was delivered and is not back already."""

    return_id: Id
    lines: list[MovedLineBody] = Field(min_length=1, max_length=MAX_LINES)
    reason: ReturnReason


def _create(body: CreateOrderBody, call: Call) -> CreateOrder:
    return CreateOrder(
        order_id=call.entity_id,
        customer_id=body.customer_id,
        checkout_id=body.checkout_id,
        currency=body.currency,
        lines=tuple(PricedLine(**line.model_dump()) for line in body.lines),
        discounts=tuple(OrderDiscount(**each.model_dump()) for each in body.discounts),
        shipping=body.shipping,
        tax=body.tax,
        total=body.total,
        shipping_address=body.shipping_address,
        reservation_id=body.reservation_id,
        payment_id=body.payment_id,
        at=call.at(body.at),
    )


def _confirm(body: AtBody, call: Call) -> ConfirmOrder:
    return ConfirmOrder(at=call.at(body.at))


def _place(body: PlaceOrderBody, call: Call) -> PlaceOrder:
    return PlaceOrder(payment_id=body.payment_id, captured=body.captured, at=call.at(body.at))


def _abandon(body: AbandonBody, call: Call) -> CancelOrder:
    return CancelOrder(order_id=call.entity_id, reason=body.reason, at=call.at(body.at))


async def _start_cancellation(body: CancelBody, call: Call, read: Read) -> Sequence[Target]:
    lines = None if body.lines is None else _lines(body.lines)
    asked = Cancellation(order_id=call.path["order_id"], lines=lines, reason=body.reason, at=call.now)
    return await cancellation_targets(asked, read)


def _cancel_lines(body: CancelLinesBody, call: Call) -> CancelLines:
    lines = _lines(body.lines)
    return CancelLines(cancellation_id=body.cancellation_id, lines=lines, reason=body.reason, at=call.now)


def _open_return(body: OpenReturnBody, call: Call) -> OpenReturn:
    return OpenReturn(return_id=body.return_id, lines=_lines(body.lines), reason=body.reason, at=call.at(body.at))


def _lines(bodies: Sequence[MovedLineBody]) -> tuple[MovedLine, ...]:
    return tuple(MovedLine(sku=body.sku, quantity=body.quantity) for body in bodies)


def _complete_return(body: AtBody, call: Call) -> CompleteReturn:
    return CompleteReturn(return_id=call.path["return_id"], at=call.at(body.at))


ORDER_COMMANDS = CommandApi[Order](
    service=NAME,
    category=ORDER_CATEGORY,
    entity="/orders/{order_id}",
    guard=open_to_its_roles,
    endpoints=(
        CommandEndpoint(
            method="PUT",
            path="/orders/{order_id}",
            body=CreateOrderBody,
            build=_create,
            roles=OPERATORS,
            summary="Create an order.",
        ),
        CommandEndpoint(
            method="POST",
            path="/orders/{order_id}/confirm",
            body=AtBody,
            build=_confirm,
            roles=OPERATORS,
            summary="Everything that the order needs is there.",
        ),
        CommandEndpoint(
            method="POST",
            path="/orders/{order_id}/place",
            body=PlaceOrderBody,
            build=_place,
            roles=OPERATORS,
            summary="The order is paid.",
        ),
        CommandEndpoint(
            method="POST",
            path="/orders/{order_id}/abandon",
            body=AbandonBody,
            build=_abandon,
            roles=WORKFLOWS,
            summary="Its checkout gives up an order that is not placed; one that is not there yet will never be.",
        ),
        CommandEndpoint(
            method="POST",
            path="/orders/{order_id}/cancellations",
            body=CancelLinesBody,
            build=_cancel_lines,
            roles=WORKFLOWS,
            summary="Pieces were stopped and will not be sent; the order then says what is refunded for them.",
        ),
        CommandEndpoint(
            method="POST",
            path="/orders/{order_id}/returns",
            body=OpenReturnBody,
            build=_open_return,
            roles=WORKFLOWS,
            summary="Open a return; the order then says what is refunded for it.",
        ),
        CommandEndpoint(
            method="POST",
            path="/orders/{order_id}/returns/{return_id}/complete",
            body=AtBody,
            build=_complete_return,
            roles=WORKFLOWS,
            summary="The goods are back, and their refund was asked for.",
        ),
    ),
)
CANCELLATION_COMMANDS = workflow_commands(
    NAME,
    CANCELLATION,
    "/cancellations/{cancellation_id}",
    JointEndpoint(
        method="POST",
        path="/orders/{order_id}/cancel",
        body=CancelBody,
        plan=_start_cancellation,
        creates=True,
        roles=PEOPLE,
        summary="Cancel a placed order, or pieces of it, that have not left; 409 while another one is under way.",
    ),
)
