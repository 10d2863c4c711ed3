"""Sending a mail: everything that is done about one, once it was asked for.

    MailRequested ─▶ what is next? ─▶ MailSendStarted ─▶ the mail server ─▶ MailSent
                          │                  (cut off here: the same again after a pause, with the same Message-ID)
                          └─▶ MailPostponed │ MailSuppressed │ MailFailed │ MailAbandoned

SMTP knows no transaction: between the server's acceptance and MailSent nothing can tell whether a mail went out. So an
attempt without an outcome is repeated, never dropped, and the receiving side collapses the two by their Message-ID.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from functions.notifications.commands import (
    MailCommand,
    RecordRefusal,
    RecordSent,
    RecordTrouble,
    StartSending,
    SuppressMail,
)
from functions.notifications.decider import next_step
from functions.notifications.manifest import CONTACT, MAIL, MAIL_FROM, SMTP_HOST, SMTP_PASSWORD, SMTP_PORT, SMTP_USER
from functions.notifications.port import Mail as Outgoing
from functions.notifications.port import Mailer, MailRefusedError
from functions.notifications.state import Contact, Mail
from functions.notifications.templates import render
from shared.bootstrap import Wiring
from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.message import Context
from shared.http.command_edge import Effect

UNREACHABLE = "mail-server-unavailable"


class Recipient(NamedTuple):
    """In the clear: never kept, never printed."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Sender:
    """Brings mails to their outcome. Safe to repeat, and to run in many places at once."""

    wiring: Wiring
    mailer: Mailer
    mail_from: str

    async def settle(self, category: str, entity_id: str, context: Context) -> Mapping[str, object]:
        """The service's effect: where the mail stands after it. What was done to a contact needs none: mails that wait
        for it are tried again in time.
        """
        if category != MAIL:
            return {}
        await self.send(entity_id, context)
        mail: Mail = await self.wiring.state(MAIL, entity_id)
        return {"status": mail.status.value}

    async def send(self, mail_id: str, context: Context) -> bool:
        """Do what is to be done about a mail now; False if nothing was."""
        now = self.wiring.clock()
        mail: Mail = await self.wiring.state(MAIL, mail_id)
        if not mail.is_due(now):
            return False
        contact: Contact = await self.wiring.state(CONTACT, mail.customer_id)
        step = next_step(mail, contact, self._message_id(mail_id), now)
        recipient = None
        if isinstance(step, StartSending) and (recipient := await self._open(contact)) is None:
            step = SuppressMail(reason="contact-erased", at=now)
        if step is None or not await self._record(mail_id, step, context):
            return False
        if isinstance(step, StartSending) and recipient is not None:
            outgoing = self._outgoing(mail, recipient, mail.message_id or step.message_id, now)
            await self._record(mail_id, await self._attempt(outgoing, step.attempt), context)
        return True

    async def _attempt(self, outgoing: Outgoing, attempt: int) -> MailCommand:
        """What became of it."""
        try:
            await self.mailer.send(outgoing)
        except MailRefusedError as error:
            return RecordRefusal(attempt=attempt, reason=error.reason, at=self.wiring.clock())
        except UnavailableError:
            return RecordTrouble(attempt=attempt, reason=UNREACHABLE, at=self.wiring.clock())
        return RecordSent(attempt=attempt, at=self.wiring.clock())

    async def _open(self, contact: Contact) -> Recipient | None:
        """None if the customer was erased since their contact was recorded."""
        name, address = await self.wiring.personal.open_all([contact.name, contact.email])
        return None if name is None or address is None else Recipient(name, address)

    async def _record(self, mail_id: str, command: MailCommand, context: Context) -> bool:
        """False if it was not news, which is how a worker learns that another one was faster."""
        handled = await self.wiring.handle(MAIL, mail_id, command, replace(context, occurred_at=command.at))
        return handled.changed

    def _outgoing(self, mail: Mail, recipient: Recipient, message_id: str, now: datetime) -> Outgoing:
        assert mail.about is not None  # noqa: S101 - a mail that is due was requested, and says what it is about
        text = render(mail.about, recipient.name)
        return Outgoing(
            message_id=message_id,
            sender=self.mail_from,
            recipient=recipient.address,
            recipient_name=recipient.name,
            subject=text.subject,
            text=text.body,
            at=now,
        )

    def _message_id(self, mail_id: str) -> str:
        return f"<{mail_id}@{self.mail_from.rpartition('@')[2]}>"


def make_sender(wiring: Wiring) -> Sender:
    from functions.notifications.adapters.smtp import SmtpMailer  # noqa: PLC0415 - queries and the projector send none

    value = wiring.settings.value
    mailer = SmtpMailer(
        host=value(SMTP_HOST),
        port=int(value(SMTP_PORT)),
        user=value(SMTP_USER, ""),
        password=value(SMTP_PASSWORD, ""),
    )
    return Sender(wiring, mailer, value(MAIL_FROM))


def make_effect(wiring: Wiring) -> Effect:
    return make_sender(wiring).settle
