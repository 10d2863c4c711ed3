"""Mails by SMTP. No error that leaves here quotes the server's answer: it may name the recipient."""

import asyncio
from dataclasses import dataclass, field
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

import aiosmtplib

from functions.notifications.port import Mail, MailRefusedError
from shared.adapters.mail_address import mailable
from shared.eventsourcing.errors import UnavailableError

TIMEOUT = 20.0
"""Seconds for the whole of one mail: well below what a function may take."""
_IMPLICIT_TLS = 465
_WIRE = SMTP.clone(cte_type="7bit")
"""Every server takes it."""
_PERMANENT = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpMailer:
    """One connection a mail: an instance that scales to zero keeps none open.

    TLS is used wherever the server offers it, and insisted on where there is a password to protect.
    """

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    timeout: float = TIMEOUT

    async def send(self, mail: Mail) -> None:
        recipient = _address(mail)
        message = _flattened(mail, recipient)
        try:
            async with asyncio.timeout(self.timeout):
                await self._send(message, mail.sender, recipient)
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _by_code(error.recipients[0].code) from None
        except aiosmtplib.SMTPDataError as error:
            raise _by_code(error.code) from None
        except aiosmtplib.SMTPResponseException as error:  # of the connection, the login or the sender: ours to mend
            raise UnavailableError(f"the mail server answered {error.code}") from None
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            raise UnavailableError(f"the mail server cannot be used: {type(error).__name__}") from None

    async def _send(self, message: bytes, sender: str, recipient: Address) -> None:
        implicit = self.port == _IMPLICIT_TLS
        await aiosmtplib.send(
            message,
            sender=sender,
            recipients=[recipient.addr_spec],
            hostname=self.host,
            port=self.port,
            username=self.user or None,
            password=self.password or None,
            use_tls=implicit,
            start_tls=True if self.user and not implicit else None,
            timeout=self.timeout,
        )


def _address(mail: Mail) -> Address:
    """By the rule by which customers state theirs; who was not held to it yet is refused here."""
    name = "".join(letter for letter in " ".join(mail.recipient_name.split()) if letter.isprintable())
    try:
        return Address(display_name=name, addr_spec=mailable(mail.recipient))
    except (ValueError, MessageError, IndexError):  # the last is what the parser raises on some bad addresses
        raise MailRefusedError("address-not-usable") from None


def _flattened(mail: Mail, recipient: Address) -> bytes:
    """As it goes over the wire. Whatever keeps it from that will keep it from it the next time, too."""
    try:
        return _message(mail, recipient).as_bytes()
    except Exception:  # noqa: BLE001 - the email package has errors of many kinds, and they quote what they are about
        raise MailRefusedError("content-not-usable") from None


def _message(mail: Mail, recipient: Address) -> EmailMessage:
    message = EmailMessage(policy=_WIRE)
    message["To"] = recipient
    message["From"] = mail.sender
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(mail.at)
    message["Message-ID"] = mail.message_id
    message["Auto-Submitted"] = "auto-generated"  # keeps out-of-office replies away (RFC 3834)
    message.set_content(mail.text)
    return message


def _by_code(code: int) -> MailRefusedError | UnavailableError:
    """5xx is for good; 4xx asks to try later."""
    if code >= _PERMANENT:
        return MailRefusedError(f"smtp-{code}")
    return UnavailableError(f"the mail server answered {code}")
