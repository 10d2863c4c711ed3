"""The port to a payment provider.

An intent is created first, which holds nothing, and confirmed by its id, which holds the money: so whoever repeats a
call whose answer was lost repeats it on an id that is written down, and nothing can be charged twice, whether or not
the provider honours idempotency keys.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from functions.payments.events import DisputeOutcome
from shared.eventsourcing.money import Money


class IntentStatus(StrEnum):
    """What has become of an intent."""

    CREATED = "nothing was tried yet"
    PENDING = "the provider does not know yet"
    AUTHORIZED = "the amount is held"
    DECLINED = "the amount is not held, and will not be"
    CAPTURED = "the amount is taken"
    CANCELLED = "nothing is held any more"


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What is to be held, on which card. The ids are kept by the provider beside its own."""

    payment_id: str
    order_id: str
    amount: Money
    payment_token: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A payment at the provider, as it is now. `payment_id` is empty if it is none of ours; `code` says why it was
    declined.
    """

    intent_id: str
    payment_id: str
    status: IntentStatus
    code: str = ""


class RefundState(StrEnum):
    """What has become of a refund."""

    PENDING = "the provider does not know yet"
    COMPLETED = "the amount was given back"
    FAILED = "it was not, or came back"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundOrder:
    """What is to be given back, of which intent. Why is nobody's business there: it is in the customer's own words."""

    intent_id: str
    payment_id: str
    refund_id: str
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundResult:
    """A refund at the provider. `refund_id` is ours, or derived from the provider's if nobody asked for it here;
    `provider_refund_id` is empty if there is none; `code` says why it failed.
    """

    refund_id: str
    provider_refund_id: str
    amount: Money
    state: RefundState
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeFound:
    """A dispute of an intent, as it is now. `outcome` is None while it is open."""

    dispute_id: str
    amount: Money
    reason: str
    outcome: DisputeOutcome | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyBack:
    """All refunds and disputes of an intent, whoever caused them."""

    refunds: tuple[RefundResult, ...] = ()
    disputes: tuple[DisputeFound, ...] = ()


class PaymentRefusedError(Exception):
    """It will not even begin: the provider does not know the token, say, or nobody can open it. `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(f"the payment was refused: {code}")
        self.code = code


class PaymentProvider(Protocol):
    """Every call may be repeated. UnavailableError, within a bounded time: it was done or it was not."""

    async def create(self, charge: Charge) -> Intent:
        """Holds nothing. Repeated, it may make another intent, which is of no consequence until it is confirmed. Raises
        PaymentRefusedError.
        """
        ...

    async def confirm(self, intent_id: str) -> Intent:
        """Hold the amount, unless that was tried before: then the intent as it is."""
        ...

    async def capture(self, intent_id: str) -> Intent:
        """Take what is held; the intent as it is if nothing is."""
        ...

    async def cancel(self, intent_id: str) -> Intent:
        """Let go of what is held, for good; the intent as it is if it was captured."""
        ...

    async def get(self, intent_id: str) -> Intent | None:
        """The intent as it is; None if there is none."""
        ...

    async def money_back(self, intent_id: str) -> MoneyBack:
        """What went back of an intent that was captured, or is about to."""
        ...

    async def refund(self, order: RefundOrder) -> RefundResult:
        """Give back once for each `refund_id` of an intent, however often it is asked. Fails where more would go back
        than came in, and while the payment is disputed, or after the dispute was lost.
        """
        ...
