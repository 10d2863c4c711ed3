"""Stripe's objects, as an answer or a webhook brings them, in the terms of the port. Needs no client."""

from collections.abc import Mapping
from typing import Any

from functions.payments.amounts import of_provider
from functions.payments.events import DisputeOutcome
from functions.payments.port import DisputeFound, Intent, IntentStatus, RefundResult, RefundState
from shared.eventsourcing.ids import derived_id

_STATUSES = {
    "requires_confirmation": IntentStatus.CREATED,
    "requires_action": IntentStatus.DECLINED,
    "processing": IntentStatus.PENDING,
    "requires_capture": IntentStatus.AUTHORIZED,
    "succeeded": IntentStatus.CAPTURED,
    "canceled": IntentStatus.CANCELLED,
    "requires_payment_method": IntentStatus.DECLINED,
}
_REFUND_STATES = {
    "succeeded": RefundState.COMPLETED,
    "failed": RefundState.FAILED,
    "canceled": RefundState.FAILED,
}
_OPEN = frozenset({"needs_response", "under_review"})
_CLOSED = frozenset(DisputeOutcome)


def intent_of(intent: Mapping[str, Any]) -> Intent:
    """A payment intent. Nobody can authenticate here or try another card: where Stripe would wait for that, the payment
    counts as declined.
    """
    status = _STATUSES.get(intent["status"], IntentStatus.PENDING)
    error = intent.get("last_payment_error") or {}
    code = error.get("decline_code") or error.get("code") or intent["status"]
    return Intent(
        intent_id=intent["id"],
        payment_id=intent["metadata"].get("payment_id", ""),
        status=status,
        code=code if status is IntentStatus.DECLINED else "",
    )


def refund_of(refund: Mapping[str, Any]) -> RefundResult:
    """A refund of ours names our id for it; one that was made elsewhere, such as in the dashboard, gets one."""
    state = _REFUND_STATES.get(refund["status"], RefundState.PENDING)
    code = refund.get("failure_reason") or refund["status"] if state is RefundState.FAILED else ""
    ours = (refund.get("metadata") or {}).get("refund_id")
    return RefundResult(
        refund_id=ours or derived_id(f"provider-{refund['id']}"),
        provider_refund_id=refund["id"],
        amount=of_provider(refund["amount"], refund["currency"]),
        state=state,
        code=code,
    )


def dispute_of(dispute: Mapping[str, Any]) -> DisputeFound | None:
    """None while no money moves: of a mere inquiry, or in a status that is new to us and cannot be booked."""
    status = dispute["status"]
    if status not in _OPEN | _CLOSED:
        return None
    return DisputeFound(
        dispute_id=dispute["id"],
        amount=of_provider(dispute["amount"], dispute["currency"]),
        reason=dispute["reason"],
        outcome=DisputeOutcome(status) if status in _CLOSED else None,
    )
