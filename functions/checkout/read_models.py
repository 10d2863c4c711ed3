"""The documents that the checkout's queries return."""

from pydantic import BaseModel, ConfigDict

from shared.eventsourcing.money import Currency, Money
from shared.eventsourcing.workflow.projection import WorkflowView


class CheckoutView(WorkflowView):
    """A checkout. `total` is null until it is known; `order_id` until there is an order."""

    cart_id: str
    customer_id: str
    order_id: str | None = None
    total: Money | None = None


class PreviewedLine(BaseModel):
    """`unit_price` is null where a till stated the total."""

    model_config = ConfigDict(extra="forbid")
    sku: str
    quantity: int
    unit_price: Money | None
    total: Money


class PreviewedDiscount(BaseModel):
    """What a coupon would take off a line."""

    model_config = ConfigDict(extra="forbid")
    code: str
    sku: str
    amount: Money


class CheckoutPreview(BaseModel):
    """What a checkout would come to now. A checkout of the cart states `cart_version`, null without a cart, and as its
    `expected_total` the `total`: lines - discounts + shipping + tax.
    """

    model_config = ConfigDict(extra="forbid")
    cart_version: int | None
    currency: Currency
    lines: list[PreviewedLine]
    discounts: list[PreviewedDiscount]
    shipping: Money
    tax: Money
    total: Money
