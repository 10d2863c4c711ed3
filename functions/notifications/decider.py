"""The rules of a mail and of a contact, and what is to be done about a mail next."""

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never

from functions.notifications.commands import (
    ContactCommand,
    EraseContact,
    GiveUpMail,
    HoldMail,
    MailCommand,
    RecordContact,
    RecordRefusal,
    RecordSent,
    RecordTrouble,
    RequestMail,
    RetryMail,
    StartSending,
    SuppressMail,
)
from functions.notifications.events import (
    ContactErased,
    ContactEvent,
    ContactRecorded,
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
from functions.notifications.manifest import CONTACT, MAIL
from functions.notifications.state import Contact, ContactStatus, Mail, Status, pause_after
from functions.notifications.upcasters import CONTACT_CODEC, MAIL_CODEC
from shared.eventsourcing.decider import Decider
from shared.eventsourcing.errors import DomainError, NotFoundError

UNKNOWN_CONTACT = "contact-unknown"


# --- what to do next


def next_step(mail: Mail, contact: Contact, message_id: str, at: datetime) -> MailCommand | None:
    """What is to be done about a mail now; None if nothing is, or not yet."""
    if mail.about is None or not mail.is_due(at):
        return None
    match contact.status:
        case ContactStatus.ABSENT:
            return HoldMail(at=at)
        case ContactStatus.ERASED:
            return SuppressMail(reason="contact-erased", at=at)
        case ContactStatus.KNOWN if not contact.preferences.get(mail.about.kind, True):
            return SuppressMail(reason="not-wanted", at=at)
        case ContactStatus.KNOWN:
            over = mail.status is Status.SENDING and mail.is_over(at)
            start = StartSending(attempt=mail.attempts + 1, message_id=message_id, at=at)
            return GiveUpMail(at=at) if over else start
        case _:
            assert_never(contact.status)


# --- decide


def decide(command: MailCommand, mail: Mail) -> Sequence[MailEvent]:
    if isinstance(command, RequestMail):
        return [MailRequested(**command.model_dump())] if mail.status is Status.ABSENT else []
    if mail.status is Status.ABSENT:
        raise NotFoundError("mail-not-found", "there is no such mail")
    at = command.at
    match command:
        case StartSending():
            return _start(command, mail)
        case RecordSent(attempt=attempt):  # late or not: what was taken was taken
            return [] if mail.status is Status.SENT else [MailSent(attempt=attempt, at=at)]
        case RecordTrouble(attempt=attempt, reason=reason):
            return _postpone(reason, mail, at) if _is_running(attempt, mail) else []
        case RecordRefusal(attempt=attempt, reason=reason):
            return [MailFailed(reason=reason, at=at)] if _is_running(attempt, mail) else []
        case HoldMail():
            return _hold(mail, at) if mail.is_due(at) else []
        case SuppressMail(reason=reason):
            return [MailSuppressed(reason=reason, at=at)] if mail.is_due(at) else []
        case GiveUpMail():
            return [MailFailed(reason="no-outcome", at=at)] if mail.is_due(at) and mail.is_over(at) else []
        case RetryMail():
            return _retry(command, mail)
        case _:
            assert_never(command)


def _start(command: StartSending, mail: Mail) -> Sequence[MailEvent]:
    """Of several workers who want to send, one gets its attempt recorded; the others have nothing to do."""
    if not mail.is_due(command.at) or command.attempt != mail.attempts + 1:
        return []
    message_id = mail.message_id or command.message_id
    return [MailSendStarted(attempt=command.attempt, message_id=message_id, at=command.at)]


def _is_running(attempt: int, mail: Mail) -> bool:
    """Nothing came of an attempt that another one has followed: only its success would still be news."""
    return mail.status is Status.SENDING and mail.attempts == attempt


def _postpone(reason: str, mail: Mail, at: datetime) -> Sequence[MailEvent]:
    if mail.is_over(at):
        return [MailFailed(reason=reason, at=at)]
    return [MailPostponed(reason=reason, next_at=at + pause_after(mail.tries), at=at)]


def _hold(mail: Mail, at: datetime) -> Sequence[MailEvent]:
    if mail.is_over(at):
        return [MailAbandoned(reason=UNKNOWN_CONTACT, at=at)]
    return [MailPostponed(reason=UNKNOWN_CONTACT, next_at=at + pause_after(mail.tries + 1), at=at)]


def _retry(command: RetryMail, mail: Mail) -> Sequence[MailEvent]:
    match mail.status:
        case Status.SENT | Status.SUPPRESSED:
            raise DomainError(f"mail-is-{mail.status}", f"the mail is {mail.status}: there is nothing to try again")
        case Status.SENDING:
            return []
        case Status.WAITING if mail.next_at is None:
            return []
        case _:
            return [MailRetried(reason=command.reason, at=command.at)]


def decide_contact(command: ContactCommand, contact: Contact) -> Sequence[ContactEvent]:
    """Messages come in any order: the customer's highest version counts, and nothing comes after an erasure. A version
    that says the same again is recorded as well, for the ones before it may come later.
    """
    if contact.status is ContactStatus.ERASED:
        return []
    match command:
        case RecordContact(customer_version=version):
            return [ContactRecorded(**command.model_dump())] if version > contact.customer_version else []
        case EraseContact(customer_id=customer_id, at=at):
            return [ContactErased(customer_id=customer_id, at=at)]
        case _:
            assert_never(command)


# --- evolve


def evolve(mail: Mail, event: MailEvent) -> Mail:
    match event:
        case MailRequested():
            about = {"mail_id": event.mail_id, "customer_id": event.customer_id, "about": event.about}
            changed: dict[str, object] = {**about, "status": Status.WAITING}
        case MailSendStarted():
            sending = {"attempts": event.attempt, "message_id": event.message_id, **_tried(mail, event.at)}
            changed = {**sending, "status": Status.SENDING, "next_at": event.at + pause_after(mail.tries + 1)}
        case MailSent():
            changed = {"status": Status.SENT, "next_at": None}
        case MailPostponed():
            held = {} if mail.status is Status.SENDING else _tried(mail, event.at)
            changed = {**held, "status": Status.WAITING, "next_at": event.next_at}
        case MailSuppressed():
            changed = {"status": Status.SUPPRESSED}
        case MailFailed():
            changed = {"status": Status.FAILED}
        case MailAbandoned():
            changed = {"status": Status.ABANDONED}
        case MailRetried():
            changed = {"status": Status.WAITING, "tries": 0, "trying_since": None, "next_at": None}
        case _:
            assert_never(event)
    return mail.model_copy(update=changed)


def _tried(mail: Mail, at: datetime) -> dict[str, object]:
    return {"tries": mail.tries + 1, "trying_since": mail.trying_since or at}


def evolve_contact(_: Contact, event: ContactEvent) -> Contact:
    match event:
        case ContactRecorded():
            return Contact(
                status=ContactStatus.KNOWN,
                name=event.name,
                email=event.email,
                preferences=event.preferences,
                customer_version=event.customer_version,
            )
        case ContactErased():
            return Contact(status=ContactStatus.ERASED)
        case _:
            assert_never(event)


MAILS_DECIDER = Decider[MailCommand, MailEvent, Mail](
    category=MAIL,
    decide=decide,
    evolve=evolve,
    initial_state=Mail,
    state_type=Mail,
    codec=MAIL_CODEC,
)
CONTACTS_DECIDER = Decider[ContactCommand, ContactEvent, Contact](
    category=CONTACT,
    decide=decide_contact,
    evolve=evolve_contact,
    initial_state=Contact,
    state_type=Contact,
    codec=CONTACT_CODEC,
    snapshot_every=50,
)
