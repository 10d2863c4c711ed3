"""The documents that the notifications service's queries return."""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from functions.notifications.events import MailKind


class MailView(BaseModel):
    """A mail, without what would tell a person: `reason` is why it is not sent, `next_at` when it is tried again.
    `requested_at` is the business time of the fact that it tells of.
    """

    model_config = ConfigDict(extra="forbid")
    id: str
    customer_id: str
    kind: MailKind
    order_id: str
    status: Literal["waiting", "sending", "sent", "suppressed", "failed", "abandoned"]
    reason: str | None = None
    attempts: int = 0
    message_id: str | None = None
    requested_at: AwareDatetime
    changed_at: AwareDatetime
    next_at: AwareDatetime | None = None
    sent_at: AwareDatetime | None = None
