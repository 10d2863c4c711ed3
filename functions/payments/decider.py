"""The rules of a payment: one authorization, at most one capture, refunds up to what was captured."""

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never

from functions.payments.commands import (
    AuthorizePayment,
    CapturePayment,
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
    RefundPayment,
    RefundRest,
    VoidPayment,
)
from functions.payments.events import (
    AuthorizationRequested,
    CaptureRequested,
    DisputeClosed,
    DisputeOpened,
    IntentCreated,
    PaymentAuthorized,
    PaymentBarred,
    PaymentCaptured,
    PaymentDeclined,
    PaymentEvent,
    PaymentVoided,
    RefundCompleted,
    RefundFailed,
    RefundRequested,
    VoidRequested,
)
from functions.payments.manifest import CATEGORY
from functions.payments.state import Payment, Refund, RefundStatus, Status, is_closed
from shared.eventsourcing.codec import Codec
from shared.eventsourcing.decider import Decider
from shared.eventsourcing.errors import DomainError, NotFoundError
from shared.eventsourcing.money import Money

MAX_REFUNDS = 100
"""Of one payment, failed ones included."""


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
            return _refund(command, _existing(payment))
        case RefundRest():
            return _refund_rest(command, payment)
        case RecordIntent(intent_id=intent_id, at=at):
            awaited = payment.status is Status.AUTHORIZING and not payment.intent_id
            return [IntentCreated(intent_id=intent_id, at=at)] if awaited else []
        case RecordAuthorized() | RecordDeclined() | RecordCaptured() | RecordCancelled():
            return _record(command, payment) if payment.request and command.intent_id == payment.intent_id else []
        case RecordRefunded() | RecordRefundFailed():
            return _record_refund(command, payment)
        case RecordDispute() | RecordDisputeClosed():
            return _record_dispute(command, payment) if payment.request else []
        case _:
            assert_never(command)


def _existing(payment: Payment) -> Payment:
    if payment.status is Status.ABSENT:
        raise NotFoundError("payment-not-found", "there is no such payment")
    return payment


def _authorize(command: AuthorizePayment, payment: Payment) -> Sequence[PaymentEvent]:
    if payment.status is Status.ABSENT:
        if command.amount.amount == 0:
            raise DomainError("amount-too-small", "a payment of nothing needs no card", field="amount")
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


def _refund(command: RefundPayment, payment: Payment) -> Sequence[PaymentEvent]:
    known = payment.refunds.get(command.refund_id)
    if known is not None:
        if known.amount != command.amount:
            raise DomainError("refund-exists", "a refund with this id was asked for differently", field="refund_id")
        refuse_refund(command.refund_id, known)
        return []
    if payment.status is not Status.CAPTURED:
        raise DomainError("payment-not-captured", "only what was captured can be refunded")
    _check_refund(command.amount, payment)
    return [RefundRequested(**command.model_dump())]


def _refund_rest(command: RefundRest, payment: Payment) -> Sequence[PaymentEvent]:
    """Of a payment that came to nothing there is nothing to give back; one under way is for a person to look at."""
    if payment.status in _UNDECIDED:
        raise DomainError("payment-not-captured", f"the payment is still {payment.status}")
    if payment.status is not Status.CAPTURED or command.refund_id in payment.refunds:
        return []
    rest = Money(amount=_left(payment), currency=payment.asked.amount.currency)
    return _refund(RefundPayment(**command.model_dump(), amount=rest), payment) if rest.amount else []


def refuse_refund(refund_id: str, refund: Refund) -> None:
    """DomainError if the refund failed: another attempt is another refund."""
    if refund.status is RefundStatus.FAILED:
        raise DomainError("refund-failed", f"refund {refund_id} failed: {refund.code}", field="refund_id")


def _check_refund(amount: Money, payment: Payment) -> None:
    currency, left = payment.asked.amount.currency, _left(payment)
    if amount.amount == 0:
        raise DomainError("amount-too-small", "nothing would be refunded", field="amount")
    if amount.currency != currency:
        raise DomainError("currency-differs", f"the payment is in {currency}", field="amount.currency")
    if amount.amount > left:
        raise DomainError("refund-too-large", f"at most {left} cents can still be refunded", field="amount")
    if len(payment.refunds) >= MAX_REFUNDS:
        raise DomainError("too-many-refunds", f"a payment has at most {MAX_REFUNDS} refunds", field="refund_id")


def _left(payment: Payment) -> int:
    """Cents that were captured and are neither given back nor about to be."""
    given_back = (x.amount.amount for x in payment.refunds.values() if x.status is not RefundStatus.FAILED)
    return payment.asked.amount.amount - sum(given_back)


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
        case RecordCaptured() if status in _UNDECIDED:
            return [PaymentCaptured(**asked, at=at)]
        case RecordCancelled() if status in _UNDECIDED:
            return [_voided(payment, payment.void_reason or "cancelled by the provider", at)]
        case _:
            return []


_UNDECIDED = {Status.AUTHORIZING, Status.AUTHORIZED, Status.CAPTURING, Status.VOIDING}


def _voided(payment: Payment, reason: str, at: datetime) -> PaymentVoided:
    return PaymentVoided(**payment.asked.model_dump(exclude={"payment_token", "at"}), reason=reason, at=at)


def _record_refund(command: RecordRefunded | RecordRefundFailed, payment: Payment) -> Sequence[PaymentEvent]:
    """A refund that was completed can fail yet: the customer's bank may send it back."""
    refund, asked = payment.refunds.get(command.refund_id), payment.request
    if refund is None or asked is None or refund.status is RefundStatus.FAILED:
        return []
    whose = asked.model_dump(include={"payment_id", "order_id", "customer_id"})
    if isinstance(command, RecordRefundFailed):
        return [RefundFailed(**command.model_dump(), **whose, amount=refund.amount)]
    if refund.status is RefundStatus.COMPLETED:
        return []
    return [RefundCompleted(**command.model_dump(), **whose, amount=refund.amount)]


def _record_dispute(command: RecordDispute | RecordDisputeClosed, payment: Payment) -> Sequence[PaymentEvent]:
    """The news of its end may come first: then it tells of the beginning too."""
    if command.intent_id != payment.intent_id:
        return []
    events: list[PaymentEvent] = []
    if command.dispute_id not in payment.disputes:
        terms = command.model_dump(include={"dispute_id", "amount", "reason", "at"})
        events.append(
            DisputeOpened(**terms, **payment.asked.model_dump(include={"payment_id", "order_id", "customer_id"}))
        )
    if isinstance(command, RecordDisputeClosed) and payment.disputes.get(command.dispute_id, True):
        events.append(DisputeClosed(**command.model_dump(include={"dispute_id", "amount", "outcome", "at"})))
    return events


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
        case RefundRequested():
            asked = Refund(amount=event.amount, reason=event.reason, asked_at=event.at)
            changed = _with_refund(payment, event.refund_id, asked)
        case RefundCompleted():
            changed = _with_refund_status(payment, event.refund_id, RefundStatus.COMPLETED)
        case RefundFailed():
            changed = _with_refund_status(payment, event.refund_id, RefundStatus.FAILED, event.code)
        case DisputeOpened(dispute_id=dispute_id):
            changed = {"disputes": {**payment.disputes, dispute_id: True}}
        case DisputeClosed(dispute_id=dispute_id):
            changed = {"disputes": {**payment.disputes, dispute_id: False}}
        case _:
            assert_never(event)
    return payment.model_copy(update=changed)


def _with_refund(payment: Payment, refund_id: str, refund: Refund) -> dict[str, object]:
    return {"refunds": {**payment.refunds, refund_id: refund}}


def _with_refund_status(payment: Payment, refund_id: str, status: RefundStatus, code: str = "") -> dict[str, object]:
    refund = payment.refunds[refund_id].model_copy(update={"status": status, "code": code})
    return _with_refund(payment, refund_id, refund)


PAYMENT = Decider[PaymentCommand, PaymentEvent, Payment](
    category=CATEGORY,
    decide=decide,
    evolve=evolve,
    initial_state=Payment,
    state_type=Payment,
    codec=Codec[PaymentEvent](PaymentEvent),
    is_closed=is_closed,
)
