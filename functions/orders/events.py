"""What can have happened to an order: the storage contract. A shape never changes under the same version."""

from typing import ClassVar, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from shared.eventsourcing.message import Event
from shared.eventsourcing.money import Currency, Money
from shared.eventsourcing.personal import Sealed


class OrderLine(BaseModel):
    """A product as it was ordered. `total` is its price before discounts; `due` what the line comes to: the total less
    its part of the discounts, plus its part of the tax. It is what comes back when all of the line is returned.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    sku: str
    quantity: int
    unit_price: Money | None
    total: Money
    due: Money


class OrderDiscount(BaseModel):
    """What a coupon takes off the line of `sku`, or off all of them where that is null."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    code: str
    sku: str | None = None
    amount: Money


class OrderTerms(Event):
    """What was agreed on: total = subtotal - discount + shipping + tax."""

    order_id: str
    customer_id: str
    checkout_id: str
    currency: Currency
    lines: tuple[OrderLine, ...]
    discounts: tuple[OrderDiscount, ...]
    subtotal: Money
    discount: Money
    shipping: Money
    tax: Money
    total: Money
    shipping_address: Sealed
    reservation_id: str
    payment_id: str
    at: AwareDatetime


class OrderCreated(OrderTerms):
    TYPE: ClassVar = "OrderCreated.v1"


class OrderConfirmed(Event):
    """Everything that the order needs is there: it may be paid."""

    TYPE: ClassVar = "OrderConfirmed.v1"
    order_id: str
    customer_id: str
    at: AwareDatetime


class OrderPlaced(OrderTerms):
    """The order is paid. Complete in itself, so that what is published from it needs no look at earlier events."""

    TYPE: ClassVar = "OrderPlaced.v1"


class OrderCancelled(Event):
    """Nothing will come of the order. One that was never created has no customer, no checkout, no reservation and no
    payment: it cannot be created any more.
    """

    TYPE: ClassVar = "OrderCancelled.v1"
    order_id: str
    customer_id: str
    checkout_id: str
    reservation_id: str
    payment_id: str
    reason: str
    placed: bool
    at: AwareDatetime


class MovedLine(BaseModel):
    """So many of one product."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    sku: str
    quantity: int


class RefundedLine(BaseModel):
    """So many of one product, for which the customer gets `refund`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    sku: str
    quantity: int
    refund: Money


RestStatus = Literal["placed", "shipped", "delivered", "returned", "lost", "cancelled"]
"""What an order is, by what remains of it."""


class LinesCancelled(Event):
    """Pieces that have not left never will. `shipping` is what comes back of the costs of shipping: all, if nothing is
    left with the customer. `refund` is the sum of everything, `status` what the order is now.
    """

    TYPE: ClassVar = "LinesCancelled.v1"
    order_id: str
    customer_id: str
    cancellation_id: str
    lines: tuple[RefundedLine, ...]
    shipping: Money
    refund: Money
    reason: str
    status: RestStatus
    at: AwareDatetime


class OrderShipmentLost(Event):
    """One shipment was lost. Its goods are refunded as those that are cancelled, by the refund `refund_id`; that is not
    taken back if it turns up and is delivered.
    """

    TYPE: ClassVar = "OrderShipmentLost.v1"
    order_id: str
    customer_id: str
    shipment_id: str
    payment_id: str
    refund_id: str
    lines: tuple[RefundedLine, ...]
    shipping: Money
    refund: Money
    status: RestStatus
    at: AwareDatetime


class OrderLost(Event):
    """Nothing of a placed order reaches its customer: what was not cancelled is lost. As `OrderCancelled` does for an
    order of which all is cancelled, it says that the order came to nothing.
    """

    TYPE: ClassVar = "OrderLost.v1"
    order_id: str
    customer_id: str
    checkout_id: str
    at: AwareDatetime


class OrderShipped(Event):
    """One shipment left; `complete` if nothing of the order is left to ship then. Of what a later cancellation or loss
    leaves, that says the `status`.
    """

    TYPE: ClassVar = "OrderShipped.v1"
    order_id: str
    customer_id: str
    shipment_id: str
    lines: tuple[MovedLine, ...]
    complete: bool
    at: AwareDatetime


class OrderDelivered(Event):
    """One shipment arrived; `complete` if everything of the order has by then, as above."""

    TYPE: ClassVar = "OrderDelivered.v1"
    order_id: str
    customer_id: str
    shipment_id: str
    complete: bool
    at: AwareDatetime


class ReturnedLine(BaseModel):
    """So many of one product come back, for which the customer gets `refund`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    sku: str
    quantity: int
    refund: Money


class ReturnOpened(Event):
    """Goods have come back. `shipping` is what comes back of the costs of shipping: all, with the last of the goods.
    `refund` is the sum of everything: what the return comes to.
    """

    TYPE: ClassVar = "ReturnOpened.v1"
    return_id: str
    lines: tuple[ReturnedLine, ...]
    shipping: Money
    refund: Money
    reason: str
    at: AwareDatetime


class ReturnCancelled(Event):
    """Of earlier streams: nothing came back, and no money. Since a return is opened when its goods are here, none is
    cancelled.
    """

    TYPE: ClassVar = "ReturnCancelled.v1"
    return_id: str
    reason: str | None
    at: AwareDatetime


class OrderReturned(Event):
    """A return is done; `complete` if everything of the order came back. `refund` is what its pieces come to; what was
    given for them, `OrderRefunded` says.
    """

    TYPE: ClassVar = "OrderReturned.v1"
    order_id: str
    customer_id: str
    return_id: str
    lines: tuple[ReturnedLine, ...]
    refund: Money
    complete: bool
    at: AwareDatetime


class OrderRefunded(Event):
    """`amount` of what was paid for the order was given back, whatever for: a return's refund has the return's id."""

    TYPE: ClassVar = "OrderRefunded.v1"
    refund_id: str
    amount: Money
    at: AwareDatetime


class OrderRefundFailed(Event):
    """`amount` was not given back, or came back from the customer's bank. `code` is the payment provider's reason."""

    TYPE: ClassVar = "OrderRefundFailed.v1"
    refund_id: str
    amount: Money
    code: str
    at: AwareDatetime


class OrderRefundResolved(Event):
    """A person has dealt with a refund that failed; `paid_otherwise`: the customer got `amount` by other means."""

    TYPE: ClassVar = "OrderRefundResolved.v1"
    refund_id: str
    amount: Money
    paid_otherwise: bool
    at: AwareDatetime


class OrderDisputed(Event):
    """The customer's bank took `amount` back until a dispute is decided."""

    TYPE: ClassVar = "OrderDisputed.v1"
    dispute_id: str
    amount: Money
    reason: str
    at: AwareDatetime


class OrderDisputeClosed(Event):
    """The bank has decided: `amount` is the shop's (`won`), or the customer's (`lost`)."""

    TYPE: ClassVar = "OrderDisputeClosed.v1"
    dispute_id: str
    amount: Money
    outcome: Literal["won", "lost"]
    at: AwareDatetime


MoneyEvent = OrderRefunded | OrderRefundFailed | OrderRefundResolved | OrderDisputed | OrderDisputeClosed
"""What payments tell of the order's money."""
GoodsEvent = OrderShipped | OrderDelivered | OrderShipmentLost | LinesCancelled
"""What becomes of the order's goods."""
OrderEvent = (
    OrderCreated
    | OrderConfirmed
    | OrderPlaced
    | OrderCancelled
    | OrderLost
    | ReturnOpened
    | ReturnCancelled
    | OrderReturned
    | GoodsEvent
    | MoneyEvent
)
