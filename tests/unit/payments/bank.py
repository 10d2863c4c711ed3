"""A provider where others act, too: staff in its dashboard, and the customers' banks."""

from collections.abc import Callable
from dataclasses import replace

from functions.payments.adapters.memory import MemoryProvider
from functions.payments.events import DisputeOutcome
from functions.payments.port import DisputeFound, RefundOrder, RefundResult, RefundState
from tests.unit.payments.payments_in_memory import usd

INTENT = "pi_1"


class Bank(MemoryProvider):
    """Each act answers with what a webhook would tell of it, or None if it cannot be done."""

    @property
    def all_disputes(self) -> tuple[DisputeFound, ...]:
        return tuple(self.disputes.values())

    @property
    def kept(self) -> int:
        """What the shop still has of the payment."""
        return self.left(INTENT)

    @property
    def refunded(self) -> int:
        return sum(each.amount.amount for each in self.refunds.values() if each.state is not RefundState.FAILED)

    @property
    def disputed(self) -> int:
        return sum(each.amount.amount for each in self.all_disputes if each.outcome is not DisputeOutcome.WON)

    def refund_there(self, cents: int, state: RefundState = RefundState.COMPLETED) -> RefundResult | None:
        """In the dashboard."""
        if cents > self.kept or any(each.outcome is not DisputeOutcome.WON for each in self.all_disputes):
            return None
        number = len(self.refunds) + 1
        made = RefundResult(
            refund_id=f"provider-re_{number}", provider_refund_id=f"re_{number}", amount=usd(cents), state=state
        )
        self.refunds[INTENT, made.refund_id] = made
        return made

    def settle(self, number: int, state: RefundState) -> RefundResult | None:
        """A bank takes a refund, or sends it back, also one that it had taken."""
        made = list(self.refunds.items())
        if number >= len(made) or made[number][1].state is RefundState.FAILED:
            return None
        key, refund = made[number]
        if refund.state is RefundState.COMPLETED and state is not RefundState.FAILED:
            return None
        self.refunds[key] = replace(refund, state=state, code="expired" if state is RefundState.FAILED else "")
        return self.refunds[key]

    def dispute(self, cents: int) -> DisputeFound | None:
        """A customer asks their bank for the money."""
        if cents > self.kept:
            return None
        found = DisputeFound(dispute_id=f"dp_{len(self.disputes) + 1}", amount=usd(cents), reason="fraudulent")
        self.disputes[INTENT, found.dispute_id] = found
        return found

    def decide(self, outcome: DisputeOutcome) -> DisputeFound | None:
        """The bank ends the first dispute that is open."""
        for key, found in self.disputes.items():
            if found.outcome is None:
                self.disputes[key] = replace(found, outcome=outcome)
                return self.disputes[key]
        return None


class Interrupted(Bank):
    """Somebody acts there right before our refund, once."""

    meanwhile: Callable[[], object] | None = None

    async def refund(self, order: RefundOrder) -> RefundResult:
        act, self.meanwhile = self.meanwhile, None
        if act is not None:
            act()
        return await super().refund(order)
