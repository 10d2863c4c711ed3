"""What can be asked of a payment, and what the provider tells about it."""

from pydantic import AwareDatetime

from functions.payments.events import DisputeOutcome
from shared.eventsourcing.message import Command
from shared.eventsourcing.money import Money
from shared.eventsourcing.personal import Sealed

# --- asked by callers


class AuthorizePayment(Command):
    """Hold `amount` on the card that `payment_token` names at the provider, once it is opened."""

    payment_id: str
    order_id: str
    customer_id: str
    amount: Money
    payment_token: Sealed
    at: AwareDatetime


class CapturePayment(Command):
    """Take all that is held."""

    at: AwareDatetime


class VoidPayment(Command):
    """Let go of what is held, and hold nothing under this id from now on."""

    payment_id: str
    reason: str
    at: AwareDatetime


class RefundPayment(Command):
    """Give `amount` of what was captured back; with `up_to`, what is left if that is less."""

    refund_id: str
    amount: Money
    up_to: bool = False
    reason: str
    at: AwareDatetime


class ResolveRefund(Command):
    """A person has dealt with a refund that failed; `paid_otherwise` if the customer got its amount by other means."""

    refund_id: str
    paid_otherwise: bool
    reason: str
    at: AwareDatetime


# --- found out when a refund is about to be asked for


class DeferRefund(Command):
    """The payment is disputed."""

    refund_id: str
    at: AwareDatetime


class DropRefund(Command):
    """Nothing is left."""

    refund_id: str
    at: AwareDatetime


# --- told by the provider


class RecordIntent(Command):
    """The provider created an intent for this payment."""

    intent_id: str
    at: AwareDatetime


class RecordAuthorized(Command):
    intent_id: str
    at: AwareDatetime


class RecordDeclined(Command):
    """`intent_id` is empty if the provider did not even create one."""

    intent_id: str
    code: str
    at: AwareDatetime


class RecordCaptured(Command):
    intent_id: str
    at: AwareDatetime


class RecordCancelled(Command):
    """The provider holds nothing any more, because it was asked to or of itself, such as after a week."""

    intent_id: str
    at: AwareDatetime


class _RecordRefund(Command):
    """A refund of the intent that is not known here was made by somebody else."""

    intent_id: str
    refund_id: str
    provider_refund_id: str
    amount: Money
    at: AwareDatetime


class RecordRefundPending(_RecordRefund):
    """The provider has it under way."""


class RecordRefunded(_RecordRefund):
    """The provider gave `amount` back."""


class RecordRefundFailed(_RecordRefund):
    """Nothing was given back, or it came back. `provider_refund_id` is empty if the provider did not even begin."""

    code: str


class RecordDispute(Command):
    intent_id: str
    dispute_id: str
    amount: Money
    reason: str
    at: AwareDatetime


class RecordDisputeClosed(Command):
    """Complete in itself: it may come before the news that there is a dispute."""

    intent_id: str
    dispute_id: str
    amount: Money
    reason: str
    outcome: DisputeOutcome
    at: AwareDatetime


RequestCommand = AuthorizePayment | CapturePayment | VoidPayment | RefundPayment | ResolveRefund
IntentCommand = RecordAuthorized | RecordDeclined | RecordCaptured | RecordCancelled
RefundCommand = RecordRefundPending | RecordRefunded | RecordRefundFailed
DisputeCommand = RecordDispute | RecordDisputeClosed
ProviderCommand = RecordIntent | IntentCommand | RefundCommand | DisputeCommand
PaymentCommand = RequestCommand | DeferRefund | DropRefund | ProviderCommand
