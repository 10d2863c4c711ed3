"""What the cart's read model shows, event by event."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from functions.cart.events import (
    CartCheckedOut,
    CartCleared,
    CartEvent,
    CartExpired,
    CartOpened,
    CartRestored,
    Channel,
    CheckoutAbandoned,
    ItemAddedToCart,
    ItemQuantityChanged,
    ItemRemovedFromCart,
)
from functions.cart.projections import project_cart
from functions.cart.read_models import CartView
from shared.eventsourcing.money import Money

AT = datetime(2017, 3, 6, 12, 0, tzinfo=UTC)
LATER = AT + timedelta(minutes=5)
OPENED = CartOpened(cart_id="c1", customer_id="900", channel=Channel.POS, currency="USD", at=AT)


def added(sku: str, quantity: int, cents: int | None) -> ItemAddedToCart:
    charged = None if cents is None else Money(amount=cents, currency="USD")
    return ItemAddedToCart(sku=sku, quantity=quantity, charged=charged, at=AT)


def shown(events: Sequence[CartEvent]) -> CartView:
    document: CartView | None = None
    for event in events:
        document = project_cart(document, event)
    assert document is not None
    return document


def test_a_new_cart_is_empty() -> None:
    """An opened cart shows whose it is and a total of nothing."""
    view = shown([OPENED])

    assert (view.id, view.customer_id, view.status, view.line_count, view.total.amount) == ("c1", "900", "open", 0, 0)


def test_lines_are_shown_in_the_order_they_came() -> None:
    """The first product added is the first line."""
    view = shown([OPENED, added("milk", 1, 250), added("tea", 1, 399)])

    assert [line.sku for line in view.lines] == ["milk", "tea"]


def test_the_total_is_the_sum_of_the_lines() -> None:
    """Every cent of every line is in the total."""
    view = shown([OPENED, added("milk", 2, 501), added("tea", 1, 399)])

    assert view.total == Money(amount=900, currency="USD")


def test_more_of_the_same_is_one_line() -> None:
    """Adding a product again sums its quantity and its price."""
    view = shown([OPENED, added("milk", 2, 501), added("milk", 1, 249)])

    assert [(line.quantity, line.total and line.total.amount) for line in view.lines] == [(3, 750)]


def test_lines_without_a_price_are_counted_apart() -> None:
    """A line whose price is not known yet is shown, and not in the total."""
    view = shown([OPENED, added("milk", 1, None), added("tea", 1, 399)])

    assert (view.unpriced_lines, view.total.amount) == (1, 399)


def test_a_changed_quantity_replaces_the_line() -> None:
    """A line shows its new quantity and price in its old place."""
    change = ItemQuantityChanged(sku="milk", quantity=5, charged=Money(amount=1000, currency="USD"), at=LATER)
    view = shown([OPENED, added("milk", 1, 250), added("tea", 1, 399), change])

    assert [(line.sku, line.quantity) for line in view.lines] == [("milk", 5), ("tea", 1)]


def test_a_removed_line_is_gone() -> None:
    """What was taken out is neither shown nor counted."""
    view = shown([OPENED, added("milk", 1, 250), added("tea", 1, 399), ItemRemovedFromCart(sku="milk", at=LATER)])

    assert ([line.sku for line in view.lines], view.total.amount) == (["tea"], 399)


def test_a_cleared_cart_is_empty() -> None:
    """Clearing leaves no line and no total."""
    view = shown([OPENED, added("milk", 1, 250), CartCleared(at=LATER)])

    assert (view.line_count, view.total.amount, view.status) == (0, 0, "open")


CHECKED_OUT = CartCheckedOut(
    checkout_id=None, cart_id="c1", customer_id="900", channel=Channel.POS, currency="USD", lines=(), at=LATER
)


def test_a_checkout_is_shown_with_its_time() -> None:
    """A checked-out cart says so, and since when."""
    view = shown([OPENED, added("milk", 1, 250), CHECKED_OUT])

    assert (view.status, view.checked_out_at, view.changed_at) == ("checked-out", LATER, LATER)


def test_a_restored_cart_is_open() -> None:
    """Restoring takes the checkout back and keeps the lines."""
    view = shown([OPENED, added("milk", 1, 250), CHECKED_OUT, CartRestored(reason="declined", at=LATER)])

    assert (view.status, view.checked_out_at, view.line_count) == ("open", None, 1)


def test_an_abandoned_checkout_leaves_the_cart_as_it_is() -> None:
    """That a checkout will never come is nothing that a customer sees."""
    before = shown([OPENED, added("milk", 1, 250)])
    view = shown([OPENED, added("milk", 1, 250), CheckoutAbandoned(checkout_id="k1", at=LATER)])

    assert view == before.model_copy(update={"changed_at": LATER})


def test_an_expired_cart_says_so() -> None:
    """An expired cart is shown as expired."""
    view = shown([OPENED, CartExpired(cart_id="c1", customer_id="900", at=LATER)])

    assert view.status == "expired"


def test_an_event_before_the_opening_is_an_error() -> None:
    """A projection does not guess: events of a cart that was never opened are refused."""
    with pytest.raises(ValueError, match="before CartOpened"):
        project_cart(None, added("milk", 1, 250))
