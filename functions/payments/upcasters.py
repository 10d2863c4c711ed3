"""Earlier shapes of the payments' events, made current when they are read. What is released here is never edited."""

from collections.abc import Mapping
from typing import Any

from functions.payments.events import PaymentEvent
from shared.eventsourcing.codec import Codec


def dispute_closed_v1(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """v2 says whose payment it is, because others hear of it; before, nobody did."""
    return {**data, "payment_id": "", "order_id": "", "customer_id": ""}


PAYMENT_CODEC = Codec[PaymentEvent](PaymentEvent, {"DisputeClosed.v1": dispute_closed_v1})
