"""What other services may know of carts: pure maps from private events to published ones."""

from typing import ClassVar

from pydantic import AwareDatetime, BaseModel, ConfigDict
from pydantic.config import JsonDict

from functions.cart import events
from functions.cart.events import CartEvent, Channel
from shared.eventsourcing.message import IntegrationEvent
from shared.eventsourcing.money import Currency, Money

EXAMPLE_CHECKOUT: JsonDict = {
    "cart_id": "5f0c7a52-3c54-4d3b-9f0e-2a2a2f6b8a11",
    "customer_id": "900",
    "channel": "pos",
    "currency": "USD",
    "lines": [{"sku": "1095275", "quantity": 2, "total": {"amount": 398, "currency": "USD"}}],
    "checked_out_at": "2017-03-06T12:05:00Z",
}
EXAMPLE_EXPIRY: JsonDict = {
    "cart_id": "5f0c7a52-3c54-4d3b-9f0e-2a2a2f6b8a11",
    "customer_id": "900",
    "expired_at": "2017-04-05T12:05:00Z",
}


class CartLine(BaseModel):
    """`total` is what a till charged for the line; null where the price is quoted during checkout."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    sku: str
    quantity: int
    total: Money | None


class CartCheckedOut(IntegrationEvent):
    """A cart was checked out: its contents are final unless the checkout fails and the cart is restored."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_CHECKOUT]})
    TYPE: ClassVar = "CartCheckedOut.v1"
    cart_id: str
    customer_id: str
    channel: Channel
    currency: Currency
    lines: tuple[CartLine, ...]
    checked_out_at: AwareDatetime


class CartExpired(IntegrationEvent):
    """A cart was abandoned and is closed."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_EXPIRY]})
    TYPE: ClassVar = "CartExpired.v1"
    cart_id: str
    customer_id: str
    expired_at: AwareDatetime


def to_integration(event: CartEvent) -> CartCheckedOut | CartExpired | None:
    match event:
        case events.CartCheckedOut():
            return CartCheckedOut(
                cart_id=event.cart_id,
                customer_id=event.customer_id,
                channel=event.channel,
                currency=event.currency,
                lines=tuple(CartLine(sku=x.sku, quantity=x.quantity, total=x.charged) for x in event.lines),
                checked_out_at=event.at,
            )
        case events.CartExpired():
            return CartExpired(cart_id=event.cart_id, customer_id=event.customer_id, expired_at=event.at)
        case _:
            return None
