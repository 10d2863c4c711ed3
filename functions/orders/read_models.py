"""The documents that the orders' queries return."""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from shared.eventsourcing.money import Currency, Money


class OrderLineView(BaseModel):
    """`total` before discounts; `due` is what the customer pays for the line, with its part of discounts and tax.
    `shipped` and `returned` count pieces.
    """

    model_config = ConfigDict(extra="forbid")
    sku: str
    quantity: int
    unit_price: Money | None
    total: Money
    due: Money
    shipped: int
    returned: int


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
    status: Literal["shipped", "delivered"]
    lines: list[ShipmentLineView]
    delivered_at: AwareDatetime | None = None


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
    """`refund` is what the customer gets when the return is complete: for its lines, and of the shipping.
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
    status: Literal["created", "confirmed", "placed", "shipped", "delivered", "returned", "cancelled"]
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
    cancel_reason: str | None
    created_at: AwareDatetime
    placed_at: AwareDatetime | None
    changed_at: AwareDatetime
