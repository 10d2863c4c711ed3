"""What can have happened to a mail and to a contact: the storage contract. A shape never changes under the same
version.

No personal data is among it but sealed: a mail holds what it tells of, not to whom; that is looked up when it is sent.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from shared.eventsourcing.message import Event
from shared.eventsourcing.money import Money
from shared.eventsourcing.personal import Sealed

MailKind = Literal[
    "order_placed",
    "shipment_dispatched",
    "shipment_lost",
    "order_cancelled",
    "lines_cancelled",
    "payment_refunded",
    "payment_refund_failed",
    "return_approved",
    "return_refused",
    "return_failed",
]
"""The facts that customers are told of; also the names under which they say which of these mails they want."""


class MailLine(BaseModel):
    """So many units of one product, and what they cost together where the mail says so."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    sku: str
    quantity: int
    total: Money | None


class _About(BaseModel):
    """What a mail is about."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    order_id: str


class AboutPlaced(_About):
    """`total` = the lines - `discount` + `shipping` + `tax`."""

    kind: Literal["order_placed"] = "order_placed"
    lines: tuple[MailLine, ...]
    discount: Money
    shipping: Money
    tax: Money
    total: Money


class AboutShipped(_About):
    kind: Literal["shipment_dispatched"] = "shipment_dispatched"
    shipment_id: str
    lines: tuple[MailLine, ...]
    carrier: str
    tracking: str


class AboutCancelled(_About):
    kind: Literal["order_cancelled"] = "order_cancelled"
    reason: str


class AboutLost(_About):
    kind: Literal["shipment_lost"] = "shipment_lost"
    shipment_id: str
    lines: tuple[MailLine, ...]


class AboutLinesCancelled(_About):
    """A part of an order is not going to be sent, and the rest is."""

    kind: Literal["lines_cancelled"] = "lines_cancelled"
    cancellation_id: str
    lines: tuple[MailLine, ...]


class AboutRefunded(_About):
    kind: Literal["payment_refunded"] = "payment_refunded"
    payment_id: str
    refund_id: str
    amount: Money


class AboutRefundFailed(_About):
    kind: Literal["payment_refund_failed"] = "payment_refund_failed"
    payment_id: str
    refund_id: str
    amount: Money


class AboutReturnApproved(_About):
    kind: Literal["return_approved"] = "return_approved"
    return_id: str
    lines: tuple[MailLine, ...]


class AboutReturnRefused(_About):
    kind: Literal["return_refused"] = "return_refused"
    return_id: str
    lines: tuple[MailLine, ...]
    reason: str


class AboutReturnFailed(_About):
    """It came to nothing, and nobody decided so."""

    kind: Literal["return_failed"] = "return_failed"
    return_id: str


About = Annotated[
    AboutPlaced
    | AboutShipped
    | AboutLost
    | AboutCancelled
    | AboutLinesCancelled
    | AboutRefunded
    | AboutRefundFailed
    | AboutReturnApproved
    | AboutReturnRefused
    | AboutReturnFailed,
    Field(discriminator="kind"),
]


class MailRequested(Event):
    """There is a fact to tell a customer of. `at` is the fact's business time; all later times are those of sending."""

    TYPE: ClassVar = "MailRequested.v5"
    mail_id: str
    customer_id: str
    about: About
    at: AwareDatetime


class MailSendStarted(Event):
    """The intent, recorded before the mail server is called: without an outcome after it, the mail may have gone out.

    `attempt` counts from 1. `message_id` is the mail's for ever: a repetition carries the same.
    """

    TYPE: ClassVar = "MailSendStarted.v1"
    attempt: int
    message_id: str
    at: AwareDatetime


class MailSent(Event):
    """The mail server took it, at this attempt."""

    TYPE: ClassVar = "MailSent.v1"
    attempt: int
    at: AwareDatetime


class MailPostponed(Event):
    """It cannot be sent now: `reason` is a code, never an answer of the server, which may quote an address. Not before
    `next_at` it is tried again.
    """

    TYPE: ClassVar = "MailPostponed.v1"
    reason: str
    next_at: AwareDatetime
    at: AwareDatetime


class MailSuppressed(Event):
    """It is not to be sent: the customer does not want such mails (`not-wanted`) or is forgotten (`contact-erased`)."""

    TYPE: ClassVar = "MailSuppressed.v1"
    reason: Literal["not-wanted", "contact-erased"]
    at: AwareDatetime


class MailFailed(Event):
    """It was refused for good, or tried too often: an operator may try again."""

    TYPE: ClassVar = "MailFailed.v1"
    reason: str
    at: AwareDatetime


class MailAbandoned(Event):
    """Nobody knows where to send it, and it waited long enough."""

    TYPE: ClassVar = "MailAbandoned.v1"
    reason: str
    at: AwareDatetime


class MailRetried(Event):
    """An operator wants it tried again, now."""

    TYPE: ClassVar = "MailRetried.v1"
    reason: str
    at: AwareDatetime


MailEvent = (
    MailRequested
    | MailSendStarted
    | MailSent
    | MailPostponed
    | MailSuppressed
    | MailFailed
    | MailAbandoned
    | MailRetried
)


class ContactRecorded(Event):
    """Where a customer's mails go, and which kinds they want; a kind that is not named is wanted. `customer_version` is
    the version of the customer that says so.
    """

    TYPE: ClassVar = "ContactRecorded.v2"
    customer_id: str
    customer_version: int
    name: Sealed
    email: Sealed
    preferences: dict[str, bool]
    at: AwareDatetime


class ContactErased(Event):
    """The customer is forgotten, for ever."""

    TYPE: ClassVar = "ContactErased.v1"
    customer_id: str
    at: AwareDatetime


ContactEvent = ContactRecorded | ContactErased
