"""The state of a payment: what its commands need to know."""

from datetime import datetime
from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict

from functions.payments.events import AuthorizationRequested
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


class RefundStatus(StrEnum):
    REQUESTED = "requested"
    COMPLETED = "completed"
    FAILED = "failed"


class Refund(BaseModel):
    """`code` says why it failed."""

    model_config = ConfigDict(frozen=True)
    amount: Money
    reason: str
    asked_at: AwareDatetime
    status: RefundStatus = RefundStatus.REQUESTED
    code: str = ""


class Payment(BaseModel):
    """A payment as its commands need to know it. `request` is how it began, `code` why it was declined; `void_reason`
    is that of a void under way; `asked_at` is when it was asked for, or to be captured or voided since; `disputes` are
    open (True) or closed.
    """

    model_config = ConfigDict(frozen=True)
    status: Status = Status.ABSENT
    request: AuthorizationRequested | None = None
    asked_at: AwareDatetime | None = None
    intent_id: str = ""
    code: str = ""
    void_reason: str = ""
    refunds: dict[str, Refund] = {}
    disputes: dict[str, bool] = {}

    @property
    def asked(self) -> AuthorizationRequested:
        """Of any payment but an absent or a barred one."""
        if self.request is None:
            raise ValueError("this payment was never asked for")
        return self.request

    @property
    def pending_since(self) -> datetime | None:
        """When the newest of what has no outcome yet was asked for; None if everything has."""
        asked = [each.asked_at for each in self.refunds.values() if each.status is RefundStatus.REQUESTED]
        if self.asked_at and self.status in {Status.AUTHORIZING, Status.CAPTURING, Status.VOIDING}:
            asked.append(self.asked_at)
        return max(asked, default=None)


def is_closed(payment: Payment) -> bool:
    """It has its outcome, and so have its refunds and disputes. More of both may come."""
    ended = payment.status in {Status.DECLINED, Status.CAPTURED, Status.VOIDED}
    return ended and payment.pending_since is None and not any(payment.disputes.values())
