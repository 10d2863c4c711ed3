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
    """Give `amount` of what was captured back."""

    refund_id: str
    amount: Money
    reason: str
    at: AwareDatetime


class RefundRest(Command):
    """Give back all that was captured and is not given back already."""

    refund_id: str
    reason: str
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


class RecordRefunded(Command):
    refund_id: str
    provider_refund_id: str
    at: AwareDatetime


class RecordRefundFailed(Command):
    refund_id: str
    code: str
    at: AwareDatetime


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


RequestCommand = AuthorizePayment | CapturePayment | VoidPayment | RefundPayment | RefundRest
IntentCommand = RecordAuthorized | RecordDeclined | RecordCaptured | RecordCancelled
DisputeCommand = RecordDispute | RecordDisputeClosed
PaymentCommand = RequestCommand | RecordIntent | IntentCommand | RecordRefunded | RecordRefundFailed | DisputeCommand
