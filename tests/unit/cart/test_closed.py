"""When a cart is over, as far as anybody knows: then it may be packed."""

import pytest

from functions.cart.decider import Cart, Status, is_closed

CLOSED = {Status.CHECKED_OUT, Status.EXPIRED}


@pytest.mark.parametrize("status", Status)
def test_it_is_closed_where_nothing_is_expected(status: Status) -> None:
    """By its status alone."""
    assert is_closed(Cart(status=status)) is (status in CLOSED)
