"""What follows a payment's commands: the provider is asked, whatever happens on the way, and nothing is done twice."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from functions.payments.adapters.memory import APPROVED, Fault, MemoryProvider
from functions.payments.adapters.stripe import StripeProvider
from functions.payments.commands import AuthorizePayment, PaymentCommand
from functions.payments.effect import DEADLINE, provider_of
from functions.payments.events import PaymentEvent, RefundCompleted, RefundFailed
from functions.payments.manifest import CATEGORY, STRIPE_API_BASE, STRIPE_SECRET_KEY
from functions.payments.port import Charge, Intent, IntentStatus, RefundOrder, RefundResult, RefundState
from functions.payments.refunds import MAX_REFUNDS
from functions.returns.workflow import RETURN_WORKFLOW
from shared.eventsourcing.errors import DomainError, UnavailableError
from shared.testing.memory_platform import SETTINGS
from tests.unit.payments.payments_in_memory import (
    AUTHORIZE,
    CAPTURE,
    CAPTURED,
    CAPTURING,
    CREATED,
    REFUND_REST,
    REFUNDING,
    REQUESTED,
    UNTIL_AUTHORIZED,
    UNTIL_CAPTURED,
    VOID,
    Shop,
    context,
    paid_shop,
    refund,
    shop,
)


def authorize(token: str) -> AuthorizePayment:
    return AUTHORIZE.model_copy(update={"payment_token": token})


class TestAuthorizing:
    async def test_holds_the_amount(self) -> None:
        """A good card: the amount is held, the intent's id was recorded before."""
        caller, log, provider = shop()

        told = await caller.ask(AUTHORIZE)

        assert told == {"status": "authorized"}
        assert log.names == ["AuthorizationRequested", "IntentCreated", "PaymentAuthorized"]
        assert provider.held("p1") == 1998

    async def test_a_repeated_request_asks_nobody(self) -> None:
        """What is settled is told from the log."""
        caller, _, provider = shop()
        await caller.ask(AUTHORIZE)
        provider.calls.clear()

        assert await caller.ask(AUTHORIZE) == {"status": "authorized"}
        assert provider.calls == []

    @pytest.mark.parametrize("token", ["pm_card_visa_chargeDeclined", "pm_unknown"])
    async def test_a_declined_card_is_refused(self, token: str) -> None:
        """A declined card and an unknown one are recorded and refused, with nothing held."""
        caller, log, provider = shop()

        with pytest.raises(DomainError) as refused:
            await caller.ask(authorize(token))

        assert refused.value.code == "card-declined"
        assert (log.names[-1], provider.held("p1")) == ("PaymentDeclined", 0)

    async def test_a_customer_who_was_erased_is_not_charged(self) -> None:
        """The key is gone, and the card's token with it: the payment is declined, and no provider is asked."""
        caller, log, provider = shop()
        log.personal.erased.add(APPROVED)

        with pytest.raises(DomainError, match="customer-erased"):
            await caller.ask(AUTHORIZE)

        assert (log.names[-1], provider.calls) == ("PaymentDeclined", [])

    async def test_a_replayed_request_is_declined_again(self) -> None:
        """The effect refuses by itself: a replayed command has passed its own refusal."""
        caller, _, _ = shop()
        with pytest.raises(DomainError):
            await caller.ask(authorize("pm_card_visa_chargeDeclined"))

        with pytest.raises(DomainError, match="declined"):
            await caller.effect(CATEGORY, "p1", context(AUTHORIZE))

    @pytest.mark.parametrize("fault", Fault)
    @pytest.mark.parametrize("calls_before", [0, 1])
    async def test_a_lost_answer_is_asked_for_again(self, fault: Fault, calls_before: int) -> None:
        """Whichever call was lost, before or after it was done: the second request holds the amount once."""
        caller, _, provider = shop()
        provider.next_calls = [None] * calls_before + [fault]
        with pytest.raises(UnavailableError):
            await caller.ask(AUTHORIZE)

        assert await caller.ask(AUTHORIZE) == {"status": "authorized"}
        assert provider.held("p1") == 1998

    async def test_an_undecided_intent_is_asked_about_later(self) -> None:
        """While the provider does not know, nobody does."""
        caller, log, provider = shop()
        log.given(REQUESTED, CREATED)
        provider.intents["pi_1"] = Intent(intent_id="pi_1", payment_id="p1", status=IntentStatus.PENDING)

        with pytest.raises(UnavailableError):
            await caller.ask(AUTHORIZE)


class TestCapturing:
    async def test_takes_what_is_held(self) -> None:
        """The whole amount, once, however often it is asked."""
        caller, _, provider = shop()
        await caller.ask(AUTHORIZE)

        assert await caller.ask(CAPTURE) == {"status": "captured"}
        assert await caller.ask(CAPTURE) == {"status": "captured"}
        assert (provider.taken("p1"), provider.calls.count("capture")) == (1998, 1)

    @pytest.mark.parametrize("fault", Fault)
    async def test_a_lost_answer_is_asked_for_again(self, fault: Fault) -> None:
        """A capture whose answer was lost is found, or made."""
        caller, _, provider = shop()
        await caller.ask(AUTHORIZE)
        provider.next_calls = [fault]
        with pytest.raises(UnavailableError):
            await caller.ask(CAPTURE)

        assert await caller.ask(CAPTURE) == {"status": "captured"}
        assert provider.taken("p1") == 1998

    async def test_an_authorization_that_expired_cannot_be_captured(self) -> None:
        """What the provider let go of is void, and the caller is told."""
        caller, _, provider = shop()
        await caller.ask(AUTHORIZE)
        await provider.cancel("pi_1")

        with pytest.raises(DomainError) as refused:
            await caller.ask(CAPTURE)

        assert refused.value.code == "payment-voided"


class TestVoiding:
    @pytest.mark.parametrize("fault", [None, *Fault])
    async def test_lets_go(self, fault: Fault | None) -> None:
        """Nothing is held after a void, at the first try or the second."""
        caller, _, provider = shop()
        await caller.ask(AUTHORIZE)
        provider.next_calls = [fault]
        if fault:
            with pytest.raises(UnavailableError):
                await caller.ask(VOID)

        assert await caller.ask(VOID) == {"status": "voided"}
        assert provider.held("p1") == 0

    async def test_of_what_is_not_there_asks_nobody(self) -> None:
        """A tombstone needs no provider, and the late authorization is refused."""
        caller, _, provider = shop()

        assert await caller.ask(VOID) == {"status": "voided"}
        with pytest.raises(DomainError) as refused:
            await caller.ask(AUTHORIZE)
        assert (refused.value.code, provider.calls) == ("payment-voided", [])

    async def test_of_a_declined_payment_is_nothing(self) -> None:
        """There is nothing to let go of, and that is no error."""
        caller, _, _ = shop()
        with pytest.raises(DomainError):
            await caller.ask(authorize("pm_card_visa_chargeDeclined"))

        assert await caller.ask(VOID) == {"status": "declined"}

    async def test_may_find_the_money_taken(self) -> None:
        """What was captured at the provider by hand is recorded, and the void refused."""
        caller, log, provider = shop()
        await caller.ask(AUTHORIZE)
        await provider.capture("pi_1")

        with pytest.raises(DomainError) as refused:
            await caller.ask(VOID)

        assert (refused.value.code, log.names[-1]) == ("payment-captured", "PaymentCaptured")


class Interrupted(MemoryProvider):
    """Somebody else comes in, before or after one of the calls is done."""

    def interrupt(self, call: str, caller: Shop, command: PaymentCommand, *, after: bool) -> None:
        self._call, self._caller, self._command, self._after = call, caller, command, after

    async def _meanwhile(self, call: str, *, after: bool) -> None:
        if (call, after) == (getattr(self, "_call", None), getattr(self, "_after", None)):
            self._call = ""
            await self._caller.ask(self._command)

    async def create(self, charge: Charge) -> Intent:
        await self._meanwhile("create", after=False)
        intent = await super().create(charge)
        await self._meanwhile("create", after=True)
        return intent

    async def confirm(self, intent_id: str) -> Intent:
        await self._meanwhile("confirm", after=False)
        intent = await super().confirm(intent_id)
        await self._meanwhile("confirm", after=True)
        return intent


class TestRaces:
    @pytest.mark.parametrize("call", ["create", "confirm"])
    @pytest.mark.parametrize("after", [False, True])
    async def test_nothing_stays_held_when_a_void_comes_in_between(self, call: str, *, after: bool) -> None:
        """Another instance voids at any moment of an authorization: the void succeeds, and nothing stays held."""
        caller, log, _ = shop()
        provider = Interrupted()
        caller, other = Shop(log, provider), Shop(log, provider)
        provider.interrupt(call, other, VOID, after=after)

        with pytest.raises(DomainError) as refused:
            await caller.ask(AUTHORIZE)

        assert (refused.value.code, log.names[-1]) == ("payment-voided", "PaymentVoided")
        assert provider.held("p1") == 0
        assert {intent.status for intent in provider.intents.values()} <= {IntentStatus.CANCELLED}

    @pytest.mark.parametrize("call", ["create", "confirm"])
    @pytest.mark.parametrize("after", [False, True])
    async def test_two_at_once_hold_once(self, call: str, *, after: bool) -> None:
        """Another instance does the same in between: one amount is held, and the other intent cancelled."""
        _, log, _ = shop()
        provider = Interrupted()
        caller, other = Shop(log, provider), Shop(log, provider)
        provider.interrupt(call, other, AUTHORIZE, after=after)

        assert await caller.ask(AUTHORIZE) == {"status": "authorized"}

        assert provider.held("p1") == 1998
        assert log.names == ["AuthorizationRequested", "IntentCreated", "PaymentAuthorized"]

    async def test_an_intent_that_came_too_late_may_stay(self) -> None:
        """Cancelling it is tidiness: it holds nothing, and its failure is nobody's concern."""
        _, log, _ = shop()
        provider = Interrupted()
        caller, other = Shop(log, provider), Shop(log, provider)
        provider.interrupt("create", other, VOID, after=True)
        provider.next_calls = [None, Fault.BEFORE]

        with pytest.raises(DomainError, match="voided"):
            await caller.ask(AUTHORIZE)

        assert provider.held("p1") == 0


class Endless(MemoryProvider):
    """It took the request, and that was the last that was heard of it."""

    async def create(self, charge: Charge) -> Intent:
        await super().create(charge)
        return await asyncio.Future[Intent]()


class TestRefunding:
    @pytest.mark.parametrize("fault", [None, *Fault])
    @pytest.mark.parametrize("calls_before", [0, 1])
    async def test_gives_back_once(self, fault: Fault | None, calls_before: int) -> None:
        """At the first try or the second, the amount is given back once."""
        caller, log, provider = shop()
        await caller.ask(AUTHORIZE)
        await caller.ask(CAPTURE)
        provider.next_calls = [*([None] * calls_before), fault]
        if fault:
            with pytest.raises(UnavailableError):
                await caller.ask(refund())

        told = await caller.ask(refund())

        assert told == {"status": "captured", "refunds": {"r1": "completed"}}
        assert len(provider.refunds) == 1
        assert isinstance(log.of_p1[-1], RefundCompleted)

    async def test_a_refund_that_the_provider_refuses_has_failed(self) -> None:
        """The caller is told under its id, also by a replayed command; another request for it is refused."""
        caller, _, provider = paid_shop()
        provider.refuse_refunds = True

        told = [await caller.ask(refund()), await caller.effect(CATEGORY, "p1", context(refund()))]

        assert [each["refunds"] for each in told] == [{"r1": "failed"}] * 2
        with pytest.raises(DomainError) as refused:
            await caller.ask(refund())
        assert refused.value.code == "refund-failed"

    async def test_a_refund_is_not_refused_for_another_ones_failure(self) -> None:
        """The first one's answer was lost, and the next one failed: who asks again learns that theirs was given."""
        caller, _, provider = paid_shop()
        provider.next_calls = [None, Fault.AFTER]
        with pytest.raises(UnavailableError):
            await caller.ask(refund("r1"))
        await caller.ask(refund("r1"))
        provider.refuse_refunds = True
        await caller.ask(refund("r2", 100))

        replayed = await caller.effect(CATEGORY, "p1", context(refund("r1")))

        assert replayed["refunds"] == {"r1": "completed", "r2": "failed"}

    async def test_a_failed_refund_is_told_to_people_once(self) -> None:
        """Nobody waits for the answer to a cancelled order."""
        caller, _, provider = paid_shop()
        provider.refuse_refunds = True

        await caller.ask(REFUND_REST)
        await caller.effect(CATEGORY, "p1", context(REFUND_REST))

        fields = {"payment_id": "p1", "refund_id": "o1-c1", "code": "charge_disputed"}
        assert caller.lines.of_now == [("ERROR", "a refund failed", fields)]

    async def test_one_refund_too_many_is_for_a_person(self) -> None:
        """The provider is not asked for it: it has failed, so it is on the list of what needs a person."""
        caller, log, provider = paid_shop()
        for number in range(MAX_REFUNDS):
            await caller.ask(refund(f"r{number}", 1))

        told = await caller.ask(REFUND_REST)

        assert told["refunds"]["o1-c1"] == "failed"  # type: ignore[index]
        assert isinstance(log.of_p1[-1], RefundFailed)
        assert (log.of_p1[-1].code, log.of_p1[-1].amount.amount) == ("too-many-refunds", 1998 - MAX_REFUNDS)
        assert len(provider.refunds) == MAX_REFUNDS

    async def test_a_refund_may_be_under_way_for_days(self) -> None:
        """Some banks take their time: the caller is told so, and the next refund does not wait."""

        class Slow(MemoryProvider):
            async def refund(self, order: RefundOrder) -> RefundResult:
                made = await super().refund(order)
                if order.refund_id != "r1":
                    return made
                pending = replace(made, state=RefundState.PENDING)
                self.refunds[order.intent_id, order.refund_id] = pending
                return pending

        caller, log, _ = paid_shop(Slow())
        log.given(REFUNDING)

        told = await caller.ask(refund("r2", 100))

        assert told["refunds"] == {"r1": "requested", "r2": "completed"}


class TestInTime:
    async def test_a_provider_that_takes_too_long_is_unavailable(self) -> None:
        """Before the caller gives up: an answer that nobody hears helps nobody."""
        _, log, _ = shop()
        caller = Shop(log, Endless(), deadline=0.01)

        with pytest.raises(UnavailableError, match="too long"):
            await caller.ask(AUTHORIZE)

    async def test_waiting_for_ones_turn_counts(self) -> None:
        """Somebody else is at the same payment, and stays: the provider is not asked."""
        _, log, provider = shop()
        caller = Shop(log, provider, deadline=0.01)

        async with caller.effect._turns.of("p1"):
            with pytest.raises(UnavailableError, match="too long"):
                await caller.ask(AUTHORIZE)

        assert provider.calls == []

    def test_a_workflow_hears_the_answer(self) -> None:
        """It waits longer than a settlement lasts."""
        (asked,) = [step for step in RETURN_WORKFLOW.steps if step.name == "refund_payment"]

        assert asked.timeout.total_seconds() > DEADLINE


@pytest.mark.parametrize(
    ("history", "done"),
    [
        ((REQUESTED,), {"status": "authorized"}),
        ((REQUESTED, CREATED), {"status": "authorized"}),
        ((*UNTIL_AUTHORIZED, CAPTURING), {"status": "captured"}),
        ((*UNTIL_CAPTURED, REFUNDING), {"status": "captured", "refunds": {"r1": "completed"}}),
    ],
)
async def test_what_was_cut_off_is_finished_by_anybody(
    history: Sequence[PaymentEvent], done: dict[str, object]
) -> None:
    """A job without a command of its own goes on where a killed process stopped."""
    caller, log, provider = shop()
    await provider.create(Charge(payment_id="p1", order_id="o1", amount=AUTHORIZE.amount, payment_token=APPROVED))
    if history[2:]:
        await provider.confirm("pi_1")
    if CAPTURED in history:
        await provider.capture("pi_1")
    log.given(*history)

    assert await caller.effect(CATEGORY, "p1", context("platform:settlement")) == done


async def test_a_payment_that_never_rests_is_given_up() -> None:
    """Whoever asks is told to come again, rather than kept for ever."""
    caller, log, provider = shop()
    log.given(REQUESTED)

    async def nothing_changes(*_: object) -> object:
        return await log.__class__.handle(log, CATEGORY, "p2", VOID, context(VOID))

    log.handle = nothing_changes  # type: ignore[assignment, method-assign] # a log that forgets

    with pytest.raises(UnavailableError):
        await caller.effect(CATEGORY, "p1", context(AUTHORIZE))
    assert provider.held("p1") == 0


def test_the_provider_is_the_one_of_the_settings() -> None:
    """Stripe, or what stands in for it at another address."""
    environ = {STRIPE_SECRET_KEY: "sk_test", STRIPE_API_BASE: "http://127.0.0.1:1"}

    assert isinstance(provider_of(replace(SETTINGS, environ=environ)), StripeProvider)
