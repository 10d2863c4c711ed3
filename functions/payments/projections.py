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
    ProviderRefundFound,
    RefundCompleted,
    RefundDeferred,
    RefundDropped,
    RefundEvent,
    RefundFailed,
    RefundRequested,
    RefundResolved,
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
from functions.payments.upcasters import PAYMENT_CODEC
from shared.eventsourcing.money import Money
from shared.eventsourcing.projection import Projection, Scalar

Kind = Literal[
    "authorized",
    "released",
    "captured",
    "refunded",
    "refund-returned",
    "paid-otherwise",
    "disputed",
    "dispute-won",
    "dispute-lost",
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
        case _:
            changed = _money_back(document, event)
    return _with_totals(document.model_copy(update={**changed, "changed_at": event.at}))


def _requested(event: AuthorizationRequested) -> PaymentView:
    return PaymentView(
        id=event.payment_id,
        order_id=event.order_id,
        customer_id=event.customer_id,
        status="authorizing",
        amount=event.amount,
        refunded=Money(amount=0, currency=event.amount.currency),
        left=Money(amount=0, currency=event.amount.currency),
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


def _money_back(document: PaymentView, event: RefundEvent) -> dict[str, object]:
    match event:
        case RefundRequested() | RefundDeferred() | ProviderRefundFound():
            return {"refunds": _with_refund(document.refunds, _refund_view(event))}
        case RefundCompleted():
            return _refunds(document, event.refund_id, {"status": "completed", "amount": event.amount})
        case RefundFailed():
            return _refunds(document, event.refund_id, {"status": "failed", "code": event.code})
        case RefundDropped():
            return _refunds(document, event.refund_id, {"status": "dropped"})
        case RefundResolved():
            status = "paid-otherwise" if event.paid_otherwise else "resolved"
            return _refunds(document, event.refund_id, {"status": status, "resolution": event.reason})
        case DisputeOpened():
            dispute = DisputeView(dispute_id=event.dispute_id, amount=event.amount, reason=event.reason, status="open")
            return {"disputes": [*document.disputes, dispute]}
        case DisputeClosed():
            return {"disputes": [_closed(dispute, event) for dispute in document.disputes]}
        case _:
            assert_never(event)


def _refund_view(event: RefundRequested | RefundDeferred | ProviderRefundFound) -> RefundView:
    reason = "made at the provider" if isinstance(event, ProviderRefundFound) else event.reason
    status: Literal["requested", "deferred"] = "deferred" if isinstance(event, RefundDeferred) else "requested"
    return RefundView(refund_id=event.refund_id, amount=event.amount, reason=reason, status=status)


def _with_refund(refunds: Sequence[RefundView], refund: RefundView) -> list[RefundView]:
    """In place of what it was, if it was asked for before and put off."""
    if any(each.refund_id == refund.refund_id for each in refunds):
        return [refund if each.refund_id == refund.refund_id else each for each in refunds]
    return [*refunds, refund]


def _refunds(document: PaymentView, refund_id: str, changed: Mapping[str, object]) -> dict[str, object]:
    return {"refunds": [x.model_copy(update=changed) if x.refund_id == refund_id else x for x in document.refunds]}


def _with_totals(document: PaymentView) -> PaymentView:
    """What was given back, what is left, and what a person has to do."""
    if document.amount is None:
        return document
    completed = sum(each.amount.amount for each in document.refunds if each.status in {"completed", "paid-otherwise"})
    under_way = sum(each.amount.amount for each in document.refunds if each.status in {"requested", "deferred"})
    disputed = sum(each.amount.amount for each in document.disputes if each.status != "won")
    left = document.amount.amount - completed - under_way - disputed if document.status == "captured" else 0
    changed = {
        "refunded": Money(amount=completed, currency=document.amount.currency),
        "left": Money(amount=max(left, 0), currency=document.amount.currency),
        "attention": _attention(document),
    }
    return document.model_copy(update=changed)


def _attention(document: PaymentView) -> str | None:
    if any(each.status == "failed" for each in document.refunds):
        return "refund-failed"
    return "disputed" if any(each.status == "open" for each in document.disputes) else None


def _closed(dispute: DisputeView, event: DisputeClosed) -> DisputeView:
    if dispute.dispute_id != event.dispute_id:
        return dispute
    return dispute.model_copy(update={"status": event.outcome.value})


def _payment_fields(document: PaymentView) -> Mapping[str, Scalar]:
    return {
        "customer_id": document.customer_id,
        "status": document.status,
        "attention": document.attention,
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
        case RefundResolved(refund_id=reference, amount=amount, paid_otherwise=True, at=at):
            paid = _move(amount, Account.OTHER_MEANS, Account.REFUNDS)
            return _booked(document, "paid-otherwise", reference, paid, at)
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
            | RefundDeferred()
            | RefundDropped()
            | RefundResolved()
            | ProviderRefundFound()
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
    codec=PAYMENT_CODEC,
    project=project_payment,
    fields=_payment_fields,
)
LEDGER_PROJECTION = Projection[PaymentEvent, LedgerView](
    category=CATEGORY,
    collection=LEDGER,
    document_type=LedgerView,
    codec=PAYMENT_CODEC,
    project=project_ledger,
    fields=_ledger_fields,
)
