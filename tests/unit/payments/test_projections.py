"""What the payments' read models show, event by event."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import pytest

from functions.payments.events import (
    DisputeClosed,
    DisputeOpened,
    DisputeOutcome,
    PaymentBarred,
    PaymentDeclined,
    PaymentEvent,
    PaymentVoided,
    RefundCompleted,
    RefundFailed,
    VoidRequested,
)
from functions.payments.projections import LEDGER_PROJECTION, PAYMENTS_PROJECTION, project_ledger, project_payment
from functions.payments.read_models import Account, LedgerView, PaymentView
from tests.unit.payments.payments_in_memory import (
    AT,
    CAPTURING,
    CREATED,
    IDS,
    LATER,
    REFUNDING,
    REQUESTED,
    UNTIL_AUTHORIZED,
    UNTIL_CAPTURED,
    usd,
)

D = TypeVar("D")
VOIDED = PaymentVoided(**IDS, amount=usd(1998), reason="out of stock", at=LATER)
BARRED = PaymentBarred(payment_id="p1", reason="out of stock", at=AT)
DECLINED = PaymentDeclined(**IDS, amount=usd(1998), code="insufficient_funds", at=AT)
REFUNDED = RefundCompleted(**IDS, refund_id="r1", provider_refund_id="re_1", amount=usd(500), at=LATER)
REFUND_FAILED = RefundFailed(**IDS, refund_id="r1", amount=usd(500), code="expired_card", at=LATER)
DISPUTED = DisputeOpened(**IDS, dispute_id="dp_1", amount=usd(1998), reason="fraudulent", at=LATER)
OTHER_DISPUTE = DISPUTED.model_copy(update={"dispute_id": "dp_0"})


def closed(outcome: DisputeOutcome) -> DisputeClosed:
    return DisputeClosed(**IDS, dispute_id="dp_1", amount=usd(1998), outcome=outcome, at=LATER)


def fold(project: Callable[[D | None, PaymentEvent], D | None], events: Sequence[PaymentEvent]) -> D:
    document: D | None = None
    for event in events:
        document = project(document, event)
    assert document is not None
    return document


def shown(*events: PaymentEvent) -> PaymentView:
    return fold(project_payment, events)


def booked(*events: PaymentEvent) -> LedgerView:
    return fold(project_ledger, events)


class TestPayment:
    def test_a_new_payment_is_being_authorized(self) -> None:
        """A payment that was asked for shows whose it is, for what, and how much."""
        view = shown(REQUESTED, CREATED)

        assert (view.id, view.order_id, view.customer_id) == ("p1", "o1", "900")
        assert (view.status, view.amount, view.refunded) == ("authorizing", usd(1998), usd(0))

    @pytest.mark.parametrize(
        ("events", "status"),
        [
            (UNTIL_AUTHORIZED, "authorized"),
            ((*UNTIL_AUTHORIZED, CAPTURING), "capturing"),
            (UNTIL_CAPTURED, "captured"),
            ((REQUESTED, VoidRequested(reason="x", at=LATER)), "voiding"),
        ],
    )
    def test_shows_how_far_it_is(self, events: Sequence[PaymentEvent], status: str) -> None:
        """The status is that of the last event."""
        assert shown(*events).status == status

    def test_says_why_it_was_declined(self) -> None:
        """The provider's code is shown."""
        view = shown(REQUESTED, DECLINED)

        assert (view.status, view.decline_code) == ("declined", "insufficient_funds")

    def test_says_why_it_was_voided(self) -> None:
        """The reason that was given is shown, and when."""
        view = shown(*UNTIL_AUTHORIZED, VOIDED)

        assert (view.status, view.void_reason, view.changed_at) == ("voided", "out of stock", LATER)

    def test_a_barred_payment_is_nobodys(self) -> None:
        """What was voided before it was asked for is void and shows no owner."""
        view = shown(BARRED)

        assert (view.status, view.customer_id, view.amount) == ("voided", None, None)

    def test_lists_refunds(self) -> None:
        """Completed refunds are summed; one under way is only listed."""
        under_way = shown(*UNTIL_CAPTURED, REFUNDING)
        completed = shown(*UNTIL_CAPTURED, REFUNDING, REFUNDED)

        assert (under_way.refunds[0].status, under_way.refunded) == ("requested", usd(0))
        assert (completed.refunds[0].status, completed.refunded) == ("completed", usd(500))

    def test_a_refund_that_came_back_is_not_summed(self) -> None:
        """A refund that failed late shows why, and no longer counts."""
        other = REFUNDING.model_copy(update={"refund_id": "r2"})
        view = shown(*UNTIL_CAPTURED, REFUNDING, other, REFUNDED, REFUND_FAILED)

        assert (view.refunds[0].status, view.refunds[0].code, view.refunded) == ("failed", "expired_card", usd(0))
        assert view.refunds[1].status == "requested"

    @pytest.mark.parametrize("outcome", DisputeOutcome)
    def test_lists_disputes(self, outcome: DisputeOutcome) -> None:
        """Each dispute shows how it stands."""
        view = shown(*UNTIL_CAPTURED, OTHER_DISPUTE, DISPUTED, closed(outcome))

        assert [dispute.status for dispute in view.disputes] == ["open", outcome.value]

    def test_events_before_the_beginning_are_an_error(self) -> None:
        """A log that starts in the middle is not guessed at."""
        with pytest.raises(ValueError, match="PaymentAuthorized before"):
            project_payment(None, UNTIL_AUTHORIZED[-1])

    def test_is_found_by_customer_and_status(self) -> None:
        """Lists are by customer and status, newest first."""
        fields = PAYMENTS_PROJECTION.fields(shown(*UNTIL_CAPTURED))

        assert fields == {"customer_id": "900", "status": "captured", "attention": None, "requested_at": AT}


class TestLedger:
    def test_nothing_is_booked_before_there_is_money(self) -> None:
        """Asking for a payment, and being declined, moves nothing."""
        assert booked(REQUESTED, CREATED, DECLINED).entries == []

    def test_a_hold_is_on_both_sides(self) -> None:
        """What is held is ours to take, and not ours."""
        assert booked(*UNTIL_AUTHORIZED).balances == {Account.HOLDS: 1998, Account.HOLDS_OFFSET: -1998}

    def test_a_void_lets_go(self) -> None:
        """After a void nothing is held."""
        assert booked(*UNTIL_AUTHORIZED, VOIDED).balances == {Account.HOLDS: 0, Account.HOLDS_OFFSET: 0}

    def test_a_void_of_nothing_books_nothing(self) -> None:
        """A void before the authorization has nothing to let go of."""
        assert booked(REQUESTED, VOIDED).entries == []

    def test_a_capture_turns_the_hold_into_money(self) -> None:
        """The provider owes us what the customer paid."""
        balances = booked(*UNTIL_CAPTURED).balances

        assert (balances[Account.PROVIDER], balances[Account.CUSTOMERS], balances[Account.HOLDS]) == (1998, -1998, 0)

    def test_a_refund_is_paid_by_the_provider(self) -> None:
        """What was given back is no longer owed to us."""
        balances = booked(*UNTIL_CAPTURED, REFUNDING, REFUNDED).balances

        assert (balances[Account.PROVIDER], balances[Account.REFUNDS]) == (1498, 500)

    def test_a_refund_that_came_back_is_undone(self) -> None:
        """A completed refund that failed late is booked the other way."""
        balances = booked(*UNTIL_CAPTURED, REFUNDING, REFUNDED, REFUND_FAILED).balances

        assert (balances[Account.PROVIDER], balances[Account.REFUNDS]) == (1998, 0)

    def test_a_refund_that_never_was_books_nothing(self) -> None:
        """A refund that failed at once moved no money."""
        assert booked(*UNTIL_CAPTURED, REFUNDING, REFUND_FAILED) == booked(*UNTIL_CAPTURED)

    @pytest.mark.parametrize(
        ("outcome", "provider", "chargebacks"), [(DisputeOutcome.WON, 1998, 0), (DisputeOutcome.LOST, 0, 1998)]
    )
    def test_a_dispute_is_won_or_lost(self, outcome: DisputeOutcome, provider: int, chargebacks: int) -> None:
        """Money in dispute comes back, or is gone."""
        balances = booked(*UNTIL_CAPTURED, DISPUTED, closed(outcome)).balances

        assert balances[Account.IN_DISPUTE] == 0
        assert (balances[Account.PROVIDER], balances.get(Account.CHARGEBACKS, 0)) == (provider, chargebacks)

    def test_a_barred_payment_has_no_ledger(self) -> None:
        """Where nothing was asked for there is nothing to book."""
        assert project_ledger(None, BARRED) is None

    def test_is_listed_by_currency(self) -> None:
        """A trial balance is of one currency."""
        assert LEDGER_PROJECTION.fields(booked(*UNTIL_CAPTURED)) == {"currency": "USD", "opened_at": AT}
