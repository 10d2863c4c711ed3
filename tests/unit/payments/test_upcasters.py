"""Earlier shapes of a payment's events."""

from functions.payments.decider import PAYMENT
from functions.payments.events import DisputeClosed
from shared.eventsourcing.message import StoredEvent

CLOSED_V1 = StoredEvent(
    "DisputeClosed.v1",
    {
        "dispute_id": "dp_1",
        "amount": {"amount": 1998, "currency": "USD"},
        "outcome": "won",
        "at": "2017-03-06T12:05:00Z",
    },
)


def test_a_dispute_of_v1_keeps_what_it_said() -> None:
    """It does not say whose payment it is of."""
    event = PAYMENT.codec.decode(CLOSED_V1)

    assert isinstance(event, DisputeClosed)
    assert event.model_dump(mode="json", exclude={"payment_id", "order_id", "customer_id"}) == CLOSED_V1.data
