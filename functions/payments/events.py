"""What can have happened to a payment: the storage contract. A shape never changes under the same version.

An intent is what the provider calls a payment under way; ours is created first, recorded, and only then confirmed: so
whatever is authorized at the provider, its id is in this log.
"""

from enum import StrEnum
from typing import ClassVar

from pydantic import AwareDatetime

from shared.eventsourcing.message import Event
from shared.eventsourcing.money import Money
from shared.eventsourcing.personal import Sealed


class DisputeOutcome(StrEnum):
    """How a dispute ended, from the shop's side."""

    WON = "won"
    LOST = "lost"


class AuthorizationRequested(Event):
    """An amount is to be held on a card. `payment_token` names the card at the provider, and is sealed; no card number
    comes here.
    """

    TYPE: ClassVar = "AuthorizationRequested.v1"
    payment_id: str
    order_id: str
    customer_id: str
    amount: Money
    payment_token: Sealed
    at: AwareDatetime


class IntentCreated(Event):
    """The provider knows of the payment, under `intent_id`; nothing is held yet. No other intent is ever confirmed."""

    TYPE: ClassVar = "IntentCreated.v1"
    intent_id: str
    at: AwareDatetime


class PaymentAuthorized(Event):
    """The amount is held on the customer's card."""

    TYPE: ClassVar = "PaymentAuthorized.v1"
    payment_id: str
    order_id: str
    customer_id: str
    amount: Money
    at: AwareDatetime


class PaymentDeclined(Event):
    """Nothing is held. `code` is the provider's reason, such as `card_declined` or `insufficient_funds`."""

    TYPE: ClassVar = "PaymentDeclined.v1"
    payment_id: str
    order_id: str
    customer_id: str
    amount: Money
    code: str
    at: AwareDatetime


class CaptureRequested(Event):
    TYPE: ClassVar = "CaptureRequested.v1"
    at: AwareDatetime


class PaymentCaptured(Event):
    """The whole amount that was held is taken."""

    TYPE: ClassVar = "PaymentCaptured.v1"
    payment_id: str
    order_id: str
    customer_id: str
    amount: Money
    at: AwareDatetime


class VoidRequested(Event):
    TYPE: ClassVar = "VoidRequested.v1"
    reason: str
    at: AwareDatetime


class PaymentVoided(Event):
    """Nothing is held any more, and nothing will be."""

    TYPE: ClassVar = "PaymentVoided.v1"
    payment_id: str
    order_id: str
    customer_id: str
    amount: Money
    reason: str
    at: AwareDatetime


class PaymentBarred(Event):
    """Voided before it was asked for: no payment will be authorized under this id."""

    TYPE: ClassVar = "PaymentBarred.v1"
    payment_id: str
    reason: str
    at: AwareDatetime


class RefundRequested(Event):
    TYPE: ClassVar = "RefundRequested.v1"
    refund_id: str
    amount: Money
    reason: str
    at: AwareDatetime


class RefundCompleted(Event):
    """The provider gave `amount` back, which is less than what was asked for if no more was left; `provider_refund_id`
    is its name for it.
    """

    TYPE: ClassVar = "RefundCompleted.v1"
    payment_id: str
    order_id: str
    customer_id: str
    refund_id: str
    provider_refund_id: str
    amount: Money
    at: AwareDatetime


class RefundFailed(Event):
    """Nothing was given back, or it came back from the customer's bank: the amount may be refunded again."""

    TYPE: ClassVar = "RefundFailed.v1"
    payment_id: str
    order_id: str
    customer_id: str
    refund_id: str
    amount: Money
    code: str
    at: AwareDatetime


class ProviderRefundFound(Event):
    """The provider tells of a refund that nobody asked for here, such as one made in its dashboard. `refund_id` is
    derived from the provider's id; what comes of it follows as for any other refund.
    """

    TYPE: ClassVar = "ProviderRefundFound.v1"
    refund_id: str
    provider_refund_id: str
    amount: Money
    at: AwareDatetime


class RefundDeferred(Event):
    """The provider gives nothing back while the payment is disputed: this refund waits for the dispute's end."""

    TYPE: ClassVar = "RefundDeferred.v1"
    refund_id: str
    amount: Money
    reason: str
    at: AwareDatetime


class RefundDropped(Event):
    """There is nothing left that this refund could give: the customer has all of it, by other refunds or a dispute."""

    TYPE: ClassVar = "RefundDropped.v1"
    refund_id: str
    at: AwareDatetime


class RefundResolved(Event):
    """A person has dealt with a refund that failed. `paid_otherwise`: the customer got its amount by other means."""

    TYPE: ClassVar = "RefundResolved.v1"
    payment_id: str
    order_id: str
    customer_id: str
    refund_id: str
    amount: Money
    paid_otherwise: bool
    reason: str
    at: AwareDatetime


class DisputeOpened(Event):
    """The customer's bank took `amount` back until the dispute is decided."""

    TYPE: ClassVar = "DisputeOpened.v1"
    payment_id: str
    order_id: str
    customer_id: str
    dispute_id: str
    amount: Money
    reason: str
    at: AwareDatetime


class DisputeClosed(Event):
    """The bank has decided: the amount came back, or is gone. The ids are empty in what was stored as v1."""

    TYPE: ClassVar = "DisputeClosed.v2"
    payment_id: str
    order_id: str
    customer_id: str
    dispute_id: str
    amount: Money
    outcome: DisputeOutcome
    at: AwareDatetime


RefundEvent = (
    RefundRequested
    | RefundCompleted
    | RefundFailed
    | ProviderRefundFound
    | RefundDeferred
    | RefundDropped
    | RefundResolved
    | DisputeOpened
    | DisputeClosed
)
"""Of refunds and disputes."""
PaymentEvent = (
    AuthorizationRequested
    | IntentCreated
    | PaymentAuthorized
    | PaymentDeclined
    | CaptureRequested
    | PaymentCaptured
    | VoidRequested
    | PaymentVoided
    | PaymentBarred
    | RefundEvent
)
