"""The outside world on this machine: only what the services need is started, and they are told where it is."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import aiosmtplib
import pytest

from emulators.processes import world as module
from emulators.processes.stripe import SECRET_KEY, WEBHOOK_SECRET
from emulators.processes.world import World, start_world
from emulators.settings import Options
from shared.topology import Maturity, Service


def service(*environment: str) -> Service:
    """One that reads these variables."""
    return Service(name="shop", description="", maturity=Maturity.EVENT_SOURCED, functions=(), environment=environment)


@dataclass
class FakeStripe:
    """A provider that is only started and stopped."""

    host: str = "127.0.0.1:12111"
    log_files: list[Path] = field(default_factory=list)
    webhooks: list[tuple[str, str]] = field(default_factory=list)
    running: bool = False

    def start(self, *, log_file: Path) -> "FakeStripe":
        self.log_files.append(log_file)
        self.running = True
        return self

    def stop(self) -> None:
        self.running = False

    def send_webhooks(self, host: str, url: str) -> None:
        self.webhooks.append((host, url))


@pytest.fixture
def stripe(monkeypatch: pytest.MonkeyPatch) -> FakeStripe:
    fake = FakeStripe()
    monkeypatch.setattr(module, "start_stripe", fake.start)
    monkeypatch.setattr(module, "send_webhooks", fake.send_webhooks)
    return fake


@pytest.fixture
def options(tmp_path: Path) -> Options:
    return Options(folder=tmp_path, port=8123)


async def test_nothing_is_started_that_nobody_needs(stripe: FakeStripe, options: Options) -> None:
    """A shop without payments and mails is a world of its own."""
    async with AsyncExitStack() as stack:
        world = await start_world(stack, options, (service(), service("SOMETHING_ELSE")))

    assert (world, stripe.log_files) == (World(), [])


class TestThePaymentProvider:
    async def test_is_started_for_who_reads_its_address(self, stripe: FakeStripe, options: Options) -> None:
        """Its log lies beside the others."""
        async with AsyncExitStack() as stack:
            world = await start_world(stack, options, (service("STRIPE_API_BASE"),))

        assert world.stripe is not None
        assert stripe.log_files == [options.logs / "stripe.log"]

    async def test_is_told_to_the_functions(self, stripe: FakeStripe, options: Options) -> None:
        """Where it is, and the secrets that both sides share."""
        async with AsyncExitStack() as stack:
            world = await start_world(stack, options, (service("STRIPE_API_BASE"),))

        assert world.variables == {
            "STRIPE_API_BASE": "http://127.0.0.1:12111",
            "STRIPE_SECRET_KEY": SECRET_KEY,
            "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
        }

    async def test_tells_the_platform_its_news(self, stripe: FakeStripe, options: Options) -> None:
        """At the public address of the payments' webhook."""
        async with AsyncExitStack() as stack:
            await start_world(stack, options, (service("STRIPE_API_BASE"),))

        assert stripe.webhooks == [(stripe.host, "http://127.0.0.1:8123/payments/v1/webhooks/stripe")]

    async def test_ends_with_the_platform(self, stripe: FakeStripe, options: Options) -> None:
        """No process is left behind."""
        async with AsyncExitStack() as stack:
            await start_world(stack, options, (service("STRIPE_API_BASE"),))
            running = stripe.running

        assert (running, stripe.running) == (True, False)

    async def test_ends_also_if_it_takes_no_webhooks(
        self, stripe: FakeStripe, options: Options, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A platform that does not start leaves nothing behind."""

        def refuse(*_: Any) -> None:
            raise ConnectionError

        monkeypatch.setattr(module, "send_webhooks", refuse)

        with pytest.raises(ConnectionError):
            async with AsyncExitStack() as stack:
                await start_world(stack, options, (service("STRIPE_API_BASE"),))

        assert not stripe.running


class TestTheMailServer:
    async def test_takes_mails_where_the_functions_are_told(self, options: Options) -> None:
        """What is sent to it can be read back."""
        async with AsyncExitStack() as stack:
            world = await start_world(stack, options, (service("SMTP_HOST"),))
            await send(world.variables)

            (mail,) = (await world.mails())["mails"]

        assert (mail["to"], mail["subject"]) == ("ada@example.com", "Hello")

    async def test_ends_with_the_platform(self, options: Options) -> None:
        """Nobody listens any more."""
        async with AsyncExitStack() as stack:
            world = await start_world(stack, options, (service("SMTP_HOST"),))

        with pytest.raises(OSError, match=r"."):
            await asyncio.open_connection(world.variables["SMTP_HOST"], int(world.variables["SMTP_PORT"]))

    async def test_that_is_not_there_has_no_mails(self) -> None:
        """The report is empty."""
        assert await World().mails() == {}


async def send(variables: dict[str, str]) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = variables["MAIL_FROM"], "ada@example.com", "Hello"
    message["Message-ID"] = "<m1@shop.test>"
    await aiosmtplib.send(message, hostname=variables["SMTP_HOST"], port=int(variables["SMTP_PORT"]), start_tls=False)
