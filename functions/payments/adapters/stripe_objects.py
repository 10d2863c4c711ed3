"""Stripe's objects, as an answer or a webhook brings them, in the terms of the port. Needs no client."""

from collections.abc import Mapping
from typing import Any

from functions.payments.port import Intent, IntentStatus, RefundResult, RefundState
from shared.eventsourcing.money import Money

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
    state = _REFUND_STATES.get(refund["status"], RefundState.PENDING)
    code = refund.get("failure_reason") or refund["status"] if state is RefundState.FAILED else ""
    return RefundResult(provider_refund_id=refund["id"], state=state, code=code)


def money_of(thing: Mapping[str, Any]) -> Money:
    """What a thing with an amount and a currency is worth."""
    return Money(amount=thing["amount"], currency=thing["currency"].upper())
