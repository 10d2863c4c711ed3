"""The documents that the cart's queries return."""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from functions.cart.events import Channel
from shared.eventsourcing.money import Currency, Money


class CartLineView(BaseModel):
    """`total` is null until a price is known."""

    model_config = ConfigDict(extra="forbid")
    sku: str
    quantity: int
    total: Money | None


class UnavailableLine(BaseModel):
    """A product in a cart that is not sold."""

    model_config = ConfigDict(extra="forbid")
    sku: str
    name: str


class CartAvailability(BaseModel):
    """The products of a cart that are not sold now: no checkout takes them. There are none in a till's cart."""

    model_config = ConfigDict(extra="forbid")
    id: str
    unavailable: list[UnavailableLine]


class CartView(BaseModel):
    """A cart. `total` sums the lines with a known price; `unpriced_lines` counts the others."""

    model_config = ConfigDict(extra="forbid")
    id: str
    customer_id: str
    channel: Channel
    status: Literal["open", "checked-out", "expired"]
    currency: Currency
    lines: list[CartLineView]
    line_count: int
    unpriced_lines: int
    total: Money
    opened_at: AwareDatetime
    changed_at: AwareDatetime
    checked_out_at: AwareDatetime | None = None
