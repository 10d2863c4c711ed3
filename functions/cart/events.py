"""What can have happened to a cart: the storage contract. A shape never changes under the same version."""

from enum import StrEnum
from typing import ClassVar

from pydantic import AwareDatetime, BaseModel, ConfigDict

from shared.eventsourcing.message import Event
from shared.eventsourcing.money import Currency, Money


class Channel(StrEnum):
    """Where a cart was opened. A till states the prices it charged; on the web they are quoted at checkout."""

    WEB = "web"
    POS = "pos"


class CartOpened(Event):
    TYPE: ClassVar = "CartOpened.v1"
    cart_id: str
    customer_id: str
    channel: Channel
    currency: Currency
    at: AwareDatetime


class ItemAddedToCart(Event):
    """`quantity` more of a product; `charged` is what the till took for them, None where no price was stated."""

    TYPE: ClassVar = "ItemAddedToCart.v1"
    sku: str
    quantity: int
    charged: Money | None
    at: AwareDatetime


class ItemQuantityChanged(Event):
    """A line now holds `quantity`, for which the till takes `charged`."""

    TYPE: ClassVar = "ItemQuantityChanged.v1"
    sku: str
    quantity: int
    charged: Money | None
    at: AwareDatetime


class ItemRemovedFromCart(Event):
    TYPE: ClassVar = "ItemRemovedFromCart.v1"
    sku: str
    at: AwareDatetime


class CartCleared(Event):
    TYPE: ClassVar = "CartCleared.v1"
    at: AwareDatetime


class CheckedOutLine(BaseModel):
    """A line as it was at checkout."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    sku: str
    quantity: int
    charged: Money | None


class CartCheckedOut(Event):
    """Complete in itself, so that what is published from it needs no look at earlier events. `checkout_id` names the
    checkout that holds the cart from now on; None where a till has done all there was to do.
    """

    TYPE: ClassVar = "CartCheckedOut.v2"
    cart_id: str
    customer_id: str
    channel: Channel
    currency: Currency
    lines: tuple[CheckedOutLine, ...]
    checkout_id: str | None
    at: AwareDatetime


class CartRestored(Event):
    """The checkout came to nothing: the cart is open again."""

    TYPE: ClassVar = "CartRestored.v1"
    reason: str
    at: AwareDatetime


class CheckoutAbandoned(Event):
    """This checkout was given up: the cart moved on from the version that it may still ask for."""

    TYPE: ClassVar = "CheckoutAbandoned.v1"
    checkout_id: str
    at: AwareDatetime


class CartExpired(Event):
    TYPE: ClassVar = "CartExpired.v1"
    cart_id: str
    customer_id: str
    at: AwareDatetime


CartEvent = (
    CartOpened
    | ItemAddedToCart
    | ItemQuantityChanged
    | ItemRemovedFromCart
    | CartCleared
    | CartCheckedOut
    | CartRestored
    | CheckoutAbandoned
    | CartExpired
)
