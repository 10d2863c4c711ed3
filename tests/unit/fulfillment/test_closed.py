"""When a shipment is over, as far as anybody knows: then it may be packed."""

import pytest

from functions.fulfillment.state import Shipment, Status, is_closed

CLOSED = {Status.DELIVERED, Status.LOST, Status.CANCELLED, Status.FORESTALLED}


@pytest.mark.parametrize("status", Status)
def test_it_is_closed_where_nothing_is_expected(status: Status) -> None:
    """By its status alone."""
    assert is_closed(Shipment(status=status)) is (status in CLOSED)
