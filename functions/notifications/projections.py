"""From events to the notifications service's read model: pure functions of (document | None, event)."""

from collections.abc import Mapping
from typing import assert_never

from functions.notifications.events import (
    MailAbandoned,
    MailEvent,
    MailFailed,
    MailPostponed,
    MailRequested,
    MailRetried,
    MailSendStarted,
    MailSent,
    MailSuppressed,
)
from functions.notifications.manifest import MAIL, MAILS
from functions.notifications.read_models import MailView
from functions.notifications.upcasters import MAIL_CODEC
from shared.eventsourcing.projection import Projection, Scalar


def project_mail(document: MailView | None, event: MailEvent) -> MailView | None:
    if isinstance(event, MailRequested):
        return _requested(event)
    if document is None:
        raise ValueError(f"{type(event).__name__} before MailRequested")
    changed: dict[str, object] = {"reason": None, "next_at": None}
    match event:
        case MailSendStarted():
            changed |= {"status": "sending", "attempts": event.attempt, "message_id": event.message_id}
        case MailSent():
            changed |= {"status": "sent", "sent_at": event.at}
        case MailPostponed():
            changed = {"status": "waiting", "reason": event.reason, "next_at": event.next_at}
        case MailSuppressed():
            changed |= {"status": "suppressed", "reason": event.reason}
        case MailFailed():
            changed |= {"status": "failed", "reason": event.reason}
        case MailAbandoned():
            changed |= {"status": "abandoned", "reason": event.reason}
        case MailRetried():
            changed |= {"status": "waiting"}
        case _:
            assert_never(event)
    return document.model_copy(update={**changed, "changed_at": event.at})


def _requested(event: MailRequested) -> MailView:
    return MailView(
        id=event.mail_id,
        customer_id=event.customer_id,
        kind=event.about.kind,
        order_id=event.about.order_id,
        status="waiting",
        requested_at=event.at,
        changed_at=event.at,
    )


def _fields(document: MailView) -> Mapping[str, Scalar]:
    return {"customer_id": document.customer_id, "status": document.status, "requested_at": document.requested_at}


MAILS_PROJECTION = Projection[MailEvent, MailView](
    category=MAIL,
    collection=MAILS,
    document_type=MailView,
    codec=MAIL_CODEC,
    project=project_mail,
    fields=_fields,
)
