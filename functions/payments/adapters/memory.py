"""A payment provider in this process, for tests: it keeps the port's promises, and fails on request."""

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TypeVar

from functions.payments.events import DisputeOutcome
from functions.payments.port import (
    Charge,
    DisputeFound,
    Intent,
    IntentStatus,
    MoneyBack,
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
    refunds: dict[tuple[str, str], RefundResult] = field(default_factory=dict)
    disputes: dict[tuple[str, str], DisputeFound] = field(default_factory=dict)
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

    async def money_back(self, intent_id: str) -> MoneyBack:
        return self._end(self._begin("money_back"), self.went_back(intent_id))

    def went_back(self, intent_id: str) -> MoneyBack:
        """The same, without a call."""
        refunds = tuple(each for (intent, _), each in self.refunds.items() if intent == intent_id)
        disputes = tuple(each for (intent, _), each in self.disputes.items() if intent == intent_id)
        return MoneyBack(refunds=refunds, disputes=disputes)

    async def refund(self, order: RefundOrder) -> RefundResult:
        fault, key = self._begin("refund"), (order.intent_id, order.refund_id)
        code = "" if key in self.refunds else self._refusal(order)
        made = RefundResult(
            refund_id=order.refund_id,
            provider_refund_id="" if code else f"re_{len(self.refunds) + 1}",
            amount=order.amount,
            state=RefundState.FAILED if code else RefundState.COMPLETED,
            code=code,
        )
        return self._end(fault, made if code else self.refunds.setdefault(key, made))

    def _refusal(self, order: RefundOrder) -> str:
        back = self.went_back(order.intent_id)
        if self.refuse_refunds or any(each.outcome is not DisputeOutcome.WON for each in back.disputes):
            return "charge_disputed"
        return "amount_too_large" if order.amount.amount > self.left(order.intent_id) else ""

    def left(self, intent_id: str) -> int:
        """Cents that were captured and did not go back."""
        intent, back = self.intents.get(intent_id), self.went_back(intent_id)
        taken = self.charges[intent_id].amount.amount if intent and intent.status is IntentStatus.CAPTURED else 0
        refunded = sum(each.amount.amount for each in back.refunds if each.state is not RefundState.FAILED)
        disputed = sum(each.amount.amount for each in back.disputes if each.outcome is not DisputeOutcome.WON)
        return taken - refunded - disputed

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
