"""The rules of a payment: one authorization, at most one capture, refunds up to what was captured."""

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never

from functions.payments import refunds
from functions.payments.amounts import check_payable
from functions.payments.commands import (
    AuthorizePayment,
    CapturePayment,
    DeferRefund,
    DropRefund,
    PaymentCommand,
    RecordAuthorized,
    RecordCancelled,
    RecordCaptured,
    RecordDeclined,
    RecordDispute,
    RecordDisputeClosed,
    RecordIntent,
    RecordRefunded,
    RecordRefundFailed,
    RecordRefundPending,
    RefundPayment,
    ResolveRefund,
    VoidPayment,
)
from functions.payments.events import (
    AuthorizationRequested,
    CaptureRequested,
    IntentCreated,
    PaymentAuthorized,
    PaymentBarred,
    PaymentCaptured,
    PaymentDeclined,
    PaymentEvent,
    PaymentVoided,
    VoidRequested,
)
from functions.payments.manifest import CATEGORY
from functions.payments.state import UNDECIDED, Payment, Status
from functions.payments.upcasters import PAYMENT_CODEC
from shared.eventsourcing.decider import Decider
from shared.eventsourcing.errors import DomainError, NotFoundError

# --- decide


def decide(command: PaymentCommand, payment: Payment) -> Sequence[PaymentEvent]:
    match command:
        case AuthorizePayment():
            return _authorize(command, payment)
        case VoidPayment():
            return _void(command, payment)
        case CapturePayment(at=at):
            return _capture(at, _existing(payment))
        case RefundPayment():
            return refunds.refund(command, _existing(payment))
        case ResolveRefund():
            return refunds.resolve(command, _existing(payment))
        case DeferRefund() | DropRefund():
            return refunds.put_off(command, payment)
        case RecordIntent(intent_id=intent_id, at=at):
            awaited = payment.status is Status.AUTHORIZING and not payment.intent_id
            return [IntentCreated(intent_id=intent_id, at=at)] if awaited else []
        case RecordAuthorized() | RecordDeclined() | RecordCaptured() | RecordCancelled():
            return _record(command, payment) if _is_of(command.intent_id, payment) else []
        case RecordRefundPending() | RecordRefunded() | RecordRefundFailed():
            return refunds.record_refund(command, payment) if _is_of(command.intent_id, payment) else []
        case RecordDispute() | RecordDisputeClosed():
            return refunds.record_dispute(command, payment) if _is_of(command.intent_id, payment) else []
        case _:
            assert_never(command)


def _is_of(intent_id: str, payment: Payment) -> bool:
    """Whether this is the intent that was recorded, or both say that there is none."""
    return payment.request is not None and intent_id == payment.intent_id


def _existing(payment: Payment) -> Payment:
    if payment.status is Status.ABSENT:
        raise NotFoundError("payment-not-found", "there is no such payment")
    return payment


def _authorize(command: AuthorizePayment, payment: Payment) -> Sequence[PaymentEvent]:
    if payment.status is Status.ABSENT:
        if command.amount.amount == 0:
            raise DomainError("amount-too-small", "a payment of nothing needs no card", field="amount")
        check_payable(command.amount)
        return [AuthorizationRequested(**command.model_dump())]
    if payment.request and _terms(command) != _terms(payment.request):
        raise DomainError("payment-exists", "a payment with this id was asked for differently")
    refuse_authorization(payment)
    return []


def _terms(asked: AuthorizePayment | AuthorizationRequested) -> dict[str, object]:
    return asked.model_dump(exclude={"at"})


def refuse_authorization(payment: Payment) -> None:
    """DomainError if the payment can never be authorized: it was declined, or voided."""
    if payment.status is Status.DECLINED:
        raise DomainError("card-declined", f"the card was declined: {payment.code}", field="payment_token")
    if payment.status in {Status.VOIDING, Status.VOIDED}:
        raise DomainError("payment-voided", "the payment was voided")


def _capture(at: datetime, payment: Payment) -> Sequence[PaymentEvent]:
    refuse_authorization(payment)
    if payment.status is Status.AUTHORIZING:
        raise DomainError("payment-not-authorized", "nothing is held yet that could be captured")
    return [CaptureRequested(at=at)] if payment.status is Status.AUTHORIZED else []


def _void(command: VoidPayment, payment: Payment) -> Sequence[PaymentEvent]:
    match payment.status:
        case Status.ABSENT:
            return [PaymentBarred(**command.model_dump())]
        case Status.AUTHORIZING if not payment.intent_id:  # no intent was recorded, so none was confirmed, or will be
            return [VoidRequested(reason=command.reason, at=command.at), _voided(payment, command.reason, command.at)]
        case Status.AUTHORIZING | Status.AUTHORIZED:
            return [VoidRequested(reason=command.reason, at=command.at)]
        case Status.DECLINED | Status.VOIDING | Status.VOIDED:
            return []
        case Status.CAPTURING | Status.CAPTURED:
            refuse_void(payment)
            return []
        case _:
            assert_never(payment.status)


def refuse_void(payment: Payment) -> None:
    """DomainError if it is too late to void the payment."""
    if payment.status in {Status.CAPTURING, Status.CAPTURED}:
        raise DomainError("payment-captured", "what is captured can be refunded, not voided")


def _record(
    command: RecordAuthorized | RecordDeclined | RecordCaptured | RecordCancelled, payment: Payment
) -> Sequence[PaymentEvent]:
    """What the provider says of the intent that it was asked to confirm. What is known already, or came late, is
    nothing new; a void goes on until the provider says that nothing is held, or that it is too late.
    """
    status, at, asked = payment.status, command.at, payment.asked.model_dump(exclude={"payment_token", "at"})
    match command:
        case RecordAuthorized() if status is Status.AUTHORIZING:
            return [PaymentAuthorized(**asked, at=at)]
        case RecordDeclined() if status is Status.AUTHORIZING:
            return [PaymentDeclined(**asked, code=command.code, at=at)]
        case RecordCaptured() if status in UNDECIDED:
            return [PaymentCaptured(**asked, at=at)]
        case RecordCancelled() if status in UNDECIDED:
            return [_voided(payment, payment.void_reason or "cancelled by the provider", at)]
        case _:
            return []


def _voided(payment: Payment, reason: str, at: datetime) -> PaymentVoided:
    return PaymentVoided(**payment.asked.model_dump(exclude={"payment_token", "at"}), reason=reason, at=at)


# --- evolve


def evolve(payment: Payment, event: PaymentEvent) -> Payment:
    match event:
        case AuthorizationRequested():
            changed: dict[str, object] = {"status": Status.AUTHORIZING, "request": event, "asked_at": event.at}
        case IntentCreated(intent_id=intent_id):
            changed = {"intent_id": intent_id}
        case PaymentAuthorized():
            changed = {"status": Status.AUTHORIZED}
        case PaymentDeclined(code=code):
            changed = {"status": Status.DECLINED, "code": code}
        case CaptureRequested(at=at):
            changed = {"status": Status.CAPTURING, "asked_at": at}
        case PaymentCaptured():
            changed = {"status": Status.CAPTURED}
        case VoidRequested(reason=reason, at=at):
            changed = {"status": Status.VOIDING, "void_reason": reason, "asked_at": at}
        case PaymentVoided() | PaymentBarred():
            changed = {"status": Status.VOIDED}
        case _:
            changed = refunds.evolve(payment, event)
    return payment.model_copy(update=changed)


PAYMENT = Decider[PaymentCommand, PaymentEvent, Payment](
    category=CATEGORY,
    decide=decide,
    evolve=evolve,
    initial_state=Payment,
    state_type=Payment,
    codec=PAYMENT_CODEC,
)
