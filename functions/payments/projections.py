"""From events to the payments' read models: pure functions of (document | None, event)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, assert_never

from functions.payments.events import (
    AuthorizationRequested,
    CaptureRequested,
    DisputeClosed,
    DisputeOpened,
    DisputeOutcome,
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
from functions.payments.manifest import CATEGORY, LEDGER, PAYMENTS
from functions.payments.read_models import (
    Account,
    DisputeView,
    LedgerEntry,
    LedgerLine,
    LedgerView,
    PaymentView,
    RefundView,
)
from shared.eventsourcing.codec import Codec
from shared.eventsourcing.money import Money
from shared.eventsourcing.projection import Projection, Scalar

Kind = Literal[
    "authorized", "released", "captured", "refunded", "refund-returned", "disputed", "dispute-won", "dispute-lost"
]

# --- payments


def project_payment(document: PaymentView | None, event: PaymentEvent) -> PaymentView | None:
    if isinstance(event, AuthorizationRequested):
        return _requested(event)
    if isinstance(event, PaymentBarred):
        return _barred(event)
    if document is None:
        raise ValueError(f"{type(event).__name__} before AuthorizationRequested")
    match event:
        case IntentCreated():
            changed: dict[str, object] = {}
        case PaymentAuthorized():
            changed = {"status": "authorized"}
        case PaymentDeclined():
            changed = {"status": "declined", "decline_code": event.code}
        case CaptureRequested():
            changed = {"status": "capturing"}
        case PaymentCaptured():
            changed = {"status": "captured"}
        case VoidRequested():
            changed = {"status": "voiding"}
        case PaymentVoided():
            changed = {"status": "voided", "void_reason": event.reason}
        case RefundRequested():
            refund = RefundView(refund_id=event.refund_id, amount=event.amount, reason=event.reason, status="requested")
            changed = {"refunds": [*document.refunds, refund]}
        case RefundCompleted():
            changed = _refunds(document, event.refund_id, {"status": "completed"})
        case RefundFailed():
            changed = _refunds(document, event.refund_id, {"status": "failed", "code": event.code})
        case DisputeOpened():
            dispute = DisputeView(dispute_id=event.dispute_id, amount=event.amount, reason=event.reason, status="open")
            changed = {"disputes": [*document.disputes, dispute]}
        case DisputeClosed():
            changed = {"disputes": [_closed(dispute, event) for dispute in document.disputes]}
        case _:
            assert_never(event)
    return document.model_copy(update={**changed, "changed_at": event.at})


def _requested(event: AuthorizationRequested) -> PaymentView:
    return PaymentView(
        id=event.payment_id,
        order_id=event.order_id,
        customer_id=event.customer_id,
        status="authorizing",
        amount=event.amount,
        refunded=Money(amount=0, currency=event.amount.currency),
        requested_at=event.at,
        changed_at=event.at,
    )


def _barred(event: PaymentBarred) -> PaymentView:
    return PaymentView(
        id=event.payment_id,
        order_id=None,
        customer_id=None,
        status="voided",
        amount=None,
        refunded=None,
        void_reason=event.reason,
        requested_at=event.at,
        changed_at=event.at,
    )


def _refunds(document: PaymentView, refund_id: str, changed: Mapping[str, object]) -> dict[str, object]:
    refunds = [x.model_copy(update=changed) if x.refund_id == refund_id else x for x in document.refunds]
    completed = [x.amount for x in refunds if x.status == "completed"]
    refunded = document.refunded and document.refunded.model_copy(update={"amount": sum(x.amount for x in completed)})
    return {"refunds": refunds, "refunded": refunded}


def _closed(dispute: DisputeView, event: DisputeClosed) -> DisputeView:
    if dispute.dispute_id != event.dispute_id:
        return dispute
    return dispute.model_copy(update={"status": event.outcome.value})


def _payment_fields(document: PaymentView) -> Mapping[str, Scalar]:
    return {
        "customer_id": document.customer_id,
        "status": document.status,
        "requested_at": document.requested_at,
    }


# --- ledger


def project_ledger(document: LedgerView | None, event: PaymentEvent) -> LedgerView | None:
    if isinstance(event, AuthorizationRequested):
        return _opened(event)
    if document is None:
        return None  # barred before it was asked for: nothing will ever be booked
    match event:
        case PaymentAuthorized(payment_id=reference, amount=amount, at=at):
            return _booked(document, "authorized", reference, _move(amount, Account.HOLDS_OFFSET, Account.HOLDS), at)
        case PaymentVoided(payment_id=reference, at=at):
            return _booked(document, "released", reference, _release(document), at)
        case PaymentCaptured(payment_id=reference, amount=amount, at=at):
            taken = _move(amount, Account.CUSTOMERS, Account.PROVIDER)
            return _booked(document, "captured", reference, [*_release(document), *taken], at)
        case RefundCompleted(refund_id=reference, amount=amount, at=at):
            return _booked(document, "refunded", reference, _move(amount, Account.PROVIDER, Account.REFUNDS), at)
        case RefundFailed(refund_id=reference, amount=amount, at=at):
            returned = _move(amount, Account.REFUNDS, Account.PROVIDER) if _refunded(document, reference) else []
            return _booked(document, "refund-returned", reference, returned, at)
        case DisputeOpened(dispute_id=reference, amount=amount, at=at):
            return _booked(document, "disputed", reference, _move(amount, Account.PROVIDER, Account.IN_DISPUTE), at)
        case DisputeClosed(dispute_id=reference, amount=amount, outcome=DisputeOutcome.WON, at=at):
            return _booked(document, "dispute-won", reference, _move(amount, Account.IN_DISPUTE, Account.PROVIDER), at)
        case DisputeClosed(dispute_id=reference, amount=amount, at=at):
            lost = _move(amount, Account.IN_DISPUTE, Account.CHARGEBACKS)
            return _booked(document, "dispute-lost", reference, lost, at)
        case (
            IntentCreated()
            | PaymentDeclined()
            | CaptureRequested()
            | VoidRequested()
            | PaymentBarred()
            | RefundRequested()
        ):
            return document
        case _:
            assert_never(event)


def _opened(event: AuthorizationRequested) -> LedgerView:
    return LedgerView(
        id=event.payment_id,
        order_id=event.order_id,
        customer_id=event.customer_id,
        currency=event.amount.currency,
        entries=[],
        balances={},
        opened_at=event.at,
    )


def _move(amount: Money, giver: Account, taker: Account) -> list[LedgerLine]:
    """Credit one account, debit another."""
    return [LedgerLine(account=taker, amount=amount.amount), LedgerLine(account=giver, amount=-amount.amount)]


def _release(document: LedgerView) -> list[LedgerLine]:
    """What is held, taken back: nothing, if the provider never said that it was."""
    held = document.balances.get(Account.HOLDS, 0)
    money = Money(amount=held, currency=document.currency)
    return _move(money, Account.HOLDS, Account.HOLDS_OFFSET) if held else []


def _refunded(document: LedgerView, refund_id: str) -> bool:
    return any(entry.kind == "refunded" and entry.reference == refund_id for entry in document.entries)


def _booked(document: LedgerView, kind: Kind, reference: str, lines: Sequence[LedgerLine], at: datetime) -> LedgerView:
    if not lines:
        return document
    balances = dict(document.balances)
    for line in lines:
        balances[line.account] = balances.get(line.account, 0) + line.amount
    entry = LedgerEntry(kind=kind, reference=reference, lines=list(lines), at=at)
    return document.model_copy(update={"entries": [*document.entries, entry], "balances": balances})


def _ledger_fields(document: LedgerView) -> Mapping[str, Scalar]:
    return {"currency": document.currency, "opened_at": document.opened_at}


PAYMENTS_PROJECTION = Projection[PaymentEvent, PaymentView](
    category=CATEGORY,
    collection=PAYMENTS,
    document_type=PaymentView,
    codec=Codec[PaymentEvent](PaymentEvent),
    project=project_payment,
    fields=_payment_fields,
)
LEDGER_PROJECTION = Projection[PaymentEvent, LedgerView](
    category=CATEGORY,
    collection=LEDGER,
    document_type=LedgerView,
    codec=Codec[PaymentEvent](PaymentEvent),
    project=project_ledger,
    fields=_ledger_fields,
)
