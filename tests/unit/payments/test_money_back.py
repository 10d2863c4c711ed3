"""Refunds and disputes together: never more goes back than came in, and nothing is forgotten that is owed."""

import pytest

from functions.payments.commands import PaymentCommand, RecordRefundPending, RefundPayment, ResolveRefund
from functions.payments.decider import PAYMENT
from functions.payments.effect import dispute_news, refund_news
from functions.payments.events import (
    DisputeClosed,
    DisputeOpened,
    DisputeOutcome,
    PaymentEvent,
    ProviderRefundFound,
    RefundCompleted,
    RefundDeferred,
    RefundDropped,
    RefundFailed,
    RefundRequested,
    RefundResolved,
)
from functions.payments.manifest import CATEGORY
from functions.payments.port import DisputeFound, RefundState
from functions.payments.state import Payment
from shared.eventsourcing.money import Money
from shared.testing.decider_spec import DeciderSpec
from tests.unit.payments.bank import INTENT, Bank, Interrupted
from tests.unit.payments.payments_in_memory import (
    CAPTURED,
    CREATED,
    IDS,
    LATER,
    REFUND_REST,
    REFUNDING,
    REQUESTED,
    UNTIL_AUTHORIZED,
    UNTIL_CAPTURED,
    captured,
    context,
    paid_shop,
    refund,
    usd,
)

payment = DeciderSpec[PaymentCommand, PaymentEvent, Payment](PAYMENT)
ALL_OF_IT = DisputeOpened(**IDS, dispute_id="dp_1", amount=usd(1998), reason="fraudulent", at=LATER)
A_PART = ALL_OF_IT.model_copy(update={"amount": usd(1000)})
FAILED = RefundFailed(**IDS, refund_id="r1", amount=usd(500), code="expired_card", at=LATER)


def ended(outcome: DisputeOutcome, dispute: DisputeOpened = ALL_OF_IT) -> DisputeClosed:
    return DisputeClosed(**IDS, dispute_id=dispute.dispute_id, amount=dispute.amount, outcome=outcome, at=LATER)


def end(outcome: DisputeOutcome, dispute: DisputeOpened = ALL_OF_IT) -> PaymentCommand:
    found = DisputeFound(dispute_id="dp_1", amount=dispute.amount, reason="fraudulent", outcome=outcome)
    return dispute_news(INTENT, found, LATER)


def kwd(fils: int) -> Money:
    return Money(amount=fils, currency="KWD")


def up_to(cents: int, refund_id: str = "r1") -> RefundPayment:
    return refund(refund_id, cents).model_copy(update={"up_to": True})


def deferred(refund_id: str, cents: int) -> RefundDeferred:
    return RefundDeferred(refund_id=refund_id, amount=usd(cents), reason="returned", at=LATER)


def requested(refund_id: str, cents: int) -> RefundRequested:
    return RefundRequested(refund_id=refund_id, amount=usd(cents), reason="returned", at=LATER)


class TestWhatIsLeft:
    def test_nothing_is_given_back_while_a_bank_has_it(self) -> None:
        """A refund of what is in dispute would be the customer's second one."""
        payment.given(*UNTIL_CAPTURED, ALL_OF_IT).when(refund()).then_refused("refund-too-large", field="amount")

    def test_nothing_is_left_of_what_was_lost(self) -> None:
        """Neither a cancelled order nor a return gives it back again."""
        lost = (*UNTIL_CAPTURED, ALL_OF_IT, ended(DisputeOutcome.LOST))
        payment.given(*lost).when(REFUND_REST).then_nothing()
        payment.given(*lost).when(up_to(500)).then_nothing()

    def test_a_dispute_that_is_won_gives_it_back(self) -> None:
        """As if it had never been."""
        payment.given(*UNTIL_CAPTURED, ALL_OF_IT, ended(DisputeOutcome.WON)).when(refund("r1", 1998)).then(
            requested("r1", 1998)
        )

    def test_the_rest_beside_a_lost_dispute_is_given_back(self) -> None:
        """What the bank did not take."""
        payment.given(*UNTIL_CAPTURED, A_PART, ended(DisputeOutcome.LOST, A_PART)).when(up_to(1998)).then(
            requested("r1", 998)
        )

    def test_at_most_what_was_asked_for(self) -> None:
        """Less than is left, if less is wanted."""
        payment.given(*UNTIL_CAPTURED).when(up_to(500)).then(requested("r1", 500))

    def test_is_in_the_currency_of_the_payment(self) -> None:
        """A refund of another currency cannot be compared with it."""
        euros = up_to(500).model_copy(update={"amount": Money(amount=500, currency="EUR")})
        payment.given(*UNTIL_CAPTURED).when(euros).then_refused("currency-differs", field="amount.currency")

    def test_is_what_the_provider_can_move(self) -> None:
        """A third of 1.000 KWD: refused as it is, and in the customer's favour where the rest would do."""
        dinars = [each.model_copy(update={"amount": kwd(1000)}) for each in (REQUESTED, CAPTURED)]
        exact = refund("r1", 333).model_copy(update={"amount": kwd(333)})
        paid = (dinars[0], CREATED, dinars[1])

        payment.given(*paid).when(exact).then_refused("amount-not-payable", field="amount")
        payment.given(*paid).when(exact.model_copy(update={"up_to": True})).then(
            requested("r1", 333).model_copy(update={"amount": kwd(340)})
        )

    def test_of_no_payment_there_is_none(self) -> None:
        """Who asks for an amount means a payment that is there."""
        payment.given().when(up_to(500)).then_refused("payment-not-found")

    def test_a_dispute_in_the_banks_own_currency_is_of_everything(self) -> None:
        """What it comes to in the payment's is not known here."""
        found = DisputeFound(dispute_id="dp_1", amount=Money(amount=9, currency="EUR"), reason="fraudulent")
        payment.given(*UNTIL_CAPTURED).when(dispute_news(INTENT, found, LATER)).then(ALL_OF_IT)


class TestWhileDisputed:
    def test_a_refund_of_the_rest_waits(self) -> None:
        """The money may come back yet: then it is the customer's."""
        payment.given(*UNTIL_CAPTURED, ALL_OF_IT).when(up_to(500)).then(deferred("r1", 500))

    def test_a_refund_of_what_is_not_disputed_waits(self) -> None:
        """The provider gives nothing back of a payment that is disputed in part."""
        payment.given(*UNTIL_CAPTURED, A_PART).when(refund("r1", 500)).then(deferred("r1", 500))

    @pytest.mark.parametrize(
        ("outcome", "events"),
        [
            (DisputeOutcome.WON, (requested("r1", 1500), requested("r2", 498))),
            (DisputeOutcome.LOST, (requested("r1", 998), RefundDropped(refund_id="r2", at=LATER))),
        ],
    )
    def test_what_waited_gets_what_is_left(self, outcome: DisputeOutcome, events: tuple[PaymentEvent, ...]) -> None:
        """In the order in which it was asked for, in the same commit as the end."""
        waiting = (*UNTIL_CAPTURED, A_PART, deferred("r1", 1500), deferred("r2", 498))
        payment.given(*waiting).when(end(outcome, A_PART)).then(ended(outcome, A_PART), *events)

    def test_the_last_dispute_counts(self) -> None:
        """The provider gives nothing back before."""
        other = A_PART.model_copy(update={"dispute_id": "dp_2", "amount": usd(998)})
        waiting = (*UNTIL_CAPTURED, A_PART, other, deferred("r1", 500))
        payment.given(*waiting).when(end(DisputeOutcome.WON, A_PART)).then(ended(DisputeOutcome.WON, A_PART))


class TestFoundAtTheProvider:
    def test_is_recorded_whoever_made_it(self) -> None:
        """One that nobody asked for here has an id that is made of the provider's."""
        made = captured_bank().refund_there(600)
        assert made is not None
        found = ProviderRefundFound(refund_id="provider-re_1", provider_refund_id="re_1", amount=usd(600), at=LATER)
        completed = RefundCompleted(
            **IDS, refund_id="provider-re_1", provider_refund_id="re_1", amount=usd(600), at=LATER
        )
        payment.given(*UNTIL_CAPTURED).when(refund_news(INTENT, made, LATER)).then(found, completed)
        payment.given(*UNTIL_CAPTURED, found, completed).when(refund_news(INTENT, made, LATER)).then_nothing()

    def test_proves_that_the_money_was_taken_or_will_be(self) -> None:
        """The news of the capture may come later."""
        pending = RecordRefundPending(
            intent_id=INTENT, refund_id="x", provider_refund_id="re_1", amount=usd(1), at=LATER
        )
        found = ProviderRefundFound(refund_id="x", provider_refund_id="re_1", amount=usd(1), at=LATER)
        payment.given(*UNTIL_AUTHORIZED).when(pending).then(found)

    def test_of_another_intent_is_nothing(self) -> None:
        """Only the recorded intent counts."""
        made = captured_bank().refund_there(600)
        assert made is not None
        payment.given(*UNTIL_CAPTURED).when(refund_news("pi_2", made, LATER)).then_nothing()

    async def test_what_went_back_there_does_not_go_back_again(self) -> None:
        """600 of 1998 in the dashboard, which nobody heard of: the order is cancelled, and 1398 go back."""
        caller, log, provider = paid_shop(bank := Bank())
        bank.refund_there(600)

        await caller.ask(REFUND_REST)

        assert (bank.kept, bank.refunded) == (0, 1998)
        assert log.names[-4:] == ["RefundRequested", "ProviderRefundFound", "RefundCompleted", "RefundCompleted"]
        assert provider.calls.count("refund") == 1

    async def test_nothing_is_asked_for_where_nothing_is_left(self) -> None:
        """All of it went back in the dashboard: the customer has it, and no refund failed."""
        caller, log, provider = paid_shop(bank := Bank())
        bank.refund_there(1998)

        told = await caller.ask(refund())

        assert (log.names[-1], "refund" in provider.calls) == ("RefundDropped", False)
        assert told["refunds"] == {"r1": "dropped", "provider-re_1": "completed"}
        assert caller.lines.errors == []

    async def test_a_dispute_that_nobody_heard_of_is_found(self) -> None:
        """The refund waits for its end, and is given when it is won."""
        caller, log, _ = paid_shop(bank := Bank())
        bank.dispute(1998)
        waiting = await caller.ask(REFUND_REST)
        won = bank.decide(DisputeOutcome.WON)
        assert won is not None

        await log.handle(CATEGORY, "p1", dispute_news(INTENT, won, LATER), context("webhook"))
        await caller.effect(CATEGORY, "p1", context("settle"))

        assert waiting["refunds"] == {"o1-c1": "deferred"}
        assert (bank.refunded, log.names[-1]) == (1998, "RefundCompleted")

    async def test_a_refund_between_the_look_and_ours_is_found(self) -> None:
        """Ours was more than was left by then: it is made again, of the rest."""
        caller, _, _ = paid_shop(bank := Interrupted())
        bank.meanwhile = lambda: bank.refund_there(600)

        told = await caller.ask(REFUND_REST)

        assert (bank.kept, bank.refunded) == (0, 1998)
        assert told["refunds"] == {"o1-c1": "completed", "provider-re_1": "completed"}
        assert caller.lines.errors == []

    async def test_a_dispute_between_the_look_and_ours_is_found(self) -> None:
        """Ours waits for its end."""
        caller, _, _ = paid_shop(bank := Interrupted())
        bank.meanwhile = lambda: bank.dispute(1998)

        told = await caller.ask(REFUND_REST)

        assert (told["refunds"], bank.refunded) == ({"o1-c1": "deferred"}, 0)
        assert caller.lines.errors == []

    async def test_a_refund_of_the_dashboard_is_never_made_by_us(self) -> None:
        """It is under way there, and its outcome is asked for, not brought about."""
        caller, log, provider = paid_shop(bank := Bank())
        made = bank.refund_there(600, RefundState.PENDING)
        assert made is not None
        await log.handle(CATEGORY, "p1", refund_news(INTENT, made, LATER), context("webhook"))
        await caller.effect(CATEGORY, "p1", context("settle"))
        bank.settle(0, RefundState.COMPLETED)

        await caller.effect(CATEGORY, "p1", context("settle"))

        assert (log.names[-1], "refund" in provider.calls) == ("RefundCompleted", False)


class TestARefundThatFailed:
    history = (*UNTIL_CAPTURED, REFUNDING, FAILED)

    def resolve(self, *, paid_otherwise: bool) -> ResolveRefund:
        return ResolveRefund(refund_id="r1", paid_otherwise=paid_otherwise, reason="bank transfer", at=LATER)

    def resolved(self, *, paid_otherwise: bool) -> RefundResolved:
        return RefundResolved(**self.resolve(paid_otherwise=paid_otherwise).model_dump(), **IDS, amount=usd(500))

    @pytest.mark.parametrize("paid_otherwise", [True, False])
    def test_is_resolved_once(self, *, paid_otherwise: bool) -> None:
        """A person says that it is dealt with, and how."""
        resolved = self.resolved(paid_otherwise=paid_otherwise)
        payment.given(*self.history).when(self.resolve(paid_otherwise=paid_otherwise)).then(resolved)
        payment.given(*self.history, resolved).when(self.resolve(paid_otherwise=paid_otherwise)).then_nothing()

    @pytest.mark.parametrize(("paid_otherwise", "left"), [(True, 1498), (False, 1998)])
    def test_what_was_paid_otherwise_is_gone(self, *, paid_otherwise: bool, left: int) -> None:
        """It counts as refunded, although the provider still has it."""
        resolved = self.resolved(paid_otherwise=paid_otherwise)
        payment.given(*self.history, resolved).when(up_to(9999, "r2")).then(requested("r2", left))

    def test_is_not_paid_otherwise_if_it_was_paid(self) -> None:
        """Another refund gave all of it back in the meantime."""
        again = requested("r2", 1998)
        payment.given(*self.history, again).when(self.resolve(paid_otherwise=True)).then_refused("refund-too-large")

    def test_is_the_only_one_to_be_resolved(self) -> None:
        """Of one that is under way nobody knows yet, and of another nobody has heard."""
        resolve = self.resolve(paid_otherwise=False)
        payment.given(*UNTIL_CAPTURED, REFUNDING).when(resolve).then_refused("refund-is-requested")
        payment.given(*UNTIL_CAPTURED).when(resolve).then_refused("refund-not-found")


def captured_bank() -> Bank:
    bank = Bank()
    captured(bank)
    return bank
