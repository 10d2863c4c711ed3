"""A payment provider in this process, for tests: it keeps the port's promises, and fails on request."""

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TypeVar

from functions.payments.port import (
    Charge,
    Intent,
    IntentStatus,
    PaymentRefusedError,
    RefundOrder,
    RefundResult,
    RefundState,
)
from shared.eventsourcing.errors import UnavailableError

T = TypeVar("T")
APPROVED = "pm_card_visa"
DECLINED = frozenset({"pm_card_visa_chargeDeclined", "pm_card_chargeCustomerFail"})
"""The test cards that are declined, by the names that Stripe gave them."""
_KNOWN = DECLINED | {APPROVED}


class Fault(Enum):
    """What goes wrong with a call: the request is lost, or only the answer is."""

    BEFORE = "nothing was done"
    AFTER = "it was done"


@dataclass
class MemoryProvider:
    """`next_calls` are the faults of the calls to come, one each, None for none; `refuse_refunds` lets refunds fail."""

    next_calls: list[Fault | None] = field(default_factory=list)
    refuse_refunds: bool = False
    intents: dict[str, Intent] = field(default_factory=dict)
    charges: dict[str, Charge] = field(default_factory=dict)
    refunds: dict[tuple[str, str], RefundOrder] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    async def create(self, charge: Charge) -> Intent:
        fault = self._begin("create")
        if charge.payment_token not in _KNOWN:
            raise PaymentRefusedError("resource_missing")
        intent_id = f"pi_{len(self.intents) + 1}"
        self.charges[intent_id] = charge
        intent = Intent(intent_id=intent_id, payment_id=charge.payment_id, status=IntentStatus.CREATED)
        return self._end(fault, self._become(intent))

    async def confirm(self, intent_id: str) -> Intent:
        fault, intent = self._begin("confirm"), self.intents[intent_id]
        if intent.status is IntentStatus.CREATED:
            declined = self.charges[intent_id].payment_token in DECLINED
            changed = {"status": IntentStatus.DECLINED, "code": "card_declined"} if declined else _HELD
            intent = self._become(replace(intent, **changed))
        return self._end(fault, intent)

    async def capture(self, intent_id: str) -> Intent:
        fault, intent = self._begin("capture"), self.intents[intent_id]
        if intent.status is IntentStatus.AUTHORIZED:
            intent = self._become(replace(intent, status=IntentStatus.CAPTURED))
        return self._end(fault, intent)

    async def cancel(self, intent_id: str) -> Intent:
        fault, intent = self._begin("cancel"), self.intents[intent_id]
        if intent.status is not IntentStatus.CAPTURED:
            intent = self._become(replace(intent, status=IntentStatus.CANCELLED))
        return self._end(fault, intent)

    async def get(self, intent_id: str) -> Intent | None:
        return self._end(self._begin("get"), self.intents.get(intent_id))

    async def refund(self, order: RefundOrder) -> RefundResult:
        fault = self._begin("refund")
        if self.refuse_refunds:
            return RefundResult(provider_refund_id="", state=RefundState.FAILED, code="charge_disputed")
        key = (order.intent_id, order.refund_id)
        self.refunds.setdefault(key, order)
        made = RefundResult(provider_refund_id=f"re_{list(self.refunds).index(key) + 1}", state=RefundState.COMPLETED)
        return self._end(fault, made)

    def held(self, payment_id: str) -> int:
        """Cents that are held on cards for a payment, whatever intent holds them."""
        return self._sum(payment_id, IntentStatus.AUTHORIZED)

    def taken(self, payment_id: str) -> int:
        """Cents that were captured for a payment, refunds not counted."""
        return self._sum(payment_id, IntentStatus.CAPTURED)

    def _sum(self, payment_id: str, status: IntentStatus) -> int:
        matching = [x for x in self.intents.values() if x.payment_id == payment_id and x.status is status]
        return sum(self.charges[intent.intent_id].amount.amount for intent in matching)

    def _become(self, intent: Intent) -> Intent:
        self.intents[intent.intent_id] = intent
        return intent

    def _begin(self, call: str) -> Fault | None:
        self.calls.append(call)
        fault = self.next_calls.pop(0) if self.next_calls else None
        if fault is Fault.BEFORE:
            raise UnavailableError(fault.value)
        return fault

    def _end(self, fault: Fault | None, result: T) -> T:
        if fault is Fault.AFTER:
            raise UnavailableError(fault.value)
        return result


_HELD = {"status": IntentStatus.AUTHORIZED}
