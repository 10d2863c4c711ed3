"""When a reservation is over, as far as anybody knows: then it may be packed."""

import pytest

from functions.inventory.state import Reservation, Status, is_closed

CLOSED = {Status.RELEASED, Status.EXPIRED, Status.SHIPPED}


@pytest.mark.parametrize("status", Status)
def test_it_is_closed_where_nothing_is_expected(status: Status) -> None:
    """By its status alone."""
    assert is_closed(Reservation(status=status)) is (status in CLOSED)
