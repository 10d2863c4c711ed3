"""What can be asked of a cart."""

from pydantic import AwareDatetime

from functions.cart.events import Channel
from shared.eventsourcing.message import Command
from shared.eventsourcing.money import Currency, Money


class OpenCart(Command):
    cart_id: str
    customer_id: str
    channel: Channel
    currency: Currency
    at: AwareDatetime


class AddItem(Command):
    """Put `quantity` more of a product into the cart; `charged` is the till's total for them."""

    sku: str
    quantity: int
    charged: Money | None
    at: AwareDatetime


class ChangeQuantity(Command):
    """Make a line hold `quantity`; `charged` is the till's total for the line."""

    sku: str
    quantity: int
    charged: Money | None
    at: AwareDatetime


class RemoveItem(Command):
    sku: str
    at: AwareDatetime


class ClearCart(Command):
    at: AwareDatetime


class CheckOutCart(Command):
    """`checkout_id` names the checkout that wants to hold the cart, `customer_id` for whom; tills have neither."""

    checkout_id: str | None
    customer_id: str | None = None
    at: AwareDatetime


class RestoreCart(Command):
    """Undo a checkout: that of `checkout_id`, or a till's, which has no id."""

    checkout_id: str | None
    reason: str
    at: AwareDatetime


class ExpireCart(Command):
    at: AwareDatetime


CartCommand = OpenCart | AddItem | ChangeQuantity | RemoveItem | ClearCart | CheckOutCart | RestoreCart | ExpireCart
