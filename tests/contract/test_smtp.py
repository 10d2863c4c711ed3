"""The SMTP adapter against a mail server: what arrives, and what each trouble becomes."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest

from emulators.processes.mail_sink import MailSink, Trouble
from emulators.processes.ports import LOOPBACK, free_ports
from functions.notifications.adapters.smtp import SmtpMailer
from functions.notifications.port import Mail, MailRefusedError
from shared.eventsourcing.errors import UnavailableError

MAIL = Mail(
    message_id="<order_placed.o1@shop.test>",
    sender="orders@shop.test",
    recipient="jane@example.com",
    recipient_name="Jane Ödegård",
    subject="Your order o1",
    text="Hello Jane,\n\nthank you.\n",
    at=datetime(2026, 3, 1, 12, tzinfo=UTC),
)


@pytest.fixture
async def sink() -> AsyncIterator[MailSink]:
    async with MailSink() as sink:
        yield sink


def mailer(sink: MailSink, timeout: float = 5.0) -> SmtpMailer:
    return SmtpMailer(host=LOOPBACK, port=sink.port, timeout=timeout)


class TestWhatIsTaken:
    async def test_arrives_as_it_was_sent(self, sink: MailSink) -> None:
        """Sender, recipient, subject and every letter of the text."""
        await mailer(sink).send(MAIL)

        (mail,) = sink.mails()
        assert (mail.sender, mail.recipients) == (MAIL.sender, (MAIL.recipient,))
        assert (mail.to, mail.subject, mail.text) == ("Jane Ödegård <jane@example.com>", MAIL.subject, MAIL.text)
        assert mail.message_id == MAIL.message_id

    async def test_goes_to_any_domain(self, sink: MailSink) -> None:
        """One with letters beyond ASCII is written as the domain name system writes it."""
        await mailer(sink).send(replace(MAIL, recipient="jane@bücher.example.com"))

        (mail,) = sink.mails()
        assert mail.recipients == ("jane@xn--bcher-kva.example.com",)

    async def test_goes_to_any_name(self, sink: MailSink) -> None:
        """What is in a name can neither end the header nor keep the mail back."""
        await mailer(sink).send(replace(MAIL, recipient_name='Jane\r\nBcc: "all" <all@example.com>,\x00'))

        (mail,) = sink.mails()
        assert (mail.recipients, "\n" in mail.to) == ((MAIL.recipient,), False)

    async def test_is_counted_once_for_each_message_id(self, sink: MailSink) -> None:
        """A repetition is told from a new mail by its Message-ID."""
        await mailer(sink).send(MAIL)
        await mailer(sink).send(MAIL)
        await mailer(sink).send(replace(MAIL, message_id="<order_placed.o2@shop.test>"))

        assert (len(sink.mails()), sink.duplicates()) == (2, {MAIL.message_id: 1})

    async def test_is_reported_as_plain_data(self, sink: MailSink) -> None:
        """What the local platform shows of its mails."""
        await mailer(sink).send(MAIL)

        report = await sink.report()

        assert (report["count"], report["mails"][0]["message_id"], report["duplicates"]) == (1, MAIL.message_id, {})


class TestTrouble:
    @pytest.mark.parametrize(
        ("trouble", "reason"), [(Trouble.REFUSE_RECIPIENT, "smtp-550"), (Trouble.REFUSE_CONTENT, "smtp-554")]
    )
    async def test_a_5xx_is_a_refusal_for_good(self, sink: MailSink, trouble: Trouble, reason: str) -> None:
        """An unknown mailbox or an unwanted content will be no better next time."""
        sink.trouble(trouble)

        with pytest.raises(MailRefusedError) as caught:
            await mailer(sink).send(MAIL)

        assert (caught.value.reason, sink.mails()) == (reason, [])

    async def test_a_4xx_asks_to_try_later(self, sink: MailSink) -> None:
        """A busy server is asked again, and then takes it."""
        sink.trouble(Trouble.BUSY)

        with pytest.raises(UnavailableError):
            await mailer(sink).send(MAIL)
        await mailer(sink).send(MAIL)

        assert len(sink.mails()) == 1

    async def test_a_sender_who_is_refused_is_for_us_to_mend(self, sink: MailSink) -> None:
        """The mail is as good as it was: it goes when the settings are right."""
        sink.trouble(Trouble.REFUSE_SENDER)

        with pytest.raises(UnavailableError):
            await mailer(sink).send(MAIL)

    async def test_a_server_that_hangs_is_left(self, sink: MailSink) -> None:
        """No answer within the time is no outcome."""
        sink.trouble(Trouble.HANG)

        with pytest.raises(UnavailableError):
            await mailer(sink, timeout=0.2).send(MAIL)

    async def test_a_server_that_is_gone_after_it_took_the_mail(self, sink: MailSink) -> None:
        """The outcome is unknown; the repetition is known by its Message-ID."""
        sink.trouble(Trouble.TAKE_AND_DROP)

        with pytest.raises(UnavailableError):
            await mailer(sink).send(MAIL)
        await mailer(sink).send(MAIL)

        assert (len(sink.mails()), sink.duplicates()) == (1, {MAIL.message_id: 1})

    async def test_a_server_that_is_not_there(self) -> None:
        """Nobody listens: try later."""
        (port,) = free_ports(1)

        with pytest.raises(UnavailableError):
            await SmtpMailer(host=LOOPBACK, port=port).send(MAIL)

    async def test_a_password_is_not_sent_in_the_clear(self, sink: MailSink) -> None:
        """A server without TLS gets neither the login nor the mail."""
        careful = SmtpMailer(host=LOOPBACK, port=sink.port, user="shop", password="secret")  # noqa: S106 - of no server

        with pytest.raises(UnavailableError):
            await careful.send(MAIL)

        assert sink.mails() == []

    @pytest.mark.parametrize(
        "recipient",
        ["", "nobody", "jörg@example.com", "a@b\r\nBcc: all@example.com", "@", "two words@example.com"],
    )
    async def test_an_address_that_is_none(self, sink: MailSink, recipient: str) -> None:
        """Refused for good, and no line of it becomes a header; few servers take a name beyond ASCII."""
        with pytest.raises(MailRefusedError):
            await mailer(sink).send(replace(MAIL, recipient=recipient))

        assert sink.mails() == []

    @pytest.mark.parametrize("wrong", [{"text": "Hello Jane \ud800"}, {"subject": "Jane\nBcc: all@example.com"}])
    async def test_a_mail_that_cannot_be_written(self, sink: MailSink, wrong: dict[str, Any]) -> None:
        """Refused for good; nothing of the mail is quoted."""
        with pytest.raises(MailRefusedError) as caught:
            await mailer(sink).send(replace(MAIL, **wrong))

        assert (caught.value.reason, sink.mails()) == ("content-not-usable", [])
        assert caught.value.__suppress_context__

    @pytest.mark.parametrize("error", [KeyError("jane"), AttributeError("jane"), RecursionError("jane")])
    async def test_whatever_the_email_package_raises_is_a_refusal(
        self, sink: MailSink, monkeypatch: pytest.MonkeyPatch, error: Exception
    ) -> None:
        """It has errors of many kinds."""

        def fail(*_: object) -> bytes:
            raise error

        monkeypatch.setattr(EmailMessage, "as_bytes", fail)

        with pytest.raises(MailRefusedError) as caught:
            await mailer(sink).send(MAIL)

        assert "jane" not in str(caught.value)

    @pytest.mark.parametrize("trouble", [Trouble.REFUSE_RECIPIENT, Trouble.BUSY])
    async def test_says_not_to_whom(self, sink: MailSink, trouble: Trouble) -> None:
        """Errors are logged and their reasons stored: no address is in them, nor in what caused them."""
        sink.trouble(trouble)

        with pytest.raises((MailRefusedError, UnavailableError)) as caught:
            await mailer(sink).send(MAIL)

        assert "jane" not in str(caught.value)
        assert caught.value.__suppress_context__
        assert "jane" not in repr(MAIL).lower()
