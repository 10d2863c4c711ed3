"""Earlier shapes of the cart's events, made current when they are read. What is released here is never edited."""

from collections.abc import Mapping
from typing import Any

from functions.cart.events import CartEvent
from shared.eventsourcing.codec import Codec


def checked_out_v1(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """v2 knows which checkout holds the cart; before, tills checked out and nobody held anything."""
    return {**data, "checkout_id": None}


CART_CODEC = Codec[CartEvent](CartEvent, {"CartCheckedOut.v1": checked_out_v1})
