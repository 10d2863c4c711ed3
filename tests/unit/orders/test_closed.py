"""When an order is over, as far as anybody knows: then it may be packed."""

from datetime import UTC, datetime

import pytest

from functions.orders.events import ReturnOpened
from functions.orders.state import Order, Return, ReturnStatus, Status, is_closed
from shared.eventsourcing.money import Money

CLOSED = {Status.DELIVERED, Status.RETURNED, Status.LOST, Status.CANCELLED}


@pytest.mark.parametrize("status", Status)
def test_it_is_closed_where_nothing_is_expected(status: Status) -> None:
    """By its status alone."""
    assert is_closed(Order(status=status)) is (status in CLOSED)


@pytest.mark.parametrize("status", ReturnStatus)
def test_a_delivered_order_is_open_while_something_comes_back(status: ReturnStatus) -> None:
    """A return that is completed or cancelled is none any more."""
    nothing = Money(amount=0, currency="USD")
    opened = ReturnOpened(
        return_id="b1", lines=(), shipping=nothing, refund=nothing, reason="", at=datetime(2017, 1, 1, tzinfo=UTC)
    )
    order = Order(status=Status.DELIVERED, returns={"b1": Return(status=status, opened=opened)})

    assert is_closed(order) is (status is not ReturnStatus.OPEN)
