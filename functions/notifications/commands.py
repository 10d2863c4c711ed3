"""What can be asked of a mail and of a contact."""

from typing import Literal

from pydantic import AwareDatetime

from functions.notifications.events import About
from shared.eventsourcing.message import Command
from shared.eventsourcing.personal import Sealed


class RequestMail(Command):
    mail_id: str
    customer_id: str
    about: About
    at: AwareDatetime


class StartSending(Command):
    """Who is the first to record an attempt sends the mail. `message_id` counts for the first attempt only."""

    attempt: int
    message_id: str
    at: AwareDatetime


class RecordSent(Command):
    attempt: int
    at: AwareDatetime


class RecordTrouble(Command):
    """The mail server could not be reached, or asked to try later."""

    attempt: int
    reason: str
    at: AwareDatetime


class RecordRefusal(Command):
    """The mail server will never take it."""

    attempt: int
    reason: str
    at: AwareDatetime


class HoldMail(Command):
    """Where to send it is not known yet."""

    at: AwareDatetime


class SuppressMail(Command):
    reason: Literal["not-wanted", "contact-erased"]
    at: AwareDatetime


class GiveUpMail(Command):
    """It was begun again and again, for days, and never came to an outcome."""

    at: AwareDatetime


class RetryMail(Command):
    reason: str
    at: AwareDatetime


MailCommand = (
    RequestMail
    | StartSending
    | RecordSent
    | RecordTrouble
    | RecordRefusal
    | HoldMail
    | SuppressMail
    | GiveUpMail
    | RetryMail
)


class RecordContact(Command):
    """`customer_version` is that of the customer who told it: the highest one counts."""

    customer_id: str
    customer_version: int
    name: Sealed
    email: Sealed
    preferences: dict[str, bool]
    at: AwareDatetime


class EraseContact(Command):
    customer_id: str
    at: AwareDatetime


ContactCommand = RecordContact | EraseContact
