"""When a payment is over, as far as anybody knows: then it may be packed."""

from datetime import UTC, datetime

import pytest

from functions.payments.events import DisputeOutcome
from functions.payments.state import Dispute, Payment, Refund, RefundStatus, Status, is_closed
from shared.eventsourcing.money import Money

CLOSED = {Status.DECLINED, Status.CAPTURED, Status.VOIDED}


@pytest.mark.parametrize("status", Status)
def test_it_is_closed_where_nothing_is_expected(status: Status) -> None:
    """By its status alone."""
    assert is_closed(Payment(status=status)) is (status in CLOSED)


@pytest.mark.parametrize("status", RefundStatus)
def test_it_is_open_while_a_refund_is(status: RefundStatus) -> None:
    """Its outcome is still to come."""
    amount, at = Money(amount=100, currency="USD"), datetime(2017, 1, 1, tzinfo=UTC)
    refund = Refund(amount=amount, reason="", asked_at=at, status=status)

    closed = is_closed(Payment(status=Status.CAPTURED, refunds={"r1": refund}))

    assert closed is (status is not RefundStatus.REQUESTED)


@pytest.mark.parametrize("disputed", [True, False])
def test_it_is_open_while_a_dispute_is(*, disputed: bool) -> None:
    """The bank will say how it ends."""
    assert (
        is_closed(
            Payment(
                status=Status.CAPTURED,
                disputes={
                    "d1": Dispute(
                        amount=Money(amount=1, currency="USD"), outcome=None if disputed else DisputeOutcome.WON
                    )
                },
            )
        )
        is not disputed
    )
