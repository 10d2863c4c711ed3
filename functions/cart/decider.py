"""The rules of a cart."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

from pydantic import AwareDatetime, BaseModel, ConfigDict

from functions.cart.commands import (
    AddItem,
    CartCommand,
    ChangeQuantity,
    CheckOutCart,
    ClearCart,
    ExpireCart,
    OpenCart,
    RemoveItem,
    RestoreCart,
)
from functions.cart.events import (
    CartCheckedOut,
    CartCleared,
    CartEvent,
    CartExpired,
    CartOpened,
    CartRestored,
    Channel,
    CheckedOutLine,
    CheckoutAbandoned,
    ItemAddedToCart,
    ItemQuantityChanged,
    ItemRemovedFromCart,
)
from functions.cart.manifest import NAME
from functions.cart.upcasters import CART_CODEC
from shared.eventsourcing.decider import Decider
from shared.eventsourcing.errors import DomainError, NotFoundError
from shared.eventsourcing.money import MAX_AMOUNT, Currency, Money

MAX_LINES = {Channel.WEB: 100, Channel.POS: 500}
MAX_QUANTITY = {Channel.WEB: 99, Channel.POS: 100_000}
"""Of one line. Tills sell fuel and bulk goods in small fractions of a unit."""
MAX_CHANGES = {Channel.WEB: 1_000, Channel.POS: 5_000}
"""Of one cart, ten for each of its lines: a query of its past folds all of them."""
CHECKOUT_CHANGES = 100
"""Further changes of one cart, for checkouts and what they give back: a full cart can still be bought."""
ABANDONED_AFTER = timedelta(days=30)


# --- state


class Status(StrEnum):
    ABSENT = "absent"
    OPEN = "open"
    CHECKED_OUT = "checked-out"
    EXPIRED = "expired"


class Line(BaseModel):
    """A product in the cart; `charged` is the till's total for all of it."""

    model_config = ConfigDict(frozen=True)
    quantity: int
    charged: Money | None


class Cart(BaseModel):
    """A cart as its commands need to know it. `abandoned` is the checkout that was given up last."""

    model_config = ConfigDict(frozen=True)
    status: Status = Status.ABSENT
    cart_id: str = ""
    customer_id: str = ""
    channel: Channel = Channel.WEB
    currency: Currency = "USD"
    lines: dict[str, Line] = {}
    checkout_id: str | None = None
    abandoned: str | None = None
    changes: int = 0
    changed_at: AwareDatetime | None = None


CLOSED = frozenset({Status.CHECKED_OUT, Status.EXPIRED})


# --- decide


def decide(command: CartCommand, cart: Cart) -> Sequence[CartEvent]:
    if isinstance(command, OpenCart):
        return _open(command, cart)
    if cart.status is Status.ABSENT:
        raise NotFoundError("cart-not-found", "there is no such cart")
    match command:
        case AddItem() | ChangeQuantity() | RemoveItem() | ClearCart():
            return _within(MAX_CHANGES[cart.channel], cart, _fill(command, _opened(cart)))
        case CheckOutCart():
            return _within(MAX_CHANGES[cart.channel] + CHECKOUT_CHANGES, cart, _check_out(command, cart))
        case RestoreCart():
            return _restore(command, cart)
        case ExpireCart(at=at):
            return _expire(at, cart)
        case _:
            assert_never(command)


def _open(command: OpenCart, cart: Cart) -> Sequence[CartEvent]:
    opened = CartOpened(**command.model_dump())
    if cart.status is Status.ABSENT:
        return [opened]
    if (cart.customer_id, cart.channel, cart.currency) == (opened.customer_id, opened.channel, opened.currency):
        return []
    raise DomainError("cart-exists", "a cart with this id was opened differently")


def _opened(cart: Cart) -> Cart:
    if cart.status is not Status.OPEN:
        raise DomainError(f"cart-is-{cart.status}", f"the cart is {cart.status}: it cannot be changed")
    return cart


def _within(most: int, cart: Cart, events: Sequence[CartEvent]) -> Sequence[CartEvent]:
    """Refused if the cart has changed so often already; what gives a cart back or closes it never is."""
    if events and cart.changes >= most:
        raise DomainError("too-many-changes", f"a cart takes at most {most} changes: begin a new one")
    return events


def _fill(command: AddItem | ChangeQuantity | RemoveItem | ClearCart, cart: Cart) -> Sequence[CartEvent]:
    match command:
        case AddItem():
            return _add(command, cart)
        case ChangeQuantity():
            return _change(command, cart)
        case RemoveItem(sku=sku, at=at):
            return [ItemRemovedFromCart(sku=sku, at=at)] if sku in cart.lines else []
        case ClearCart(at=at):
            return [CartCleared(at=at)] if cart.lines else []
        case _:
            assert_never(command)


def _add(command: AddItem, cart: Cart) -> Sequence[CartEvent]:
    line = cart.lines.get(command.sku)
    if line is None and len(cart.lines) >= MAX_LINES[cart.channel]:
        raise DomainError("too-many-lines", f"a cart holds at most {MAX_LINES[cart.channel]} products", field="sku")
    _check_line(cart, command.quantity, (line.quantity if line else 0) + command.quantity, command.charged)
    _check_total(_charged(cart.lines) + _amount(command.charged))
    return [ItemAddedToCart(**command.model_dump())]


def _change(command: ChangeQuantity, cart: Cart) -> Sequence[CartEvent]:
    line = cart.lines.get(command.sku)
    if line is None:
        raise NotFoundError("item-not-in-cart", f"the cart holds no {command.sku}", field="sku")
    _check_line(cart, command.quantity, command.quantity, command.charged)
    _check_total(_charged(cart.lines) - _amount(line.charged) + _amount(command.charged))
    if line == Line(quantity=command.quantity, charged=command.charged):
        return []
    return [ItemQuantityChanged(**command.model_dump())]


def _check_line(cart: Cart, stated: int, resulting: int, charged: Money | None) -> None:
    limit = MAX_QUANTITY[cart.channel]
    if stated < 1:
        raise DomainError("quantity-too-small", "the quantity must be at least 1", field="quantity")
    if resulting > limit:
        raise DomainError("quantity-too-large", f"a line holds at most {limit}, not {resulting}", field="quantity")
    if cart.channel is Channel.POS and charged is None:
        raise DomainError("price-missing", "a till states what it charged", field="charged")
    if cart.channel is Channel.WEB and charged is not None:
        raise DomainError("price-stated", "prices on the web are quoted at checkout", field="charged")
    if charged is not None and charged.currency != cart.currency:
        raise DomainError("currency-differs", f"the cart is in {cart.currency}", field="charged.currency")


def _check_total(cents: int) -> None:
    if cents > MAX_AMOUNT:
        raise DomainError("total-too-large", f"a cart's total has at most {MAX_AMOUNT} cents", field="charged")


def _charged(lines: Mapping[str, Line]) -> int:
    return sum(_amount(line.charged) for line in lines.values())


def _amount(money: Money | None) -> int:
    return money.amount if money else 0


def _check_out(command: CheckOutCart, cart: Cart) -> Sequence[CartEvent]:
    if command.customer_id not in (None, cart.customer_id):  # as if there were none: ids can be guessed
        raise NotFoundError("cart-not-found", "there is no such cart")
    if cart.channel is Channel.WEB and command.checkout_id is None:
        raise DomainError("checkout-missing", "a cart of the web is bought by a checkout")
    if cart.status is Status.CHECKED_OUT and command.checkout_id in (None, cart.checkout_id):
        return []
    if not _opened(cart).lines:
        raise DomainError("cart-is-empty", "an empty cart cannot be checked out")
    lines = tuple(
        CheckedOutLine(sku=sku, quantity=line.quantity, charged=line.charged) for sku, line in cart.lines.items()
    )
    return [
        CartCheckedOut(
            cart_id=cart.cart_id,
            customer_id=cart.customer_id,
            channel=cart.channel,
            currency=cart.currency,
            lines=lines,
            checkout_id=command.checkout_id,
            at=command.at,
        )
    ]


def _restore(command: RestoreCart, cart: Cart) -> Sequence[CartEvent]:
    """A checkout that is undone must never take effect, even if its own request comes later: that states the version of
    the cart which its customer saw, so the cart moves on from it, whether or not the checkout ever held it.
    """
    if cart.status is Status.EXPIRED:
        raise DomainError("cart-is-expired", "an expired cart cannot be restored")
    if cart.checkout_id is not None and command.checkout_id is None:
        raise DomainError("cart-in-checkout", "only the checkout that holds the cart gives it back")
    events: list[CartEvent] = []
    if cart.status is Status.CHECKED_OUT and command.checkout_id in (None, cart.checkout_id):
        events.append(CartRestored(reason=command.reason, at=command.at))
    if command.checkout_id is not None and command.checkout_id != cart.abandoned:
        events.append(CheckoutAbandoned(checkout_id=command.checkout_id, at=command.at))
    return events


def _expire(at: datetime, cart: Cart) -> Sequence[CartEvent]:
    """Asked of every cart that may be abandoned: nothing to do is the usual answer, not an error."""
    if cart.status is not Status.OPEN or cart.changed_at is None or at - cart.changed_at < ABANDONED_AFTER:
        return []
    return [CartExpired(cart_id=cart.cart_id, customer_id=cart.customer_id, at=at)]


# --- evolve


def evolve(cart: Cart, event: CartEvent) -> Cart:
    match event:
        case CartOpened():
            opened = {"cart_id": event.cart_id, "customer_id": event.customer_id, "channel": event.channel}
            changed: dict[str, object] = {**opened, "currency": event.currency, "status": Status.OPEN}
        case ItemAddedToCart():
            changed = {"lines": {**cart.lines, event.sku: _with_more(cart.lines.get(event.sku), event)}}
        case ItemQuantityChanged():
            line = Line(quantity=event.quantity, charged=event.charged)
            changed = {"lines": {**cart.lines, event.sku: line}}
        case ItemRemovedFromCart():
            changed = {"lines": {sku: line for sku, line in cart.lines.items() if sku != event.sku}}
        case CartCleared():
            changed = {"lines": {}}
        case CartCheckedOut():
            changed = {"status": Status.CHECKED_OUT, "checkout_id": event.checkout_id}
        case CartRestored():
            changed = {"status": Status.OPEN, "checkout_id": None}
        case CheckoutAbandoned():
            changed = {"abandoned": event.checkout_id}
        case CartExpired():
            changed = {"status": Status.EXPIRED}
        case _:
            assert_never(event)
    return cart.model_copy(update={**changed, "changes": cart.changes + 1, "changed_at": event.at})


def _with_more(line: Line | None, event: ItemAddedToCart) -> Line:
    if line is None:
        return Line(quantity=event.quantity, charged=event.charged)
    return Line(quantity=line.quantity + event.quantity, charged=_sum(line.charged, event.charged))


def _sum(one: Money | None, other: Money | None) -> Money | None:
    if one is None or other is None:
        return None
    return Money(amount=one.amount + other.amount, currency=one.currency)


CART = Decider[CartCommand, CartEvent, Cart](
    category=NAME,
    decide=decide,
    evolve=evolve,
    initial_state=Cart,
    state_type=Cart,
    codec=CART_CODEC,
    snapshot_every=50,
)
