"""What the cart publishes, and what it keeps to itself."""

from datetime import UTC, datetime
from typing import get_args

import pytest

from functions.cart import integration
from functions.cart.events import CartCheckedOut, CartEvent, CartExpired, Channel, CheckedOutLine
from functions.cart.integration import to_integration
from shared.eventsourcing.message import Event
from shared.eventsourcing.money import Money

AT = datetime(2017, 3, 6, 12, 0, tzinfo=UTC)
PUBLIC = {CartCheckedOut, CartExpired}


def test_a_checkout_is_published_with_its_lines() -> None:
    """Others learn of a checkout everything they need, without asking back."""
    line = CheckedOutLine(sku="milk", quantity=2, charged=Money(amount=500, currency="USD"))
    event = CartCheckedOut(
        checkout_id=None, cart_id="c1", customer_id="900", channel=Channel.POS, currency="USD", lines=(line,), at=AT
    )

    published = to_integration(event)

    assert isinstance(published, integration.CartCheckedOut)
    assert published.lines[0].total == Money(amount=500, currency="USD")


def test_an_expiry_is_published() -> None:
    """Others learn that a cart was abandoned."""
    assert to_integration(CartExpired(cart_id="c1", customer_id="900", at=AT)) == integration.CartExpired(
        cart_id="c1", customer_id="900", expired_at=AT
    )


@pytest.mark.parametrize("private", [cls for cls in get_args(CartEvent) if cls not in PUBLIC])
def test_everything_else_stays_private(private: type[Event]) -> None:
    """What happens inside a cart before its checkout is nobody else's business."""
    assert to_integration(private.model_construct()) is None  # type: ignore[arg-type] # a member of the union, chosen at run time


@pytest.mark.parametrize("published", [integration.CartCheckedOut, integration.CartExpired])
def test_examples_round_trip(published: type[integration.CartCheckedOut]) -> None:
    """Each published contract carries an example that fits it."""
    (example,) = published.model_json_schema()["examples"]

    assert published.model_validate(example).model_dump(mode="json") == example
