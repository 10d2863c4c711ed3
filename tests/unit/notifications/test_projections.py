"""What the mails' read model shows, event by event."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from functions.notifications.events import (
    AboutCancelled,
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
from functions.notifications.projections import MAILS_PROJECTION, project_mail
from functions.notifications.read_models import MailView

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LATER = AT + timedelta(minutes=1)
REQUESTED = MailRequested(
    mail_id="order_cancelled.o1",
    customer_id="900",
    about=AboutCancelled(order_id="o1", reason="changed my mind"),
    at=AT,
)
STARTED = MailSendStarted(attempt=1, message_id="<order_cancelled.o1@shop.test>", at=LATER)


def shown(events: Sequence[MailEvent]) -> MailView:
    document: MailView | None = None
    for event in events:
        document = project_mail(document, event)
    assert document is not None
    return document


def test_a_requested_mail_waits() -> None:
    """It shows whom it is for, by id, and what it is about."""
    view = shown([REQUESTED])

    assert (view.id, view.customer_id, view.status) == ("order_cancelled.o1", "900", "waiting")
    assert (view.kind, view.order_id, view.requested_at) == ("order_cancelled", "o1", AT)


def test_an_attempt_is_shown() -> None:
    """How often it was begun, and under which Message-ID a mail server knows it."""
    view = shown([REQUESTED, STARTED])

    assert (view.status, view.attempts, view.message_id) == ("sending", 1, "<order_cancelled.o1@shop.test>")


def test_a_sent_mail_says_since_when() -> None:
    """It shows the time at which the mail server took it."""
    view = shown([REQUESTED, STARTED, MailSent(attempt=1, at=LATER)])

    assert (view.status, view.sent_at) == ("sent", LATER)


def test_a_postponed_mail_says_why_and_until_when() -> None:
    """It shows what it waits for."""
    then = LATER + timedelta(minutes=15)
    view = shown([REQUESTED, STARTED, MailPostponed(reason="busy", next_at=then, at=LATER)])

    assert (view.status, view.reason, view.next_at) == ("waiting", "busy", then)


def test_what_it_waited_for_is_gone_when_it_is_tried() -> None:
    """An old reason is not shown beside a new state."""
    waited = MailPostponed(reason="busy", next_at=LATER, at=AT)
    view = shown([REQUESTED, waited, STARTED])

    assert (view.reason, view.next_at) == (None, None)


@pytest.mark.parametrize(
    ("event", "status", "reason"),
    [
        (MailSuppressed(reason="not-wanted", at=LATER), "suppressed", "not-wanted"),
        (MailFailed(reason="smtp-550", at=LATER), "failed", "smtp-550"),
        (MailAbandoned(reason="contact-unknown", at=LATER), "abandoned", "contact-unknown"),
        (MailRetried(reason="again", at=LATER), "waiting", None),
    ],
)
def test_every_end_says_why(event: MailEvent, status: str, reason: str | None) -> None:
    """An operator sees what to do about it; a new round begins without the old reason."""
    view = shown([REQUESTED, event])

    assert (view.status, view.reason, view.changed_at) == (status, reason, LATER)


def test_an_event_before_the_request_is_an_error() -> None:
    """A projection does not guess: events of a mail that was never asked for are refused."""
    with pytest.raises(ValueError, match="before MailRequested"):
        project_mail(None, STARTED)


def test_lists_filter_by_customer_and_status() -> None:
    """The row holds what lists are asked by."""
    fields = MAILS_PROJECTION.fields(shown([REQUESTED]))

    assert fields == {"customer_id": "900", "status": "waiting", "requested_at": AT}
