"""The rules of a payment's refunds and disputes: never more goes back than came in.

Whatever the provider tells of either is recorded, whoever caused it. While a payment is disputed the provider gives
nothing back: refunds wait for the dispute's end, and then give what is left.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never

from functions.payments.amounts import check_payable, smallest
from functions.payments.commands import (
    DeferRefund,
    DisputeCommand,
    DropRefund,
    RecordDisputeClosed,
    RecordRefunded,
    RecordRefundFailed,
    RecordRefundPending,
    RefundCommand,
    RefundPayment,
    ResolveRefund,
)
from functions.payments.events import (
    DisputeClosed,
    DisputeOpened,
    PaymentEvent,
    ProviderRefundFound,
    RefundCompleted,
    RefundDeferred,
    RefundDropped,
    RefundEvent,
    RefundFailed,
    RefundRequested,
    RefundResolved,
)
from functions.payments.state import FAILED, Dispute, Payment, Refund, RefundStatus, Status
from shared.eventsourcing.errors import DomainError, NotFoundError
from shared.eventsourcing.money import Money

MAX_REFUNDS = 100
"""Of one payment, failed ones included, are asked of the provider. One that is owed all the same (`up_to`) is recorded
as failed: a person pays it otherwise.
"""
FOUND = "made at the provider"
"""The reason of a refund that nobody asked for here."""
_WHOSE = {"payment_id", "order_id", "customer_id"}


# --- asked by callers


def refund(command: RefundPayment, payment: Payment) -> Sequence[PaymentEvent]:
    known = payment.refunds.get(command.refund_id)
    if known is not None:
        if known.amount != command.amount and not command.up_to:
            raise DomainError("refund-exists", "a refund with this id was asked for differently", field="refund_id")
        _refuse_failed(command.refund_id, known)
        return []
    if payment.status in {Status.DECLINED, Status.VOIDED}:
        raise DomainError("nothing-captured", "nothing was captured, and nothing will be")
    if payment.status is not Status.CAPTURED:
        raise DomainError("payment-not-captured", "only what was captured can be refunded")
    _check_refund(command.amount, payment)
    if command.up_to:
        return _up_to(_payable(command.amount), command, payment)
    _check_exact(command.amount, payment)
    return [_begun(command, command.amount, payment)]


def _up_to(amount: int, command: RefundPayment, payment: Payment) -> Sequence[PaymentEvent]:
    """What is in dispute may come back to the shop yet: then it is given to the customer."""
    rest = min(amount, payment.left + payment.open_disputes)
    if rest <= 0:
        return []
    return [_begun(command, Money(amount=rest, currency=payment.asked.amount.currency), payment)]


def _payable(money: Money) -> int:
    """What can be paid of this currency, in the customer's favour."""
    return -(-money.amount // smallest(money.currency)) * smallest(money.currency)


def _begun(command: RefundPayment, amount: Money, payment: Payment) -> RefundRequested | RefundDeferred:
    event = RefundDeferred if payment.in_dispute else RefundRequested
    return event(refund_id=command.refund_id, amount=amount, reason=command.reason, at=command.at)


def _refuse_failed(refund_id: str, known: Refund) -> None:
    """Another attempt is another refund."""
    if known.status in FAILED:
        raise DomainError("refund-failed", f"refund {refund_id} failed: {known.code}", field="refund_id")


def _check_refund(amount: Money, payment: Payment) -> None:
    currency = payment.asked.amount.currency
    if amount.amount == 0:
        raise DomainError("amount-too-small", "nothing would be refunded", field="amount")
    if amount.currency != currency:
        raise DomainError("currency-differs", f"the payment is in {currency}", field="amount.currency")


def _check_exact(amount: Money, payment: Payment) -> None:
    left = max(payment.left, 0)
    check_payable(amount)
    if amount.amount > left:
        detail = f"at most {left} can still be refunded, in minor units of {amount.currency}"
        raise DomainError("refund-too-large", detail, field="amount")
    _check_count(payment)


def _check_count(payment: Payment) -> None:
    if len(payment.refunds) >= MAX_REFUNDS:
        raise DomainError("too-many-refunds", f"a payment has at most {MAX_REFUNDS} refunds", field="refund_id")


def is_one_too_many(refund_id: str, payment: Payment) -> bool:
    """Whether the provider is not asked for this one."""
    return refund_id in [*payment.refunds][MAX_REFUNDS:]


def resolve(command: ResolveRefund, payment: Payment) -> Sequence[PaymentEvent]:
    known = payment.refunds.get(command.refund_id)
    if known is None:
        raise NotFoundError("refund-not-found", "the payment has no such refund")
    done = RefundStatus.PAID_OTHERWISE if command.paid_otherwise else RefundStatus.RESOLVED
    if known.status is done:
        return []
    if known.status is not RefundStatus.FAILED:
        raise DomainError(f"refund-is-{known.status}", "only a refund that failed is for a person to resolve")
    if command.paid_otherwise and known.amount.amount > payment.left:
        raise DomainError("refund-too-large", "the customer has had this money by another refund or a dispute")
    whose = payment.asked.model_dump(include=_WHOSE)
    return [RefundResolved(**command.model_dump(), **whose, amount=known.amount)]


# --- found out when a refund is about to be asked for


def put_off(command: DeferRefund | DropRefund, payment: Payment) -> Sequence[PaymentEvent]:
    known = payment.refunds.get(command.refund_id)
    if known is None or known.status is not RefundStatus.REQUESTED:
        return []
    if isinstance(command, DropRefund):
        return [RefundDropped(refund_id=command.refund_id, at=command.at)]
    return [RefundDeferred(refund_id=command.refund_id, amount=known.amount, reason=known.reason, at=command.at)]


# --- told by the provider


def record_refund(command: RefundCommand, payment: Payment) -> Sequence[PaymentEvent]:
    """A refund that was completed can fail yet: the customer's bank may send it back. Failed is the end."""
    if payment.status in {Status.DECLINED, Status.VOIDED}:  # nothing was ever taken
        return []
    known = payment.refunds.get(command.refund_id)
    events: list[PaymentEvent] = []
    if known is None:
        events.append(ProviderRefundFound(**command.model_dump(include=set(ProviderRefundFound.model_fields))))
    status = known.status if known else RefundStatus.REQUESTED
    whose = payment.asked.model_dump(include=_WHOSE)
    names = {"refund_id": command.refund_id, **whose, "at": command.at}
    match command:
        case RecordRefundPending():
            pass
        case RecordRefunded() if status not in {*FAILED, RefundStatus.COMPLETED}:
            provider_refund_id = command.provider_refund_id
            events.append(RefundCompleted(**names, provider_refund_id=provider_refund_id, amount=command.amount))
        case RecordRefundFailed() if status not in FAILED:
            amount = known.amount if known else command.amount
            events.append(RefundFailed(**names, amount=amount, code=command.code))
        case _:
            pass
    return events


def record_dispute(command: DisputeCommand, payment: Payment) -> Sequence[PaymentEvent]:
    """The news of its end may come first: then it tells of the beginning too."""
    known, events = payment.disputes.get(command.dispute_id), list[PaymentEvent]()
    amount = known.amount if known else _disputed(command, payment)
    whose = payment.asked.model_dump(include=_WHOSE)
    if known is None:
        terms = {"dispute_id": command.dispute_id, "amount": amount, "reason": command.reason, "at": command.at}
        events.append(DisputeOpened(**terms, **whose))
    if isinstance(command, RecordDisputeClosed) and (known is None or known.outcome is None):
        told = {"dispute_id": command.dispute_id, "amount": amount, "outcome": command.outcome, "at": command.at}
        closed = DisputeClosed(**told, **whose)
        events.append(closed)
        events += _after_dispute(payment, closed)
    return events


def _disputed(command: DisputeCommand, payment: Payment) -> Money:
    """All of the payment, if the bank tells of it in a currency of its own."""
    same = command.amount.currency == payment.asked.amount.currency
    return command.amount if same else payment.asked.amount


def _after_dispute(payment: Payment, closed: DisputeClosed) -> Sequence[PaymentEvent]:
    """What becomes of the refunds that waited for the end of the last dispute."""
    payment = payment.model_copy(update=_with_outcome(payment, closed))
    waiting = [] if payment.in_dispute else [x for x in payment.refunds if _is_deferred(payment, x)]
    events: list[PaymentEvent] = []
    for number, refund_id in enumerate(waiting):
        known = payment.refunds[refund_id]
        left = min(payment.left_beside(*waiting[number:]), known.amount.amount)
        event = _after_waiting(refund_id, known, left, closed.at)
        payment = payment.model_copy(update=evolve(payment, event))
        events.append(event)
    return events


def _is_deferred(payment: Payment, refund_id: str) -> bool:
    return payment.refunds[refund_id].status is RefundStatus.DEFERRED


def _after_waiting(refund_id: str, known: Refund, left: int, at: datetime) -> RefundRequested | RefundDropped:
    if left <= 0:
        return RefundDropped(refund_id=refund_id, at=at)
    amount = Money(amount=left, currency=known.amount.currency)
    return RefundRequested(refund_id=refund_id, amount=amount, reason=known.reason, at=at)


# --- evolve


def evolve(payment: Payment, event: RefundEvent) -> dict[str, object]:
    """What an event of a refund or a dispute changes."""
    match event:
        case DisputeOpened():
            return {"disputes": {**payment.disputes, event.dispute_id: Dispute(amount=event.amount)}}
        case DisputeClosed():
            return _with_outcome(payment, event)
        case RefundRequested() | RefundDeferred() | ProviderRefundFound():
            refund = _asked(event)
        case RefundCompleted() | RefundFailed() | RefundDropped() | RefundResolved():
            refund = payment.refunds[event.refund_id].model_copy(update=_outcome(event))
        case _:
            assert_never(event)
    return {"refunds": {**payment.refunds, event.refund_id: refund}}


def _asked(event: RefundRequested | RefundDeferred | ProviderRefundFound) -> Refund:
    match event:
        case RefundRequested():
            return Refund(amount=event.amount, reason=event.reason, asked_at=event.at)
        case RefundDeferred():
            status = RefundStatus.DEFERRED
            return Refund(amount=event.amount, reason=event.reason, asked_at=event.at, status=status)
        case ProviderRefundFound(provider_refund_id=found_as):
            return Refund(amount=event.amount, reason=FOUND, asked_at=event.at, found_as=found_as)
        case _:
            assert_never(event)


def _outcome(event: RefundCompleted | RefundFailed | RefundDropped | RefundResolved) -> dict[str, object]:
    match event:
        case RefundCompleted():
            return {"status": RefundStatus.COMPLETED, "amount": event.amount}
        case RefundFailed():
            return {"status": RefundStatus.FAILED, "code": event.code}
        case RefundDropped():
            return {"status": RefundStatus.DROPPED}
        case RefundResolved():
            return {"status": RefundStatus.PAID_OTHERWISE if event.paid_otherwise else RefundStatus.RESOLVED}
        case _:
            assert_never(event)


def _with_outcome(payment: Payment, event: DisputeClosed) -> dict[str, object]:
    closed = Dispute(amount=event.amount, outcome=event.outcome)
    return {"disputes": {**payment.disputes, event.dispute_id: closed}}
