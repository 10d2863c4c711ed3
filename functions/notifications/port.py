"""The port to the mail server."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from shared.eventsourcing.errors import KitError


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail to one person, in plain text. What tells the person is left out where it is printed.

    `message_id` (with its angle brackets) is the same at every repetition, so that the receiving side can tell one.
    """

    message_id: str
    sender: str
    recipient: str = field(repr=False)
    recipient_name: str = field(repr=False)
    subject: str
    text: str = field(repr=False)
    at: datetime


class MailRefusedError(KitError):
    """The mail will never be taken as it is: a bad address, an unknown mailbox, a content that is not wanted.

    `reason` is a code such as `smtp-550`; no address is in it.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"the mail was refused: {reason}")
        self.reason = reason


class Mailer(Protocol):
    """Hands mails to a server that takes responsibility for them."""

    async def send(self, mail: Mail) -> None:
        """Within a bounded time: returns once the server has taken the mail. Raises MailRefusedError, or
        UnavailableError if the server is away, too slow or asks to try later; then the mail may have been taken.
        Neither error says to whom the mail was.
        """
        ...
