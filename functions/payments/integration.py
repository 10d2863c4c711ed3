"""What other services may know of payments: pure maps from private events to published ones."""

from typing import ClassVar, Literal, assert_never

from pydantic import AwareDatetime, ConfigDict
from pydantic.config import JsonDict

from functions.payments import events
from functions.payments.events import PaymentEvent
from shared.eventsourcing.message import IntegrationEvent
from shared.eventsourcing.money import Money

_EXAMPLE: JsonDict = {
    "payment_id": "7d1f2a0e-5d0c-4a53-8f2e-1b7c3a9d4e60",
    "order_id": "0c9b8f64-2f0e-4b1b-9a8d-6f1d2e3c4b5a",
    "customer_id": "900",
    "amount": {"amount": 1998, "currency": "USD"},
}
EXAMPLE_DECLINED: JsonDict = {**_EXAMPLE, "code": "insufficient_funds"}
EXAMPLE_REFUND: JsonDict = {
    **_EXAMPLE,
    "refund_id": "5e0a7c1d-8b7e-4f0a-9c3d-2a1b0c9d8e7f",
    "amount": {"amount": 500, "currency": "USD"},
    "refunded_at": "2017-03-09T10:15:00Z",
}
EXAMPLE_REFUND_FAILED: JsonDict = {
    **_EXAMPLE,
    "refund_id": "5e0a7c1d-8b7e-4f0a-9c3d-2a1b0c9d8e7f",
    "amount": {"amount": 500, "currency": "USD"},
    "code": "expired_or_canceled_card",
}
EXAMPLE_REFUND_RESOLVED: JsonDict = {
    **_EXAMPLE,
    "refund_id": "5e0a7c1d-8b7e-4f0a-9c3d-2a1b0c9d8e7f",
    "amount": {"amount": 500, "currency": "USD"},
    "paid_otherwise": True,
}
EXAMPLE_DISPUTE: JsonDict = {**_EXAMPLE, "dispute_id": "dp_1", "reason": "fraudulent"}
EXAMPLE_DISPUTE_CLOSED: JsonDict = {**_EXAMPLE, "dispute_id": "dp_1", "outcome": "won"}


class PaymentAuthorized(IntegrationEvent):
    """The amount is held on the customer's card."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})
    TYPE: ClassVar = "PaymentAuthorized.v1"
    payment_id: str
    order_id: str
    customer_id: str
    amount: Money


class PaymentDeclined(IntegrationEvent):
    """Nothing is held. `code` is the provider's reason."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_DECLINED]})
    TYPE: ClassVar = "PaymentDeclined.v1"
    payment_id: str
    order_id: str
    customer_id: str
    amount: Money
    code: str


class PaymentCompleted(IntegrationEvent):
    """The amount is captured: the order is paid."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})
    TYPE: ClassVar = "PaymentCompleted.v1"
    payment_id: str
    order_id: str
    customer_id: str
    amount: Money


class PaymentVoided(IntegrationEvent):
    """Nothing is held any more, and nothing will be taken."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})
    TYPE: ClassVar = "PaymentVoided.v1"
    payment_id: str
    order_id: str
    customer_id: str
    amount: Money


class PaymentRefunded(IntegrationEvent):
    """`amount` of a payment was given back."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_REFUND]})
    TYPE: ClassVar = "PaymentRefunded.v1"
    payment_id: str
    order_id: str
    customer_id: str
    refund_id: str
    amount: Money
    refunded_at: AwareDatetime


class PaymentRefundFailed(IntegrationEvent):
    """`amount` of a payment was not given back, or came back from the customer's bank: somebody must find another way.
    `code` is the provider's reason. It may follow a PaymentRefunded of the same refund.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_REFUND_FAILED]})
    TYPE: ClassVar = "PaymentRefundFailed.v1"
    payment_id: str
    order_id: str
    customer_id: str
    refund_id: str
    amount: Money
    code: str


class PaymentRefundResolved(IntegrationEvent):
    """A person has dealt with a refund that failed; `paid_otherwise`: the customer got `amount` by other means."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_REFUND_RESOLVED]})
    TYPE: ClassVar = "PaymentRefundResolved.v1"
    payment_id: str
    order_id: str
    customer_id: str
    refund_id: str
    amount: Money
    paid_otherwise: bool


class PaymentDisputed(IntegrationEvent):
    """The customer's bank took `amount` back until the dispute is decided."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_DISPUTE]})
    TYPE: ClassVar = "PaymentDisputed.v1"
    payment_id: str
    order_id: str
    customer_id: str
    dispute_id: str
    amount: Money
    reason: str


class PaymentDisputeClosed(IntegrationEvent):
    """The bank has decided: `amount` came back to the shop (`won`), or is the customer's (`lost`)."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_DISPUTE_CLOSED]})
    TYPE: ClassVar = "PaymentDisputeClosed.v1"
    payment_id: str
    order_id: str
    customer_id: str
    dispute_id: str
    amount: Money
    outcome: Literal["won", "lost"]


Published = (
    PaymentAuthorized
    | PaymentDeclined
    | PaymentCompleted
    | PaymentVoided
    | PaymentRefunded
    | PaymentRefundFailed
    | PaymentRefundResolved
    | PaymentDisputed
    | PaymentDisputeClosed
)


def to_integration(event: PaymentEvent) -> Published | None:
    match event:
        case events.PaymentAuthorized():
            return PaymentAuthorized(**event.model_dump(exclude={"at"}))
        case events.PaymentDeclined():
            return PaymentDeclined(**event.model_dump(exclude={"at"}))
        case events.PaymentCaptured():
            return PaymentCompleted(**event.model_dump(exclude={"at"}))
        case events.PaymentVoided():
            return PaymentVoided(**event.model_dump(exclude={"at", "reason"}))
        case events.RefundCompleted():
            return PaymentRefunded(**event.model_dump(exclude={"at", "provider_refund_id"}), refunded_at=event.at)
        case events.RefundFailed():
            return PaymentRefundFailed(**event.model_dump(exclude={"at"}))
        case events.RefundResolved():
            return PaymentRefundResolved(**event.model_dump(exclude={"at", "reason"}))
        case events.DisputeOpened():
            return PaymentDisputed(**event.model_dump(exclude={"at"}))
        case events.DisputeClosed():
            return PaymentDisputeClosed(**event.model_dump(exclude={"at"}))
        case (
            events.AuthorizationRequested()
            | events.IntentCreated()
            | events.CaptureRequested()
            | events.VoidRequested()
            | events.PaymentBarred()
            | events.RefundRequested()
            | events.RefundDeferred()
            | events.RefundDropped()
            | events.ProviderRefundFound()
        ):
            return None
        case _:
            assert_never(event)
