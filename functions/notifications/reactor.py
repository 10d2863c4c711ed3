"""What the notifications service does about others' events, and about mails that wait.

A mail's id names the fact that it tells of, so that two messages of one fact, or one delivered twice, meet in one
stream. Mails that wait are found by walks over the feed, one for each pause: whatever made a mail wait was recorded,
and is met by each walk once, when that pause has passed.
"""

import re
from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256

from pydantic import AwareDatetime

from functions.notifications.commands import EraseContact, RecordContact, RequestMail
from functions.notifications.effect import Sender, make_sender
from functions.notifications.events import (
    About,
    AboutCancelled,
    AboutLinesCancelled,
    AboutLost,
    AboutPlaced,
    AboutRefunded,
    AboutRefundFailed,
    AboutReturnApproved,
    AboutReturnFailed,
    AboutReturnRefused,
    AboutShipped,
    MailKind,
    MailLine,
)
from functions.notifications.manifest import CONTACT, MAIL
from functions.notifications.state import PAUSES
from shared.bootstrap import IdleJob, Wiring
from shared.eventsourcing.feed_walk import Visit
from shared.eventsourcing.ids import MAX_ID_CHARS
from shared.eventsourcing.joint import Target
from shared.eventsourcing.message import entity_of
from shared.eventsourcing.money import Money
from shared.eventsourcing.personal import Sealed
from shared.eventsourcing.reaction import Delivery, Reaction, Reads

_READABLE = re.compile(rf"[A-Za-z0-9_.~|+-]{{1,{MAX_ID_CHARS}}}")
"""What is an id here, and may stand before the @ of a Message-ID as well."""
_ASKED_FIRST = "read_order"
"""The step of a return that looks whether the goods can come back, a moment after it was asked for."""
_NOT_REFUSED = frozenset({"no-answer", "deadline-passed", "forced-by-operator"})
"""Why a return fails there though no rule refused it, perhaps an hour later."""
_SLACK = timedelta(seconds=15)
"""The log's clock and a function's differ: a walk that is a little late finds every mail due by its own account."""


class Line(Reads):
    sku: str
    quantity: int


class PricedLine(Line):
    total: Money


class OrderPlaced(Reads):
    order_id: str
    customer_id: str
    lines: tuple[PricedLine, ...]
    discount: Money
    shipping: Money
    tax: Money
    total: Money
    placed_at: AwareDatetime


class OrderCancelled(Reads):
    """`customer_id` is empty if the order never came to be: then there is nobody to tell."""

    order_id: str
    customer_id: str
    reason: str
    cancelled_at: AwareDatetime


class OrderLinesCancelled(Reads):
    order_id: str
    customer_id: str
    cancellation_id: str
    lines: tuple[Line, ...]
    cancelled_at: AwareDatetime


class OrderShipmentLost(Reads):
    order_id: str
    customer_id: str
    shipment_id: str
    lines: tuple[Line, ...]
    lost_at: AwareDatetime


class ShipmentDispatched(Reads):
    shipment_id: str
    order_id: str
    customer_id: str
    lines: tuple[Line, ...]
    carrier: str
    tracking: str
    dispatched_at: AwareDatetime


class PaymentRefunded(Reads):
    payment_id: str
    order_id: str
    customer_id: str
    refund_id: str
    amount: Money
    refunded_at: AwareDatetime


class PaymentRefundFailed(Reads):
    payment_id: str
    order_id: str
    customer_id: str
    refund_id: str
    amount: Money


class _OfReturn(Reads):
    return_id: str
    order_id: str
    customer_id: str
    lines: tuple[Line, ...]


class ReturnApproved(_OfReturn):
    approved_at: AwareDatetime


class ReturnRefused(_OfReturn):
    reason: str
    refused_at: AwareDatetime


class ReturnFailed(Reads):
    """`customer_id` is null if there was no such order: then there is nobody to tell."""

    return_id: str
    order_id: str
    customer_id: str | None
    step: str
    code: str
    failed_at: AwareDatetime


class ContactChanged(Reads):
    """A kind of mail that `mail_preferences` does not name is wanted."""

    customer_id: str
    name: Sealed
    email: Sealed
    mail_preferences: dict[str, bool]


class CustomerErased(Reads):
    customer_id: str
    erased_at: AwareDatetime


# --- mails


def mail_id(kind: MailKind, *fact: str) -> str:
    """`order_placed.<order id>` and the like: the same for the same fact, and an id of its own for any other. Hashed if
    the fact has a name in two parts, or one that is too long or would not do in a Message-ID.
    """
    readable = f"{kind}.{fact[0]}"
    if len(fact) == 1 and _READABLE.fullmatch(readable):
        return readable
    digest = sha256("\n".join(fact).encode()).hexdigest()
    return f"{kind}.{digest}"


def _request(identity: str, customer_id: str, about: About, at: AwareDatetime) -> Sequence[Target]:
    request = RequestMail(mail_id=identity, customer_id=customer_id, about=about, at=at)
    return (Target(MAIL, identity, request),)


def _on_placed(event: OrderPlaced, _: Delivery) -> Sequence[Target]:
    about = AboutPlaced(
        order_id=event.order_id,
        lines=tuple(MailLine(sku=x.sku, quantity=x.quantity, total=x.total) for x in event.lines),
        discount=event.discount,
        shipping=event.shipping,
        tax=event.tax,
        total=event.total,
    )
    return _request(mail_id(about.kind, event.order_id), event.customer_id, about, event.placed_at)


def _on_cancelled(event: OrderCancelled, _: Delivery) -> Sequence[Target]:
    if not event.customer_id:
        return ()
    about = AboutCancelled(order_id=event.order_id, reason=event.reason)
    return _request(mail_id(about.kind, event.order_id), event.customer_id, about, event.cancelled_at)


def _on_lines_cancelled(event: OrderLinesCancelled, _: Delivery) -> Sequence[Target]:
    about = AboutLinesCancelled(
        order_id=event.order_id, cancellation_id=event.cancellation_id, lines=_unpriced(event.lines)
    )
    return _request(mail_id(about.kind, event.cancellation_id), event.customer_id, about, event.cancelled_at)


def _on_lost(event: OrderShipmentLost, _: Delivery) -> Sequence[Target]:
    about = AboutLost(order_id=event.order_id, shipment_id=event.shipment_id, lines=_unpriced(event.lines))
    return _request(mail_id(about.kind, event.shipment_id), event.customer_id, about, event.lost_at)


def _on_dispatched(event: ShipmentDispatched, _: Delivery) -> Sequence[Target]:
    about = AboutShipped(
        order_id=event.order_id,
        shipment_id=event.shipment_id,
        lines=_unpriced(event.lines),
        carrier=event.carrier,
        tracking=event.tracking,
    )
    return _request(mail_id(about.kind, event.shipment_id), event.customer_id, about, event.dispatched_at)


def _on_refunded(event: PaymentRefunded, _: Delivery) -> Sequence[Target]:
    about = AboutRefunded(
        order_id=event.order_id, payment_id=event.payment_id, refund_id=event.refund_id, amount=event.amount
    )
    identity = mail_id(about.kind, event.payment_id, event.refund_id)
    return _request(identity, event.customer_id, about, event.refunded_at)


def _on_refund_failed(event: PaymentRefundFailed, delivery: Delivery) -> Sequence[Target]:
    """Also after the customer was told that it was given: the bank has sent it back."""
    about = AboutRefundFailed(
        order_id=event.order_id, payment_id=event.payment_id, refund_id=event.refund_id, amount=event.amount
    )
    return _request(mail_id(about.kind, event.payment_id, event.refund_id), event.customer_id, about, delivery.at)


def _on_return_approved(event: ReturnApproved, _: Delivery) -> Sequence[Target]:
    about = AboutReturnApproved(order_id=event.order_id, return_id=event.return_id, lines=_unpriced(event.lines))
    return _request(mail_id(about.kind, event.return_id), event.customer_id, about, event.approved_at)


def _on_return_refused(event: ReturnRefused, _: Delivery) -> Sequence[Target]:
    about = AboutReturnRefused(
        order_id=event.order_id, return_id=event.return_id, lines=_unpriced(event.lines), reason=event.reason
    )
    return _request(mail_id(about.kind, event.return_id), event.customer_id, about, event.refused_at)


def _on_return_failed(event: ReturnFailed, _: Delivery) -> Sequence[Target]:
    """Not if the order refused it at once: who asked is looking at the answer, and has sent nothing."""
    at_once = event.step == _ASKED_FIRST and event.code not in _NOT_REFUSED
    if event.customer_id is None or at_once:
        return ()
    about = AboutReturnFailed(order_id=event.order_id, return_id=event.return_id)
    return _request(mail_id(about.kind, event.return_id), event.customer_id, about, event.failed_at)


def _unpriced(lines: Sequence[Line]) -> tuple[MailLine, ...]:
    return tuple(MailLine(sku=line.sku, quantity=line.quantity, total=None) for line in lines)


# --- contacts


def _on_contact(event: ContactChanged, delivery: Delivery) -> Sequence[Target]:
    record = RecordContact(
        customer_id=event.customer_id,
        customer_version=delivery.version,
        name=event.name,
        email=event.email,
        preferences=event.mail_preferences,
        at=delivery.at,
    )
    return (Target(CONTACT, event.customer_id, record),)


def _on_erased(event: CustomerErased, _: Delivery) -> Sequence[Target]:
    erase = EraseContact(customer_id=event.customer_id, at=event.erased_at)
    return (Target(CONTACT, event.customer_id, erase),)


REACTIONS = (
    Reaction(service="orders", type="OrderPlaced.v1", reads=OrderPlaced, react=_on_placed),
    Reaction(service="orders", type="OrderCancelled.v1", reads=OrderCancelled, react=_on_cancelled),
    Reaction(service="orders", type="OrderLinesCancelled.v1", reads=OrderLinesCancelled, react=_on_lines_cancelled),
    Reaction(service="orders", type="OrderShipmentLost.v1", reads=OrderShipmentLost, react=_on_lost),
    Reaction(service="fulfillment", type="ShipmentDispatched.v1", reads=ShipmentDispatched, react=_on_dispatched),
    Reaction(service="payments", type="PaymentRefunded.v1", reads=PaymentRefunded, react=_on_refunded),
    Reaction(service="payments", type="PaymentRefundFailed.v1", reads=PaymentRefundFailed, react=_on_refund_failed),
    Reaction(service="returns", type="ReturnApproved.v1", reads=ReturnApproved, react=_on_return_approved),
    Reaction(service="returns", type="ReturnRefused.v1", reads=ReturnRefused, react=_on_return_refused),
    Reaction(service="returns", type="ReturnFailed.v1", reads=ReturnFailed, react=_on_return_failed),
    Reaction(service="customers", type="ContactChanged.v1", reads=ContactChanged, react=_on_contact),
    Reaction(service="customers", type="CustomerErased.v1", reads=CustomerErased, react=_on_erased),
)


# --- mails that wait


def retry(wiring: Wiring) -> Visit:
    """The visit of the walks: tries every mail that is due. Repeating it is harmless."""
    return visit_with(make_sender(wiring))


def visit_with(sender: Sender) -> Visit:
    """The same, by this sender."""

    async def visit(stream: str, _: int) -> bool:
        return await sender.send(entity_of(stream), sender.wiring.system_context("platform:mail-retry"))

    return visit


IDLE_JOBS = {
    path: IdleJob(MAIL, pause + _SLACK, retry)
    for path, pause in zip(("/retry/soon", "/retry/later", "/retry/at-length"), PAUSES, strict=True)
}
