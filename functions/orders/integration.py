"""What other services may know of orders: pure maps from private events to published ones."""

from collections.abc import Sequence
from typing import ClassVar

from pydantic import AwareDatetime, BaseModel, ConfigDict
from pydantic.config import JsonDict

from functions.orders import events
from functions.orders.events import OrderEvent
from shared.eventsourcing.message import IntegrationEvent
from shared.eventsourcing.money import Currency, Money
from shared.eventsourcing.personal import Sealed
from shared.eventsourcing.workflow.events import WorkflowEvent

_ORDER_ID = "5f0c7a52-3c54-4d3b-9f0e-2a2a2f6b8a11"
_NAMED: JsonDict = {"order_id": _ORDER_ID, "customer_id": "900"}


def _usd(cents: int) -> JsonDict:
    return {"amount": cents, "currency": "USD"}


EXAMPLE_PLACED: JsonDict = {
    **_NAMED,
    "currency": "USD",
    "lines": [{"sku": "1095275", "quantity": 2, "unit_price": _usd(199), "total": _usd(398)}],
    "discounts": [{"code": "10000085364", "sku": "1095275", "amount": _usd(50)}],
    "subtotal": _usd(398),
    "discount": _usd(50),
    "shipping": _usd(499),
    "tax": _usd(28),
    "total": _usd(875),
    "shipping_address": "sealed:v1:900:c2VhbGVk",
    "reservation_id": _ORDER_ID,
    "payment_id": _ORDER_ID,
    "placed_at": "2017-03-06T12:05:00Z",
}
EXAMPLE_CANCELLED: JsonDict = {
    **_NAMED,
    "checkout_id": _ORDER_ID,
    "reservation_id": _ORDER_ID,
    "payment_id": _ORDER_ID,
    "reason": "checkout-failed",
    "placed": False,
    "cancelled_at": "2017-03-06T12:05:00Z",
}
EXAMPLE_LINES_CANCELLED: JsonDict = {
    **_NAMED,
    "cancellation_id": f"{_ORDER_ID}-1",
    "lines": [{"sku": "1095275", "quantity": 1}],
    "refund": _usd(188),
    "cancelled_at": "2017-03-06T15:00:00Z",
}
EXAMPLE_LOST: JsonDict = {
    **_NAMED,
    "shipment_id": f"{_ORDER_ID}-1",
    "payment_id": _ORDER_ID,
    "refund_id": f"lost-{_ORDER_ID}-1",
    "lines": [{"sku": "1095275", "quantity": 1}],
    "refund": _usd(188),
    "lost_at": "2017-03-28T09:15:00Z",
}
EXAMPLE_ORDER_LOST: JsonDict = {**_NAMED, "checkout_id": _ORDER_ID, "lost_at": "2017-03-28T09:15:00Z"}
EXAMPLE_MOVED: JsonDict = {**_NAMED, "shipment_id": f"{_ORDER_ID}-1"}
EXAMPLE_RETURNED: JsonDict = {
    **_NAMED,
    "return_id": "77c1c9a6-5a52-4a3e-8a39-0e1d9c3f2b10",
    "lines": [{"sku": "1095275", "quantity": 1}],
    "refund": _usd(188),
    "returned_at": "2017-03-13T09:00:00Z",
}


class PlacedLine(BaseModel):
    """`unit_price` is null where there is none; `total` is the line's price before discounts."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    sku: str
    quantity: int
    unit_price: Money | None
    total: Money


class Discount(BaseModel):
    """What a coupon took off the line of `sku`, or off all of them where that is null."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    code: str
    sku: str | None
    amount: Money


class OrderedLine(BaseModel):
    """So many of one product."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    sku: str
    quantity: int


class OrderConfirmed(IntegrationEvent):
    """Everything that an order needs is there; it is about to be paid."""

    model_config = ConfigDict(json_schema_extra={"examples": [_NAMED]})
    TYPE: ClassVar = "OrderConfirmed.v1"
    order_id: str
    customer_id: str


class OrderPlaced(IntegrationEvent):
    """An order was paid: total = subtotal - discount + shipping + tax. The address is sealed: it can be forgotten."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_PLACED]})
    TYPE: ClassVar = "OrderPlaced.v1"
    order_id: str
    customer_id: str
    currency: Currency
    lines: tuple[PlacedLine, ...]
    discounts: tuple[Discount, ...]
    subtotal: Money
    discount: Money
    shipping: Money
    tax: Money
    total: Money
    shipping_address: Sealed
    reservation_id: str
    payment_id: str
    placed_at: AwareDatetime


class OrderCancelled(IntegrationEvent):
    """Nothing comes of an order. `placed` says that it was paid; one that was never created has no customer, no
    checkout, no reservation and no payment: their ids are empty. `checkout_id` is also the id under which the checkout
    redeemed coupons, if it had any.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_CANCELLED]})
    TYPE: ClassVar = "OrderCancelled.v1"
    order_id: str
    customer_id: str
    checkout_id: str
    reservation_id: str
    payment_id: str
    reason: str
    placed: bool
    cancelled_at: AwareDatetime


class OrderLinesCancelled(IntegrationEvent):
    """A part of a placed order is not going to be sent; `refund` is what it comes to. The rest stays as it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_LINES_CANCELLED]})
    TYPE: ClassVar = "OrderLinesCancelled.v1"
    order_id: str
    customer_id: str
    cancellation_id: str
    lines: tuple[OrderedLine, ...]
    refund: Money
    cancelled_at: AwareDatetime


class OrderShipmentLost(IntegrationEvent):
    """A shipment of an order was lost; `refund` is what its goods come to, to be given by `refund_id`. It may turn up,
    and be delivered: that takes nothing back.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_LOST]})
    TYPE: ClassVar = "OrderShipmentLost.v1"
    order_id: str
    customer_id: str
    shipment_id: str
    payment_id: str
    refund_id: str
    lines: tuple[OrderedLine, ...]
    refund: Money
    lost_at: AwareDatetime


class OrderLost(IntegrationEvent):
    """Nothing of a placed order reaches its customer: what was not cancelled is lost. `checkout_id` is also the id
    under which the checkout redeemed coupons, if it had any.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_ORDER_LOST]})
    TYPE: ClassVar = "OrderLost.v1"
    order_id: str
    customer_id: str
    checkout_id: str
    lost_at: AwareDatetime


class OrderShipped(IntegrationEvent):
    """A shipment of an order left. Whether it was the last, the order says: what is left may still be cancelled."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_MOVED]})
    TYPE: ClassVar = "OrderShipped.v2"
    order_id: str
    customer_id: str
    shipment_id: str


class OrderDelivered(IntegrationEvent):
    """A shipment of an order arrived. Whether everything has, the order says."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_MOVED]})
    TYPE: ClassVar = "OrderDelivered.v2"
    order_id: str
    customer_id: str
    shipment_id: str


class OrderReturned(IntegrationEvent):
    """Goods came back; `refund` is what they come to. What was given for them, the payment tells."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_RETURNED]})
    TYPE: ClassVar = "OrderReturned.v1"
    order_id: str
    customer_id: str
    return_id: str
    lines: tuple[OrderedLine, ...]
    refund: Money
    returned_at: AwareDatetime


Published = (
    OrderConfirmed
    | OrderPlaced
    | OrderCancelled
    | OrderLinesCancelled
    | OrderShipped
    | OrderDelivered
    | OrderShipmentLost
    | OrderLost
    | OrderReturned
)


def to_integration(event: OrderEvent) -> Published | None:
    match event:
        case events.OrderConfirmed():
            return OrderConfirmed(order_id=event.order_id, customer_id=event.customer_id)
        case events.OrderPlaced():
            return _placed(event)
        case events.OrderCancelled():
            return OrderCancelled(**event.model_dump(exclude={"at"}), cancelled_at=event.at)
        case events.OrderLost():
            return OrderLost(**event.model_dump(exclude={"at"}), lost_at=event.at)
        case events.OrderShipped():
            return OrderShipped(**event.model_dump(exclude={"at", "lines", "complete"}))
        case events.OrderDelivered():
            return OrderDelivered(**event.model_dump(exclude={"at", "complete"}))
        case events.LinesCancelled():
            return _lines_cancelled(event)
        case events.OrderShipmentLost():
            kept = event.model_dump(exclude={"at", "lines", "shipping", "status"})
            return OrderShipmentLost(**kept, lines=_named(event.lines), lost_at=event.at)
        case events.OrderReturned():
            kept = event.model_dump(exclude={"at", "lines", "complete"})
            return OrderReturned(**kept, lines=_named(event.lines), returned_at=event.at)
        case _:
            return None


def _lines_cancelled(event: events.LinesCancelled) -> OrderLinesCancelled | None:
    """Of the last of them OrderCancelled tells."""
    if event.status == "cancelled":
        return None
    kept = event.model_dump(include={"order_id", "customer_id", "cancellation_id", "refund"})
    return OrderLinesCancelled(**kept, lines=_named(event.lines), cancelled_at=event.at)


def _named(lines: Sequence[events.RefundedLine | events.ReturnedLine]) -> tuple[OrderedLine, ...]:
    return tuple(OrderedLine(sku=line.sku, quantity=line.quantity) for line in lines)


def keep_private(_: WorkflowEvent) -> None:
    """Of a cancellation the order tells."""


def _placed(event: events.OrderPlaced) -> OrderPlaced:
    return OrderPlaced(
        **event.model_dump(exclude={"at", "lines", "checkout_id"}),
        lines=_lines(event.lines),
        placed_at=event.at,
    )


def _lines(lines: Sequence[events.OrderLine]) -> tuple[PlacedLine, ...]:
    return tuple(PlacedLine(**line.model_dump(exclude={"due"})) for line in lines)
