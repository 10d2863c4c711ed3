"""Earlier shapes of the cart's events."""

from functions.cart.decider import CART
from functions.cart.events import CartCheckedOut
from shared.eventsourcing.message import StoredEvent

CHECKED_OUT_V1 = StoredEvent(
    "CartCheckedOut.v1",
    {
        "cart_id": "c1",
        "customer_id": "900",
        "channel": "pos",
        "currency": "USD",
        "lines": [{"sku": "milk", "quantity": 1, "charged": {"amount": 250, "currency": "USD"}}],
        "at": "2017-03-06T12:05:00Z",
    },
)


def test_a_checkout_of_v1_is_held_by_nobody() -> None:
    """Before v2 there were no checkouts that hold a cart."""
    event = CART.codec.decode(CHECKED_OUT_V1)

    assert isinstance(event, CartCheckedOut)
    assert event.checkout_id is None


def test_a_checkout_of_v1_keeps_what_it_said() -> None:
    """All other fields are as they were stored."""
    event = CART.codec.decode(CHECKED_OUT_V1)

    assert event.model_dump(mode="json", exclude={"checkout_id"}) == CHECKED_OUT_V1.data
