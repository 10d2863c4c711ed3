"""A mail server that delivers nothing: it keeps what it takes in memory, to be read back, and fails on request."""

import asyncio
from collections import Counter, deque
from dataclasses import asdict, dataclass
from email import message_from_bytes, policy
from enum import StrEnum
from typing import Any, Self

from aiosmtpd.smtp import SMTP, Envelope, Session

from emulators.processes.ports import LOOPBACK


class Trouble(StrEnum):
    """What can happen to a mail: what the server answers, or that it does not."""

    BUSY = "451 4.3.0 try again later"
    REFUSE_SENDER = "553 5.1.8 unknown sender"
    REFUSE_RECIPIENT = "550 5.1.1 no such mailbox"
    REFUSE_CONTENT = "554 5.6.0 not wanted"
    HANG = "the server takes nothing and does not answer"
    TAKE_AND_DROP = "the server takes the mail and is gone before it says so"


@dataclass(frozen=True, slots=True)
class SinkMail:
    """A mail as it came in. The same `message_id` twice is the same mail, twice."""

    message_id: str
    sender: str
    recipients: tuple[str, ...]
    to: str
    subject: str
    text: str


class MailSink:
    """`async with MailSink() as sink:` listens on a free port of this machine for the body, in its event loop."""

    port: int

    def __init__(self) -> None:
        self._mails: list[SinkMail] = []
        self._copies: Counter[str] = Counter()
        self._troubles: deque[Trouble] = deque()
        self._hanging: set[asyncio.Event] = set()
        self._sessions: set[SMTP] = set()

    @property
    def host(self) -> str:
        """`host:port`."""
        return f"{LOOPBACK}:{self.port}"

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._protocol, LOOPBACK, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for event in self._hanging:
            event.set()
        for session in self._sessions:
            _cut(session)
        await self._server.wait_closed()

    def mails(self) -> list[SinkMail]:
        """Every mail once, in the order in which they first came."""
        return list(self._mails)

    def duplicates(self) -> dict[str, int]:
        """By Message-ID: how many copies came after the first."""
        return {message_id: copies - 1 for message_id, copies in self._copies.items() if copies > 1}

    def trouble(self, trouble: Trouble, times: int = 1) -> None:
        """What happens to the next mails, one after the other; after them, all is well again."""
        self._troubles.extend([trouble] * times)

    async def report(self) -> dict[str, Any]:
        """All of it as plain data."""
        mails = [asdict(mail) for mail in self._mails]
        return {"count": len(mails), "mails": mails, "duplicates": self.duplicates()}

    def _protocol(self) -> SMTP:
        session = _Session(self)
        self._sessions = {each for each in self._sessions if each.transport is not None}
        self._sessions.add(session)
        return session

    def refusal(self, trouble: Trouble) -> str | None:
        """The answer to a sender or a recipient, if this trouble is what comes next."""
        return self._troubles.popleft() if self._troubles and self._troubles[0] is trouble else None

    async def take(self, smtp: SMTP, envelope: Envelope) -> str:
        """The answer to a mail that was sent to the end."""
        trouble = self._troubles.popleft() if self._troubles else None
        match trouble:
            case Trouble.HANG:
                await self._hang()
                return Trouble.BUSY
            case Trouble.TAKE_AND_DROP:
                self._keep(envelope)
                _cut(smtp)
                return "250 OK"
            case None:
                self._keep(envelope)
                return "250 OK"
            case _:
                return trouble

    async def _hang(self) -> None:
        event = asyncio.Event()
        self._hanging.add(event)
        await event.wait()

    def _keep(self, envelope: Envelope) -> None:
        mail = _read(envelope)
        self._copies[mail.message_id] += 1
        if self._copies[mail.message_id] == 1:
            self._mails.append(mail)


class _Session(SMTP):
    """One connection; the handler is the connection itself."""

    def __init__(self, sink: MailSink) -> None:
        super().__init__(self, hostname="localhost")
        self._sink = sink

    async def handle_MAIL(  # noqa: N802 - aiosmtpd looks for this name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        refusal = self._sink.refusal(Trouble.REFUSE_SENDER)
        if refusal is None:
            envelope.mail_from, envelope.mail_options = address, [*envelope.mail_options, *options]
        return refusal or "250 OK"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd looks for this name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        refusal = self._sink.refusal(Trouble.REFUSE_RECIPIENT)
        if refusal is None:
            envelope.rcpt_tos.append(address)
        return refusal or "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd looks for this name
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        return await self._sink.take(server, envelope)


def _cut(session: SMTP) -> None:
    if isinstance(session.transport, asyncio.Transport):
        session.transport.abort()


def _read(envelope: Envelope) -> SinkMail:
    content = envelope.content
    message = message_from_bytes(content if isinstance(content, bytes) else b"", policy=policy.default)
    body = message.get_body(("plain",))
    return SinkMail(
        message_id=str(message["Message-ID"] or "").strip(),  # a long one may be folded
        sender=envelope.mail_from or "",
        recipients=tuple(envelope.rcpt_tos),
        to=str(message["To"] or ""),
        subject=str(message["Subject"] or ""),
        text=body.get_content().replace("\r\n", "\n") if body is not None else "",
    )
