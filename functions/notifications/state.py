"""What a mail and a contact have come to, and the times that a mail takes."""

from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict

from functions.notifications.events import About
from shared.eventsourcing.personal import Sealed

PAUSES = (timedelta(minutes=1), timedelta(minutes=15), timedelta(hours=3))
"""After the first, the second and every further try. The first is as long as any function may run: when it is over,
whoever began to send has finished or is gone.
"""
GIVE_UP_AFTER = timedelta(days=3)
"""Since the first try, whatever the trouble is."""


def pause_after(tries: int) -> timedelta:
    """How long to wait after so many tries."""
    return PAUSES[min(tries, len(PAUSES)) - 1]


class Status(StrEnum):
    ABSENT = "absent"
    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    SUPPRESSED = "suppressed"
    FAILED = "failed"
    ABANDONED = "abandoned"


class Mail(BaseModel):
    """A mail as its commands need to know it.

    `attempts` counts what was ever begun; `tries` and `trying_since` are of this round, which an operator can start
    anew. `next_at` is when it may be tried again; None: at once.
    """

    model_config = ConfigDict(frozen=True)
    status: Status = Status.ABSENT
    mail_id: str = ""
    customer_id: str = ""
    about: About | None = None
    attempts: int = 0
    message_id: str = ""
    tries: int = 0
    trying_since: AwareDatetime | None = None
    next_at: AwareDatetime | None = None

    def is_due(self, now: datetime) -> bool:
        """A mail that waits for its time, or whose sending began so long ago that its outcome will stay unknown."""
        return self.status in (Status.WAITING, Status.SENDING) and (self.next_at is None or now >= self.next_at)

    def is_over(self, now: datetime) -> bool:
        return self.trying_since is not None and now - self.trying_since >= GIVE_UP_AFTER


class ContactStatus(StrEnum):
    ABSENT = "absent"
    KNOWN = "known"
    ERASED = "erased"


class Contact(BaseModel):
    """Where a customer's mails go, as of which version of the customer; nothing in the clear."""

    model_config = ConfigDict(frozen=True)
    status: ContactStatus = ContactStatus.ABSENT
    name: Sealed = ""
    email: Sealed = ""
    preferences: dict[str, bool] = {}
    customer_version: int = 0
