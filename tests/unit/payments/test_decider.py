"""The rules of a payment, given / when / then."""

import pytest

from functions.payments.commands import (
    AuthorizePayment,
    PaymentCommand,
    RecordAuthorized,
    RecordCancelled,
    RecordCaptured,
    RecordDeclined,
    RecordDispute,
    RecordDisputeClosed,
    RecordIntent,
    RecordRefunded,
    RecordRefundFailed,
    RefundPayment,
    VoidPayment,
)
from functions.payments.decider import PAYMENT
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
    RefundRequested,
    VoidRequested,
)
from functions.payments.refunds import MAX_REFUNDS
from functions.payments.state import Payment
from shared.eventsourcing.money import Money
from shared.testing.decider_spec import DeciderSpec
from tests.unit.payments.payments_in_memory import (
    AT,
    AUTHORIZE,
    AUTHORIZED,
    CAPTURE,
    CAPTURED,
    CAPTURING,
    CREATED,
    IDS,
    LATER,
    REFUND_REST,
    REFUNDING,
    REQUESTED,
    UNTIL_AUTHORIZED,
    UNTIL_CAPTURED,
    VOID,
    refund,
    usd,
)

payment = DeciderSpec[PaymentCommand, PaymentEvent, Payment](PAYMENT)
DECLINED = PaymentDeclined(**IDS, amount=usd(1998), code="insufficient_funds", at=AT)
VOIDING = VoidRequested(reason="out of stock", at=LATER)
VOIDED = PaymentVoided(**IDS, amount=usd(1998), reason="out of stock", at=LATER)
BARRED = PaymentBarred(payment_id="p1", reason="out of stock", at=LATER)
REFUNDED = RefundCompleted(**IDS, refund_id="r1", provider_refund_id="re_1", amount=usd(500), at=LATER)
REFUND_FAILED = RefundFailed(**IDS, refund_id="r1", amount=usd(500), code="expired_card", at=LATER)
OPENED = DisputeOpened(**IDS, dispute_id="dp_1", amount=usd(1998), reason="fraudulent", at=LATER)
RECORD_AUTHORIZED = RecordAuthorized(intent_id="pi_1", at=AT)
RECORD_DECLINED = RecordDeclined(intent_id="pi_1", code="insufficient_funds", at=AT)
RECORD_CAPTURED = RecordCaptured(intent_id="pi_1", at=LATER)
RECORD_CANCELLED = RecordCancelled(intent_id="pi_1", at=LATER)
THERE = {"intent_id": "pi_1", "provider_refund_id": "re_1", "amount": usd(500), "at": LATER}
RECORD_REFUNDED = RecordRefunded(**THERE, refund_id="r1")
RECORD_REFUND_FAILED = RecordRefundFailed(**THERE, refund_id="r1", code="expired_card")
DISPUTE = RecordDispute(intent_id="pi_1", dispute_id="dp_1", amount=usd(1998), reason="fraudulent", at=LATER)
NEWS = [
    RecordIntent(intent_id="pi_1", at=AT),
    RECORD_AUTHORIZED,
    RECORD_DECLINED,
    RECORD_CAPTURED,
    RECORD_CANCELLED,
    RECORD_REFUNDED,
    RECORD_REFUND_FAILED,
    DISPUTE,
]


def asked(command: RefundPayment) -> RefundRequested:
    return RefundRequested(**command.model_dump(exclude={"up_to"}))


def closed(outcome: DisputeOutcome) -> DisputeClosed:
    return DisputeClosed(**IDS, dispute_id="dp_1", amount=usd(1998), outcome=outcome, at=LATER)


def lost(outcome: DisputeOutcome = DisputeOutcome.LOST) -> RecordDisputeClosed:
    return RecordDisputeClosed(**DISPUTE.model_dump(), outcome=outcome)


class TestWhenAbsent:
    def test_is_asked_for(self) -> None:
        """The intent to authorize is recorded before anybody is called."""
        payment.given().when(AUTHORIZE).then(REQUESTED)

    def test_nothing_is_refused(self) -> None:
        """A payment of zero needs no card."""
        nothing = AuthorizePayment(**{**AUTHORIZE.model_dump(), "amount": usd(0)})
        payment.given().when(nothing).then_refused("amount-too-small", field="amount")

    @pytest.mark.parametrize(
        ("amount", "code", "field"),
        [
            (Money(amount=100, currency="GHS"), "currency-not-payable", "amount.currency"),
            (Money(amount=5124, currency="KWD"), "amount-not-payable", "amount"),
        ],
    )
    def test_what_the_provider_cannot_take_is_refused(self, amount: Money, code: str, field: str) -> None:
        """Before the card is asked, and never rounded."""
        other = AuthorizePayment(**{**AUTHORIZE.model_dump(), "amount": amount})
        payment.given().when(other).then_refused(code, field=field)

    def test_voiding_bars_it(self) -> None:
        """A void that comes first leaves a tombstone."""
        payment.given().when(VOID).then(BARRED)

    @pytest.mark.parametrize("command", [CAPTURE, refund()])
    def test_knows_nothing_else(self, command: PaymentCommand) -> None:
        """Neither capture nor refund finds a payment."""
        payment.given().when(command).then_refused("payment-not-found")

    @pytest.mark.parametrize("news", NEWS)
    def test_news_of_it_is_ignored(self, news: PaymentCommand) -> None:
        """What the provider tells of a payment that is not here is nothing."""
        payment.given().when(news).then_nothing()


class TestWhenAuthorizing:
    history = (REQUESTED, CREATED)

    def test_asking_again_does_nothing(self) -> None:
        """The same payment is asked for once, whenever that was."""
        again = AuthorizePayment(**{**AUTHORIZE.model_dump(), "at": LATER})
        payment.given(REQUESTED).when(again).then_nothing()

    @pytest.mark.parametrize("changed", [{"amount": usd(1)}, {"payment_token": "pm_x"}, {"order_id": "o2"}])
    def test_asking_differently_is_refused(self, changed: dict[str, object]) -> None:
        """An id stands for one payment."""
        other = AuthorizePayment(**{**AUTHORIZE.model_dump(), **changed})
        payment.given(REQUESTED).when(other).then_refused("payment-exists")

    def test_its_intent_is_recorded(self) -> None:
        """The provider's id is known before anything is held."""
        payment.given(REQUESTED).when(RecordIntent(intent_id="pi_1", at=AT)).then(CREATED)

    def test_a_second_intent_is_not(self) -> None:
        """The first intent that was recorded is the only one."""
        payment.given(*self.history).when(RecordIntent(intent_id="pi_2", at=AT)).then_nothing()

    def test_is_authorized(self) -> None:
        """The provider holds the amount."""
        payment.given(*self.history).when(RECORD_AUTHORIZED).then(AUTHORIZED)

    def test_is_declined(self) -> None:
        """The provider's reason is kept."""
        payment.given(*self.history).when(RECORD_DECLINED).then(DECLINED)

    def test_is_declined_before_there_is_an_intent(self) -> None:
        """A token that the provider does not know is as good as a declined card."""
        command = RecordDeclined(intent_id="", code="insufficient_funds", at=AT)
        payment.given(REQUESTED).when(command).then(DECLINED)

    def test_news_of_another_intent_is_ignored(self) -> None:
        """Only the recorded intent counts."""
        payment.given(*self.history).when(RecordAuthorized(intent_id="pi_2", at=AT)).then_nothing()

    def test_capturing_is_too_early(self) -> None:
        """Nothing is held yet."""
        payment.given(*self.history).when(CAPTURE).then_refused("payment-not-authorized")

    def test_voiding_waits_for_the_provider(self) -> None:
        """With an intent, something may be held: the provider must let go first."""
        payment.given(*self.history).when(VOID).then(VOIDING)

    def test_voiding_without_an_intent_is_done_at_once(self) -> None:
        """Without a recorded intent none was confirmed, and none will be."""
        payment.given(REQUESTED).when(VOID).then(VOIDING, VOIDED)

    def test_the_provider_may_cancel_of_itself(self) -> None:
        """What the provider cancelled is void."""
        cancelled = PaymentVoided(**IDS, amount=usd(1998), reason="cancelled by the provider", at=LATER)
        payment.given(*self.history).when(RECORD_CANCELLED).then(cancelled)


class TestWhenAuthorized:
    def test_is_captured(self) -> None:
        """The intent to capture is recorded first."""
        payment.given(*UNTIL_AUTHORIZED).when(CAPTURE).then(CAPTURING)

    def test_asking_again_does_nothing(self) -> None:
        """The same payment is held once."""
        payment.given(*UNTIL_AUTHORIZED).when(AUTHORIZE).then_nothing()

    def test_is_voided(self) -> None:
        """The intent to void is recorded first."""
        payment.given(*UNTIL_AUTHORIZED).when(VOID).then(VOIDING)

    def test_is_not_refunded(self) -> None:
        """What was not taken cannot be given back."""
        payment.given(*UNTIL_AUTHORIZED).when(refund()).then_refused("payment-not-captured")

    def test_late_news_is_ignored(self) -> None:
        """A decline after the authorization is old news."""
        payment.given(*UNTIL_AUTHORIZED).when(RECORD_DECLINED).then_nothing()

    def test_somebody_else_may_capture(self) -> None:
        """Money that was taken at the provider by hand is taken."""
        payment.given(*UNTIL_AUTHORIZED).when(RECORD_CAPTURED).then(CAPTURED)


class TestWhenDeclined:
    history = (REQUESTED, CREATED, DECLINED)

    def test_asking_again_is_declined_again(self) -> None:
        """A declined payment stays so: another try is another payment."""
        payment.given(*self.history).when(AUTHORIZE).then_refused("card-declined", field="payment_token")

    def test_is_not_captured(self) -> None:
        """There is nothing to take."""
        payment.given(*self.history).when(CAPTURE).then_refused("card-declined", field="payment_token")

    @pytest.mark.parametrize("command", [VOID, RECORD_AUTHORIZED, RECORD_DECLINED])
    def test_nothing_more_happens(self, command: PaymentCommand) -> None:
        """There is nothing to void, and no later news."""
        payment.given(*self.history).when(command).then_nothing()


class TestWhenVoiding:
    history = (REQUESTED, CREATED, VOIDING)

    def test_a_late_authorization_does_not_count(self) -> None:
        """The void goes on: what is held by now is let go."""
        payment.given(*self.history).when(RECORD_AUTHORIZED).then_nothing()

    def test_is_voided(self) -> None:
        """The provider holds nothing any more."""
        payment.given(*self.history).when(RECORD_CANCELLED).then(VOIDED)

    def test_may_come_too_late(self) -> None:
        """What was captured meanwhile is captured."""
        payment.given(*self.history).when(RECORD_CAPTURED).then(CAPTURED)

    @pytest.mark.parametrize("command", [AUTHORIZE, CAPTURE])
    def test_is_as_good_as_void(self, command: PaymentCommand) -> None:
        """Nobody can take money any more."""
        payment.given(*self.history).when(command).then_refused("payment-voided")

    def test_voiding_again_does_nothing(self) -> None:
        """A payment is voided once."""
        payment.given(*self.history).when(VOID).then_nothing()


@pytest.mark.parametrize("history", [(REQUESTED, CREATED, VOIDING, VOIDED), (BARRED,)], ids=["voided", "barred"])
class TestWhenVoided:
    @pytest.mark.parametrize("command", [AUTHORIZE, CAPTURE])
    def test_stays_void(self, history: tuple[PaymentEvent, ...], command: PaymentCommand) -> None:
        """A late authorization is refused, whoever sends it."""
        payment.given(*history).when(command).then_refused("payment-voided")

    @pytest.mark.parametrize("command", [VOID, *NEWS[:7]])
    def test_nothing_more_happens(self, history: tuple[PaymentEvent, ...], command: PaymentCommand) -> None:
        """Neither another void nor late news changes it."""
        payment.given(*history).when(command).then_nothing()


class TestWhenCapturing:
    history = (*UNTIL_AUTHORIZED, CAPTURING)

    def test_is_captured(self) -> None:
        """The provider took the amount."""
        payment.given(*self.history).when(RECORD_CAPTURED).then(CAPTURED)

    def test_asking_again_does_nothing(self) -> None:
        """A payment is captured once."""
        payment.given(*self.history).when(CAPTURE).then_nothing()

    def test_is_not_voided(self) -> None:
        """Behind the pivot there is no way back but a refund."""
        payment.given(*self.history).when(VOID).then_refused("payment-captured")

    def test_what_was_held_may_be_gone(self) -> None:
        """An authorization that expired at the provider is void."""
        gone = PaymentVoided(**IDS, amount=usd(1998), reason="cancelled by the provider", at=LATER)
        payment.given(*self.history).when(RECORD_CANCELLED).then(gone)


class TestWhenCaptured:
    def test_capturing_again_does_nothing(self) -> None:
        """A payment is captured once."""
        payment.given(*UNTIL_CAPTURED).when(CAPTURE).then_nothing()

    def test_is_not_voided(self) -> None:
        """What is taken can only be given back."""
        late = VoidPayment(payment_id="p1", reason="too late", at=LATER)
        payment.given(*UNTIL_CAPTURED).when(late).then_refused("payment-captured")

    @pytest.mark.parametrize("news", [RECORD_CAPTURED, RECORD_CANCELLED, RECORD_AUTHORIZED])
    def test_news_that_is_none_is_ignored(self, news: PaymentCommand) -> None:
        """Webhooks come twice and late."""
        payment.given(*UNTIL_CAPTURED).when(news).then_nothing()

    def test_is_refunded_in_part(self) -> None:
        """The intent to refund is recorded first."""
        payment.given(*UNTIL_CAPTURED).when(refund()).then(REFUNDING)

    def test_is_refunded_to_the_last_cent(self) -> None:
        """All that was captured can be given back, in several parts."""
        rest = refund("r2", 1498)
        payment.given(*UNTIL_CAPTURED, REFUNDING).when(rest).then(asked(rest))

    def test_is_not_refunded_beyond_that(self) -> None:
        """Refunds, those under way included, never exceed what was captured."""
        payment.given(*UNTIL_CAPTURED, REFUNDING).when(refund("r2", 1499)).then_refused(
            "refund-too-large", field="amount"
        )

    def test_a_failed_refund_leaves_its_amount(self) -> None:
        """What was not given back can be refunded again, under another id."""
        again = refund("r2", 1998)
        payment.given(*UNTIL_CAPTURED, REFUNDING, REFUND_FAILED).when(again).then(asked(again))

    def test_a_refund_of_nothing_is_refused(self) -> None:
        """Nothing would be given back."""
        payment.given(*UNTIL_CAPTURED).when(refund(cents=0)).then_refused("amount-too-small", field="amount")

    def test_a_refund_in_another_currency_is_refused(self) -> None:
        """What is given back is what was taken."""
        euros = refund().model_copy(update={"amount": Money(amount=1, currency="EUR")})
        payment.given(*UNTIL_CAPTURED).when(euros).then_refused("currency-differs", field="amount.currency")

    def test_refunds_have_a_limit(self) -> None:
        """A payment's refunds can be counted."""
        many = [RefundRequested(refund_id=f"r{n}", amount=usd(1), reason="x", at=AT) for n in range(MAX_REFUNDS)]
        payment.given(*UNTIL_CAPTURED, *many).when(refund("more", 1)).then_refused(
            "too-many-refunds", field="refund_id"
        )

    @pytest.mark.parametrize("history", [(REFUNDING,), (REFUNDING, REFUNDED)])
    def test_the_same_refund_again_does_nothing(self, history: tuple[PaymentEvent, ...]) -> None:
        """A refund is given once for each id."""
        payment.given(*UNTIL_CAPTURED, *history).when(refund()).then_nothing()

    def test_the_same_refund_of_another_amount_is_refused(self) -> None:
        """An id stands for one refund."""
        payment.given(*UNTIL_CAPTURED, REFUNDING).when(refund(cents=1)).then_refused("refund-exists", field="refund_id")

    def test_a_failed_refund_fails_again(self) -> None:
        """Another try is another refund."""
        payment.given(*UNTIL_CAPTURED, REFUNDING, REFUND_FAILED).when(refund()).then_refused(
            "refund-failed", field="refund_id"
        )

    @pytest.mark.parametrize(
        ("history", "rest"),
        [((), 1998), ((REFUNDING,), 1498), ((REFUNDING, REFUNDED), 1498), ((REFUNDING, REFUND_FAILED), 1998)],
    )
    def test_all_that_is_left_is_given_back(self, history: tuple[PaymentEvent, ...], rest: int) -> None:
        """What was captured and is neither given back nor about to be."""
        payment.given(*UNTIL_CAPTURED, *history).when(REFUND_REST).then(
            RefundRequested(**{**REFUND_REST.model_dump(exclude={"up_to"}), "amount": usd(rest)})
        )

    def test_all_that_is_left_is_given_back_once(self) -> None:
        """The same again does nothing; if it failed, another try is another refund."""
        asked = RefundRequested(**REFUND_REST.model_dump(exclude={"up_to"}))
        failed = RefundFailed(**IDS, refund_id=asked.refund_id, amount=usd(1998), code="expired_card", at=LATER)
        payment.given(*UNTIL_CAPTURED, asked).when(REFUND_REST).then_nothing()
        payment.given(*UNTIL_CAPTURED, asked, failed).when(REFUND_REST).then_refused("refund-failed", field="refund_id")

    def test_nothing_is_left_of_what_was_refunded_as_a_whole(self) -> None:
        """No cent is given back twice."""
        whole = asked(refund("r1", 1998))
        payment.given(*UNTIL_CAPTURED, whole).when(REFUND_REST).then_nothing()

    @pytest.mark.parametrize("history", [(REQUESTED,), UNTIL_AUTHORIZED, (*UNTIL_AUTHORIZED, CAPTURING)])
    def test_what_was_not_taken_is_for_a_person(self, history: tuple[PaymentEvent, ...]) -> None:
        """Nobody knows yet what there will be to give back."""
        payment.given(*history).when(REFUND_REST).then_refused("payment-not-captured")

    @pytest.mark.parametrize("history", [(REQUESTED, DECLINED), (BARRED,)])
    def test_what_will_never_be_taken_is_not_given_back(self, history: tuple[PaymentEvent, ...]) -> None:
        """Whoever asks learns that they need not ask again."""
        payment.given(*history).when(REFUND_REST).then_refused("nothing-captured")

    def test_a_refund_that_is_owed_has_no_limit(self) -> None:
        """It is recorded: the effect says what becomes of it."""
        many = [RefundRequested(refund_id=f"r{n}", amount=usd(1), reason="x", at=AT) for n in range(MAX_REFUNDS)]
        asked = RefundRequested(refund_id="o1-c1", amount=usd(1898), reason=REFUND_REST.reason, at=REFUND_REST.at)
        payment.given(*UNTIL_CAPTURED, *many).when(REFUND_REST).then(asked)

    def test_a_refund_is_completed_once(self) -> None:
        """The provider's news of a refund counts the first time."""
        payment.given(*UNTIL_CAPTURED, REFUNDING).when(RECORD_REFUNDED).then(REFUNDED)
        payment.given(*UNTIL_CAPTURED, REFUNDING, REFUNDED).when(RECORD_REFUNDED).then_nothing()

    @pytest.mark.parametrize("history", [(REFUNDING,), (REFUNDING, REFUNDED)])
    def test_a_refund_may_fail_late(self, history: tuple[PaymentEvent, ...]) -> None:
        """A bank may send back what was completed already."""
        payment.given(*UNTIL_CAPTURED, *history).when(RECORD_REFUND_FAILED).then(REFUND_FAILED)

    @pytest.mark.parametrize("news", [RECORD_REFUND_FAILED, RECORD_REFUNDED])
    def test_a_failed_refund_has_no_later_news(self, news: PaymentCommand) -> None:
        """Failed is the end."""
        payment.given(*UNTIL_CAPTURED, REFUNDING, REFUND_FAILED).when(news).then_nothing()

    def test_is_disputed_once(self) -> None:
        """A dispute is opened the first time it is told of."""
        payment.given(*UNTIL_CAPTURED).when(DISPUTE).then(OPENED)
        payment.given(*UNTIL_CAPTURED, OPENED).when(DISPUTE).then_nothing()

    def test_a_dispute_of_another_intent_is_ignored(self) -> None:
        """Only the recorded intent counts."""
        payment.given(*UNTIL_CAPTURED).when(DISPUTE.model_copy(update={"intent_id": "pi_2"})).then_nothing()

    def test_a_dispute_ends_once(self) -> None:
        """A dispute is lost or won, and then over."""
        end = closed(DisputeOutcome.LOST)
        payment.given(*UNTIL_CAPTURED, OPENED).when(lost()).then(end)
        payment.given(*UNTIL_CAPTURED, OPENED, end).when(lost()).then_nothing()

    def test_a_dispute_may_end_before_it_begins(self) -> None:
        """News comes in any order: the end tells of the beginning too, and the beginning is nothing new then."""
        end = closed(DisputeOutcome.WON)
        payment.given(*UNTIL_CAPTURED).when(lost(DisputeOutcome.WON)).then(OPENED, end)
        payment.given(*UNTIL_CAPTURED, OPENED, end).when(DISPUTE).then_nothing()


def test_a_barred_payment_was_never_asked_for() -> None:
    """Its terms are unknown, and whoever asks for them has made a mistake."""
    with pytest.raises(ValueError, match="never asked for"):
        _ = payment.given(BARRED).state().asked
