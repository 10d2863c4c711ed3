"""What the provider tells of its own accord."""

from collections.abc import Mapping

import pytest
from pydantic_core import to_json
from stripe import WebhookSignature

from functions.payments.adapters.memory import Fault, MemoryProvider
from functions.payments.effect import Settlement
from functions.payments.events import DisputeOpened, PaymentEvent, RefundDeferred
from functions.payments.port import Intent, IntentStatus, RefundResult, RefundState
from functions.payments.webhook import TOLERANCE, StripeWebhook
from shared.adapters.system import utc_now
from shared.eventsourcing.money import Money
from shared.http.edge import guarded
from shared.testing.api_spec import ApiSpec, Reply
from tests.unit.payments.payments_in_memory import (
    CAPTURING,
    CREATED,
    IDS,
    LATER,
    REFUNDING,
    REQUESTED,
    UNTIL_AUTHORIZED,
    UNTIL_CAPTURED,
    Lines,
    PaymentsInMemory,
    captured,
    usd,
)

SECRET = "whsec_test"  # noqa: S105 - of this test
CREATED_AT = 1_488_802_200
OURS = {"payment_id": "p1", "order_id": "o1"}
DISPUTE = {"id": "dp_1", "payment_intent": "pi_1", "amount": 1998, "currency": "usd", "reason": "fraudulent"}

REFUND = {"id": "re_1", "payment_intent": "pi_1", "amount": 500, "currency": "usd", "metadata": {}}


def intent(status: str, **more: object) -> dict[str, object]:
    return {"id": "pi_1", "status": status, "metadata": OURS, **more}


class Stripe:
    """Sends events to the webhook, signed."""

    def __init__(self, *history: PaymentEvent) -> None:
        self.log, self.provider = PaymentsInMemory(), MemoryProvider()
        self.log.given(*history)
        held = Intent(intent_id="pi_1", payment_id="p1", status=IntentStatus.AUTHORIZED)
        self.provider.intents = {"pi_1": held, "pi_2": Intent(intent_id="pi_2", payment_id="", status=held.status)}
        self.lines = Lines()
        effect = Settlement(self.log, self.provider, self.lines)
        webhook = StripeWebhook(self.log, self.provider, SECRET, self.lines, effect)
        self._api = ApiSpec(guarded("payments-commands", webhook, lambda *_, **__: None))

    async def tells(self, kind: str, about: Mapping[str, object]) -> Reply:
        event = {"id": "evt_1", "object": "event", "type": kind, "created": CREATED_AT, "data": {"object": about}}
        return await self.posts(to_json(event))

    async def posts(self, body: bytes, *, secret: str = SECRET, seconds_ago: int = 0) -> Reply:
        timestamp = int(utc_now().timestamp()) - seconds_ago
        header = WebhookSignature.generate_signature_header(body.decode(), secret, timestamp)
        return await self.sends(body, {"Stripe-Signature": header})

    async def sends(self, body: bytes, headers: Mapping[str, str]) -> Reply:
        return await self._api.send("POST", "/payments/v1/webhooks/stripe", body=body, headers=headers)


@pytest.mark.parametrize(
    ("history", "kind", "status", "outcome"),
    [
        ((REQUESTED, CREATED), "amount_capturable_updated", "requires_capture", "PaymentAuthorized"),
        ((REQUESTED, CREATED), "payment_failed", "requires_payment_method", "PaymentDeclined"),
        ((*UNTIL_AUTHORIZED, CAPTURING), "succeeded", "succeeded", "PaymentCaptured"),
        (UNTIL_AUTHORIZED, "canceled", "canceled", "PaymentVoided"),
    ],
)
async def test_an_outcome_is_recorded_once(
    history: tuple[PaymentEvent, ...], kind: str, status: str, outcome: str
) -> None:
    """What we do not know yet is recorded; the same event again is acknowledged, and nothing more."""
    stripe = Stripe(*history)

    replies = [await stripe.tells(f"payment_intent.{kind}", intent(status)) for _ in range(2)]

    assert [reply.status for reply in replies] == [200, 200]
    assert stripe.log.names[len(history) :] == [outcome]
    assert int(stripe.log.of_p1[-1].at.timestamp()) == CREATED_AT


async def test_the_reason_of_a_decline_is_kept() -> None:
    """The bank's own code says more than that the card was declined."""
    stripe = Stripe(REQUESTED, CREATED)
    error = {"code": "card_declined", "decline_code": "insufficient_funds"}

    await stripe.tells("payment_intent.payment_failed", intent("requires_payment_method", last_payment_error=error))

    assert stripe.log.of_p1[-1].model_dump()["code"] == "insufficient_funds"


@pytest.mark.parametrize(
    ("status", "outcome", "errors"),
    [
        ("succeeded", ["RefundCompleted"], []),
        ("failed", ["RefundFailed"], ["a refund failed"]),
        ("pending", [], []),
    ],
)
async def test_a_refund_is_settled_later(status: str, outcome: list[str], errors: list[str]) -> None:
    """A refund that was under way is completed or has failed; then people are told, once."""
    stripe = Stripe(*UNTIL_CAPTURED, REFUNDING)
    metadata = {"payment_id": "p1", "refund_id": "r1"}

    refund = {**REFUND, "status": status, "metadata": metadata}
    replies = [await stripe.tells("refund.updated", refund) for _ in range(2)]

    assert [reply.status for reply in replies] == [200, 200]
    assert (stripe.log.names[len(UNTIL_CAPTURED) + 1 :], stripe.lines.errors) == (outcome, errors)


@pytest.mark.parametrize("kind", ["refund.created", "refund.updated", "refund.failed", "charge.refund.updated"])
async def test_a_refund_of_the_dashboard_is_recorded(kind: str) -> None:
    """It names no refund of ours, but the intent, and that is one of ours."""
    stripe = Stripe(*UNTIL_CAPTURED)

    replies = [await stripe.tells(kind, {**REFUND, "status": "succeeded"}) for _ in range(2)]

    assert [reply.status for reply in replies] == [200, 200]
    assert stripe.log.names[len(UNTIL_CAPTURED) :] == ["ProviderRefundFound", "RefundCompleted"]
    assert stripe.log.of_p1[-1].model_dump()["refund_id"] == "provider-re_1"


async def test_a_refunded_charge_is_looked_up() -> None:
    """The event does not say which refunds there are: the provider is asked, and all that is news is recorded."""
    stripe = Stripe(*UNTIL_CAPTURED)
    captured(stripe.provider)
    for number in (1, 2):
        made = RefundResult(
            refund_id=f"provider-re_{number}",
            provider_refund_id=f"re_{number}",
            amount=usd(500),
            state=RefundState.COMPLETED,
        )
        stripe.provider.refunds["pi_1", made.refund_id] = made

    await stripe.tells("charge.refunded", {"id": "ch_1", "payment_intent": "pi_1"})
    await stripe.tells("refund.created", {**REFUND, "status": "succeeded"})

    assert stripe.log.names[len(UNTIL_CAPTURED) :] == ["ProviderRefundFound", "RefundCompleted"] * 2


async def test_amounts_are_those_of_the_currency() -> None:
    """500 of Stripe's are 5 króna of ours."""
    amount = {"amount": Money(amount=20, currency="ISK")}
    stripe = Stripe(*(each.model_copy(update=amount if hasattr(each, "amount") else {}) for each in UNTIL_CAPTURED))

    await stripe.tells("refund.created", {**REFUND, "currency": "isk", "status": "succeeded"})

    assert stripe.log.of_p1[-1].model_dump()["amount"] == {"amount": 5, "currency": "ISK"}


async def test_a_dispute_is_opened_and_closed() -> None:
    """A dispute names the intent; the provider says whose that is."""
    stripe = Stripe(*UNTIL_CAPTURED)

    await stripe.tells("charge.dispute.created", {**DISPUTE, "status": "needs_response"})
    await stripe.tells("charge.dispute.funds_withdrawn", {**DISPUTE, "status": "needs_response"})
    await stripe.tells("charge.dispute.closed", {**DISPUTE, "status": "lost"})

    assert stripe.log.names[len(UNTIL_CAPTURED) :] == ["DisputeOpened", "DisputeClosed"]


@pytest.mark.parametrize("fault", [None, Fault.BEFORE])
async def test_what_waited_for_the_dispute_follows_its_end(fault: Fault | None) -> None:
    """At once, or by a walk, if the provider cannot be reached."""
    waiting = RefundDeferred(refund_id="r1", amount=usd(500), reason="returned", at=LATER)
    opened = DisputeOpened(**IDS, dispute_id="dp_1", amount=usd(1998), reason="fraudulent", at=LATER)
    stripe = Stripe(*UNTIL_CAPTURED, opened, waiting)
    captured(stripe.provider)
    stripe.provider.next_calls = [None, fault]

    reply = await stripe.tells("charge.dispute.closed", {**DISPUTE, "status": "won"})

    followed = ["DisputeClosed", "RefundRequested", *([] if fault else ["RefundCompleted"])]
    assert (reply.status, stripe.log.names[-len(followed) :]) == (200, followed)


@pytest.mark.parametrize(
    ("kind", "about"),
    [
        ("customer.created", {"id": "cus_1"}),
        ("payment_intent.created", intent("requires_confirmation")),
        ("payment_intent.succeeded", {"id": "pi_9", "status": "succeeded", "metadata": {}}),
        ("payment_intent.succeeded", {"id": "pi_9", "status": "succeeded", "metadata": {"payment_id": "no id"}}),
        ("payment_intent.succeeded", {"id": "pi_9", "status": "succeeded", "metadata": OURS}),
        ("refund.updated", {**REFUND, "status": "succeeded", "payment_intent": "pi_2"}),
        ("refund.updated", {**REFUND, "status": "succeeded", "payment_intent": None}),
        ("charge.refunded", {"id": "ch_1", "payment_intent": "pi_2"}),
        ("charge.refunded", {"id": "ch_1", "payment_intent": None}),
        ("charge.dispute.created", {**DISPUTE, "status": "warning_needs_response"}),
        ("charge.dispute.created", {**DISPUTE, "status": "some_new_status"}),
        ("charge.dispute.closed", {**DISPUTE, "status": "warning_closed"}),
        ("charge.dispute.closed", {**DISPUTE, "status": "some_new_status"}),
        ("charge.dispute.created", {**DISPUTE, "status": "needs_response", "payment_intent": None}),
        ("charge.dispute.created", {**DISPUTE, "status": "needs_response", "payment_intent": "pi_2"}),
        ("charge.dispute.created", {**DISPUTE, "status": "needs_response", "payment_intent": "pi_9"}),
    ],
)
async def test_what_is_not_ours_is_acknowledged(kind: str, about: Mapping[str, object]) -> None:
    """Other kinds of events, other people's payments, mere inquiries and statuses that are new to us: nothing changes,
    and they need not come again.
    """
    stripe = Stripe(*UNTIL_CAPTURED)

    reply = await stripe.tells(kind, about)

    assert (reply.status, len(stripe.log.of_p1)) == (200, len(UNTIL_CAPTURED))


@pytest.mark.parametrize(
    "body", [b"[]", b"{}", b'{"type":"payment_intent.succeeded","created":1,"data":{"object":{}}}']
)
async def test_an_event_that_is_none_is_refused(body: bytes) -> None:
    """Signed nonsense is a 400, not a failure of ours."""
    reply = await Stripe().posts(body)

    assert (reply.status, reply.json["code"]) == (400, "event-not-understood")


class TestSignature:
    async def test_of_somebody_else_is_refused(self) -> None:
        """Only who has the secret can tell us anything."""
        reply = await Stripe().posts(b"{}", secret="whsec_other")  # noqa: S106 - of this test

        assert (reply.status, reply.json["code"]) == (400, "bad-signature")

    async def test_is_good_for_minutes(self) -> None:
        """A recorded request cannot be sent again later."""
        reply = await Stripe().posts(b"{}", seconds_ago=TOLERANCE + 60)

        assert (reply.status, reply.json["code"]) == (400, "bad-signature")

    @pytest.mark.parametrize("headers", [{}, {"Stripe-Signature": "nonsense"}])
    async def test_is_needed(self, headers: dict[str, str]) -> None:
        """A request without one, or with something else in its place, is nobody's."""
        reply = await Stripe().sends(b"{}", headers)

        assert (reply.status, reply.json["code"]) == (400, "bad-signature")

    async def test_is_of_text(self) -> None:
        """A body that is no text was signed by nobody."""
        reply = await Stripe().sends(b"\xff", {"Stripe-Signature": "t=1,v1=0"})

        assert (reply.status, reply.json["code"]) == (400, "bad-signature")
