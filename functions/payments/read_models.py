"""The documents that the payments' queries return.

The ledger is kept in double entry: each entry has lines, debits positive and credits negative, that sum to zero.

| account | what its balance says |
|---|---|
| `holds` | held on customers' cards: ours to take, not yet ours |
| `holds-offset` | the other side of `holds`, so that holding money changes nothing that we own |
| `provider` | what the provider took for us and owes us |
| `customers` | what customers paid (a credit) |
| `refunds` | what was given back of it |
| `other-means` | what was given back by other means than the provider (a credit) |
| `in-dispute` | what banks keep until a dispute is decided |
| `chargebacks` | what was lost in disputes |
"""

from enum import StrEnum
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from shared.eventsourcing.money import Currency, Money


class RefundView(BaseModel):
    """`code` says why it failed. A `deferred` one waits for the end of a dispute; a `dropped` one found nothing left.
    One that `failed` needs a person, whose `resolution` says how it was dealt with: the customer has the money by other
    means (`paid-otherwise`), or needs none (`resolved`).
    """

    model_config = ConfigDict(extra="forbid")
    refund_id: str
    amount: Money
    reason: str
    status: Literal["requested", "deferred", "completed", "dropped", "failed", "paid-otherwise", "resolved"]
    code: str | None = None
    resolution: str | None = None


class DisputeView(BaseModel):
    model_config = ConfigDict(extra="forbid")
    dispute_id: str
    amount: Money
    reason: str
    status: Literal["open", "won", "lost"]


class PaymentView(BaseModel):
    """A payment. `decline_code` says why it was declined, `void_reason` why it was voided; `refunded` sums what the
    customer got back, `left` is what they can still get back: what was captured less refunds, those under way included,
    and less what is disputed or lost. `attention` says what a person has to do: look after a refund that failed, or
    else answer a dispute. Of a payment that was voided before it was asked for, whose it would have been and its amount
    are unknown.
    """

    model_config = ConfigDict(extra="forbid")
    id: str
    order_id: str | None
    customer_id: str | None
    status: Literal["authorizing", "authorized", "declined", "capturing", "captured", "voiding", "voided"]
    amount: Money | None
    refunded: Money | None
    left: Money | None = None
    attention: Literal["refund-failed", "disputed"] | None = None
    refunds: list[RefundView] = []
    disputes: list[DisputeView] = []
    decline_code: str | None = None
    void_reason: str | None = None
    requested_at: AwareDatetime
    changed_at: AwareDatetime


class Account(StrEnum):
    HOLDS = "holds"
    HOLDS_OFFSET = "holds-offset"
    PROVIDER = "provider"
    CUSTOMERS = "customers"
    REFUNDS = "refunds"
    OTHER_MEANS = "other-means"
    IN_DISPUTE = "in-dispute"
    CHARGEBACKS = "chargebacks"


class LedgerLine(BaseModel):
    """Cents of the document's currency: a debit is positive, a credit negative."""

    model_config = ConfigDict(extra="forbid")
    account: Account
    amount: int


class LedgerEntry(BaseModel):
    """What was booked at once. `reference` names the refund or the dispute, or else the payment."""

    model_config = ConfigDict(extra="forbid")
    kind: Literal[
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
    reference: str
    lines: list[LedgerLine]
    at: AwareDatetime


class LedgerView(BaseModel):
    """The entries of one payment and the balances that they add up to; either sums to zero."""

    model_config = ConfigDict(extra="forbid")
    id: str
    order_id: str
    customer_id: str
    currency: Currency
    entries: list[LedgerEntry]
    balances: dict[Account, int]
    opened_at: AwareDatetime
