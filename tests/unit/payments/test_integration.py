"""What payments publish, and what they keep to themselves."""

from typing import Any, get_args

import pytest

from functions.payments import events, integration
from functions.payments.events import PaymentEvent
from functions.payments.integration import Published, to_integration
from shared.eventsourcing.message import Event
from tests.unit.payments.payments_in_memory import AT, AUTHORIZED, CAPTURED, IDS, LATER, usd

AMOUNT = usd(1998)
PUBLIC: list[tuple[PaymentEvent, Published]] = [
    (AUTHORIZED, integration.PaymentAuthorized(**IDS, amount=AMOUNT)),
    (
        events.PaymentDeclined(**IDS, amount=AMOUNT, code="card_declined", at=AT),
        integration.PaymentDeclined(**IDS, amount=AMOUNT, code="card_declined"),
    ),
    (CAPTURED, integration.PaymentCompleted(**IDS, amount=AMOUNT)),
    (
        events.PaymentVoided(**IDS, amount=AMOUNT, reason="out of stock", at=AT),
        integration.PaymentVoided(**IDS, amount=AMOUNT),
    ),
    (
        events.RefundCompleted(**IDS, refund_id="r1", provider_refund_id="re_1", amount=usd(500), at=LATER),
        integration.PaymentRefunded(**IDS, refund_id="r1", amount=usd(500), refunded_at=LATER),
    ),
    (
        events.RefundFailed(**IDS, refund_id="r1", amount=usd(500), code="expired_card", at=LATER),
        integration.PaymentRefundFailed(**IDS, refund_id="r1", amount=usd(500), code="expired_card"),
    ),
    (
        events.RefundResolved(
            **IDS, refund_id="r1", amount=usd(500), paid_otherwise=True, reason="by bank transfer", at=LATER
        ),
        integration.PaymentRefundResolved(**IDS, refund_id="r1", amount=usd(500), paid_otherwise=True),
    ),
    (
        events.DisputeOpened(**IDS, dispute_id="dp_1", amount=AMOUNT, reason="fraudulent", at=LATER),
        integration.PaymentDisputed(**IDS, dispute_id="dp_1", amount=AMOUNT, reason="fraudulent"),
    ),
    (
        events.DisputeClosed(**IDS, dispute_id="dp_1", amount=AMOUNT, outcome=events.DisputeOutcome.WON, at=LATER),
        integration.PaymentDisputeClosed(**IDS, dispute_id="dp_1", amount=AMOUNT, outcome="won"),
    ),
]


@pytest.mark.parametrize(("event", "published"), PUBLIC)
def test_outcomes_are_published(event: PaymentEvent, published: Published) -> None:
    """Others learn of each outcome whose payment it is and how much it is about."""
    assert to_integration(event) == published


@pytest.mark.parametrize(
    "private", [cls for cls in get_args(PaymentEvent) if cls not in {type(event) for event, _ in PUBLIC}]
)
def test_everything_else_stays_private(private: type[Event]) -> None:
    """Intents, tokens and the provider's ids are nobody else's business."""
    assert to_integration(private.model_construct()) is None  # type: ignore[arg-type] # a member of the union, chosen at run time


@pytest.mark.parametrize("published", get_args(Published))
def test_examples_round_trip(published: Any) -> None:
    """Each published contract carries an example that fits it."""
    (example,) = published.model_json_schema()["examples"]

    assert published.model_validate(example).model_dump(mode="json") == example
