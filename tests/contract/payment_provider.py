"""What every payment provider promises: the port PaymentProvider.

A test module subclasses the suite and provides the fixture `provider`.
"""

import pytest

from functions.payments.adapters.memory import APPROVED, DECLINED
from functions.payments.port import (
    Charge,
    Intent,
    IntentStatus,
    MoneyBack,
    PaymentProvider,
    PaymentRefusedError,
    RefundOrder,
    RefundState,
)
from shared.eventsourcing.money import Money


def charge(token: str = APPROVED, payment_id: str = "p1") -> Charge:
    amount = Money(amount=1998, currency="USD")
    return Charge(payment_id=payment_id, order_id="o1", amount=amount, payment_token=token)


async def authorized(provider: PaymentProvider) -> Intent:
    return await provider.confirm((await provider.create(charge())).intent_id)


def order(intent: Intent, refund_id: str, cents: int = 500) -> RefundOrder:
    amount = Money(amount=cents, currency="USD")
    return RefundOrder(intent_id=intent.intent_id, payment_id="p1", refund_id=refund_id, amount=amount)


class PaymentProviderConformance:
    """Run against each adapter."""

    async def test_a_new_intent_holds_nothing(self, provider: PaymentProvider) -> None:
        """It is known by its id and names our payment."""
        intent = await provider.create(charge())

        assert (intent.status, intent.payment_id) == (IntentStatus.CREATED, "p1")
        assert await provider.get(intent.intent_id) == intent

    async def test_an_unknown_card_is_refused(self, provider: PaymentProvider) -> None:
        """There is no intent for a token that names nothing."""
        with pytest.raises(PaymentRefusedError):
            await provider.create(charge("pm_nobody_has_this"))

    async def test_an_unknown_intent_is_none(self, provider: PaymentProvider) -> None:
        """Looking for what is not there is no error."""
        assert await provider.get("pi_nobody_made_this") is None

    async def test_confirming_holds_the_amount(self, provider: PaymentProvider) -> None:
        """A good card: the amount is held."""
        intent = await authorized(provider)

        assert intent.status is IntentStatus.AUTHORIZED
        assert await provider.get(intent.intent_id) == intent

    @pytest.mark.parametrize("token", sorted(DECLINED))
    async def test_confirming_may_be_declined(self, provider: PaymentProvider, token: str) -> None:
        """A declined card is an answer, with its reason; asked again, it is the same."""
        created = await provider.create(charge(token))

        answers = [await provider.confirm(created.intent_id) for _ in range(2)]

        assert [(intent.status, intent.code) for intent in answers] == [(IntentStatus.DECLINED, "card_declined")] * 2

    async def test_confirming_again_changes_nothing(self, provider: PaymentProvider) -> None:
        """The intent as it is: held, or taken by now."""
        intent = await authorized(provider)

        assert await provider.confirm(intent.intent_id) == intent
        captured = await provider.capture(intent.intent_id)
        assert await provider.confirm(intent.intent_id) == captured

    async def test_capturing_takes_the_amount(self, provider: PaymentProvider) -> None:
        """However often it is asked, it is taken once."""
        intent = await authorized(provider)

        answers = [await provider.capture(intent.intent_id) for _ in range(2)]

        assert [answer.status for answer in answers] == [IntentStatus.CAPTURED] * 2

    async def test_cancelling_lets_go(self, provider: PaymentProvider) -> None:
        """However often it is asked, nothing is held."""
        intent = await authorized(provider)

        answers = [await provider.cancel(intent.intent_id) for _ in range(2)]

        assert [answer.status for answer in answers] == [IntentStatus.CANCELLED] * 2

    async def test_a_cancelled_intent_can_never_be_confirmed(self, provider: PaymentProvider) -> None:
        """Who comes late finds it cancelled."""
        intent = await provider.create(charge())
        await provider.cancel(intent.intent_id)

        assert (await provider.confirm(intent.intent_id)).status is IntentStatus.CANCELLED

    async def test_a_captured_intent_cannot_be_cancelled(self, provider: PaymentProvider) -> None:
        """Who comes late finds it captured."""
        intent = await authorized(provider)
        await provider.capture(intent.intent_id)

        assert (await provider.cancel(intent.intent_id)).status is IntentStatus.CAPTURED

    async def test_a_refund_is_given_once(self, provider: PaymentProvider) -> None:
        """The same refund asked for again is the same one."""
        intent = await authorized(provider)
        await provider.capture(intent.intent_id)

        first, again = [await provider.refund(order(intent, "r1")) for _ in range(2)]

        assert (first.state, again) == (RefundState.COMPLETED, first)

    async def test_never_more_goes_back_than_came_in(self, provider: PaymentProvider) -> None:
        """1000 of 1998, and 1000 again."""
        intent = await authorized(provider)
        await provider.capture(intent.intent_id)
        await provider.refund(order(intent, "r1", 1000))

        refused = await provider.refund(order(intent, "r2", 1000))

        assert (refused.state, refused.code, refused.refund_id) == (RefundState.FAILED, "amount_too_large", "r2")

    async def test_tells_what_went_back(self, provider: PaymentProvider) -> None:
        """Every refund of the intent, by our id, and nothing of another intent."""
        intent, other = [await authorized(provider) for _ in range(2)]
        for each in (intent, other):
            await provider.capture(each.intent_id)

        made = await provider.refund(order(intent, "r1", 1000))

        assert await provider.money_back(intent.intent_id) == MoneyBack(refunds=(made,))
        assert await provider.money_back(other.intent_id) == MoneyBack()

    async def test_refunds_are_told_apart(self, provider: PaymentProvider) -> None:
        """Another refund of the same intent is another one."""
        intent = await authorized(provider)
        await provider.capture(intent.intent_id)

        refunds = [await provider.refund(order(intent, f"r{number}", 1)) for number in range(12)]

        assert len({each.provider_refund_id for each in refunds}) == 12
        assert await provider.refund(order(intent, "r0", 1)) == refunds[0]
