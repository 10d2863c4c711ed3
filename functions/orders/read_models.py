"""The documents that the orders' queries return."""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from shared.eventsourcing.money import Currency, Money
from shared.eventsourcing.workflow.projection import WorkflowView


class OrderLineView(BaseModel):
    """`total` before discounts; `due` is what the customer pays for the line, with its part of discounts and tax.
    `shipped`, `returned`, `cancelled` and `lost` count pieces; what is lost was shipped.
    """

    model_config = ConfigDict(extra="forbid")
    sku: str
    quantity: int
    unit_price: Money | None
    total: Money
    due: Money
    shipped: int
    returned: int
    cancelled: int = 0
    lost: int = 0


class DiscountView(BaseModel):
    model_config = ConfigDict(extra="forbid")
    code: str
    sku: str | None
    amount: Money


class ShipmentLineView(BaseModel):
    model_config = ConfigDict(extra="forbid")
    sku: str
    quantity: int


class ShipmentView(BaseModel):
    """`delivered_at` is null until it has arrived."""

    model_config = ConfigDict(extra="forbid")
    shipment_id: str
    status: Literal["shipped", "delivered", "lost"]
    lines: list[ShipmentLineView]
    delivered_at: AwareDatetime | None = None


class RefundedLineView(BaseModel):
    model_config = ConfigDict(extra="forbid")
    sku: str
    quantity: int
    refund: Money


class CancelledView(BaseModel):
    """Pieces that are not going to be sent, and what they and their part of the shipping come to. How the cancellation
    went is asked of itself.
    """

    model_config = ConfigDict(extra="forbid")
    cancellation_id: str
    lines: list[RefundedLineView]
    shipping: Money
    refund: Money
    reason: str


class ReturnLineView(BaseModel):
    model_config = ConfigDict(extra="forbid")
    sku: str
    quantity: int
    refund: Money


class RefundView(BaseModel):
    """What the customer got back, whatever for; or did not get (`failed`, with its `code`), until a person paid it by
    other means or resolved it without.
    """

    model_config = ConfigDict(extra="forbid")
    refund_id: str
    amount: Money
    status: Literal["completed", "failed", "paid-otherwise", "resolved"]
    code: str | None = None


class DisputeView(BaseModel):
    model_config = ConfigDict(extra="forbid")
    dispute_id: str
    amount: Money
    reason: str | None
    status: Literal["open", "won", "lost"]


class ReturnView(BaseModel):
    """`refund` is what its pieces and their part of the shipping come to; what the customer has got is in `refunds`.
    `refund_failed` says that the payment did not give it back, or that the bank sent it back.
    """

    model_config = ConfigDict(extra="forbid")
    return_id: str
    status: Literal["open", "completed", "cancelled"]
    lines: list[ReturnLineView]
    shipping: Money
    refund: Money
    refund_failed: bool = False
    reason: str | None


class OrderView(BaseModel):
    """An order. total = subtotal - discount + shipping + tax; `refunded` is what the customer has back,
    for returns or for any other reason; `refunds` and `disputes` are what its payment told.
    """

    model_config = ConfigDict(extra="forbid")
    id: str
    customer_id: str
    checkout_id: str
    status: Literal["created", "confirmed", "placed", "shipped", "delivered", "returned", "lost", "cancelled"]
    currency: Currency
    lines: list[OrderLineView]
    discounts: list[DiscountView]
    subtotal: Money
    discount: Money
    shipping: Money
    tax: Money
    total: Money
    refunded: Money
    refunds: list[RefundView] = []
    disputes: list[DisputeView] = []
    reservation_id: str
    payment_id: str
    shipments: list[ShipmentView]
    returns: list[ReturnView]
    cancellations: list[CancelledView] = []
    cancel_reason: str | None
    created_at: AwareDatetime
    placed_at: AwareDatetime | None
    changed_at: AwareDatetime


class OrderedLineView(BaseModel):
    model_config = ConfigDict(extra="forbid")
    sku: str
    quantity: int


class CancellationView(WorkflowView):
    """A cancellation, under way or over. `lines` is what was asked for, null for everything that had not left;
    `stopped` what fulfillment kept from being sent, null until it did; `refund` what that comes to. One that is refused
    changes nothing.
    """

    order_id: str
    customer_id: str
    lines: list[OrderedLineView] | None
    stopped: list[OrderedLineView] | None = None
    refund: Money | None = None
