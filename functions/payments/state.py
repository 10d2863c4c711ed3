"""The state of a payment: what its commands need to know."""

from datetime import datetime
from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict

from functions.payments.events import AuthorizationRequested, DisputeOutcome
from shared.eventsourcing.money import Money


class Status(StrEnum):
    ABSENT = "absent"
    AUTHORIZING = "authorizing"
    AUTHORIZED = "authorized"
    DECLINED = "declined"
    CAPTURING = "capturing"
    CAPTURED = "captured"
    VOIDING = "voiding"
    VOIDED = "voided"


UNDECIDED = frozenset({Status.AUTHORIZING, Status.AUTHORIZED, Status.CAPTURING, Status.VOIDING})
"""The provider may still say that it took the money, or that it will not."""


class RefundStatus(StrEnum):
    """A refund is deferred while the payment is disputed, and dropped if nothing is left. One that failed waits for a
    person, who pays it otherwise or resolves it without another payment.
    """

    REQUESTED = "requested"
    DEFERRED = "deferred"
    COMPLETED = "completed"
    DROPPED = "dropped"
    FAILED = "failed"
    PAID_OTHERWISE = "paid-otherwise"
    RESOLVED = "resolved"


GIVEN = frozenset({RefundStatus.REQUESTED, RefundStatus.DEFERRED, RefundStatus.COMPLETED, RefundStatus.PAID_OTHERWISE})
"""The customer has these, or is about to get them."""
FAILED = frozenset({RefundStatus.FAILED, RefundStatus.PAID_OTHERWISE, RefundStatus.RESOLVED})
"""The provider did not give these back, or they came back."""


class Refund(BaseModel):
    """`code` says why it failed. `found_as` is the provider's id of one that nobody asked for here."""

    model_config = ConfigDict(frozen=True)
    amount: Money
    reason: str
    asked_at: AwareDatetime
    found_as: str = ""
    status: RefundStatus = RefundStatus.REQUESTED
    code: str = ""


class Dispute(BaseModel):
    """`outcome` is None while it is open."""

    model_config = ConfigDict(frozen=True)
    amount: Money
    outcome: DisputeOutcome | None = None


class Payment(BaseModel):
    """A payment as its commands need to know it. `request` is how it began, `code` why it was declined; `void_reason`
    is that of a void under way; `asked_at` is when it was asked for, or to be captured or voided since.
    """

    model_config = ConfigDict(frozen=True)
    status: Status = Status.ABSENT
    request: AuthorizationRequested | None = None
    asked_at: AwareDatetime | None = None
    intent_id: str = ""
    code: str = ""
    void_reason: str = ""
    refunds: dict[str, Refund] = {}
    disputes: dict[str, Dispute] = {}

    @property
    def asked(self) -> AuthorizationRequested:
        """Of any payment but an absent or a barred one."""
        if self.request is None:
            raise ValueError("this payment was never asked for")
        return self.request

    @property
    def in_dispute(self) -> bool:
        return any(dispute.outcome is None for dispute in self.disputes.values())

    @property
    def open_disputes(self) -> int:
        """What banks keep until they have decided."""
        return sum(each.amount.amount for each in self.disputes.values() if each.outcome is None)

    @property
    def left(self) -> int:
        """What can still be given back, in minor units: what was captured less refunds, those under way included, and
        less what is disputed or lost. A dispute that is won gives its amount back.
        """
        return self.left_beside()

    def left_beside(self, *refund_ids: str) -> int:
        """The same, as if these refunds had not been asked for. Below zero if the customer took more by a dispute than
        was left.
        """
        if self.status is not Status.CAPTURED:
            return 0
        others = (each for refund_id, each in self.refunds.items() if refund_id not in refund_ids)
        refunded = sum(each.amount.amount for each in others if each.status in GIVEN)
        disputed = (each.amount.amount for each in self.disputes.values() if each.outcome is not DisputeOutcome.WON)
        return self.asked.amount.amount - refunded - sum(disputed)

    @property
    def pending_since(self) -> datetime | None:
        """When the newest of what has no outcome yet was asked for; None if everything has."""
        asked = [each.asked_at for each in self.refunds.values() if each.status is RefundStatus.REQUESTED]
        if self.asked_at and self.status in {Status.AUTHORIZING, Status.CAPTURING, Status.VOIDING}:
            asked.append(self.asked_at)
        return max(asked, default=None)
