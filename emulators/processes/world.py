"""The outside world on this machine: a payment provider and a mail server, for the services that need them."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

from emulators.processes.google import Emulator
from emulators.processes.mail_sink import MailSink
from emulators.processes.stripe import SECRET_KEY, WEBHOOK_SECRET, send_webhooks, start_stripe
from emulators.settings import Options
from shared.topology import Service

STRIPE_API_BASE, SMTP_HOST = "STRIPE_API_BASE", "SMTP_HOST"
"""The variables by which a manifest says that its service needs the one or the other."""
_WEBHOOK_PATH = "/payments/v1/webhooks/stripe"


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What stands in for the outside; None where no service needs it. `variables` tell the functions where it is."""

    variables: dict[str, str] = field(default_factory=dict)
    stripe: Emulator | None = None
    mail: MailSink | None = None

    async def mails(self) -> dict[str, Any]:
        """What was sent, as plain data."""
        return await self.mail.report() if self.mail else {}


async def start_world(stack: AsyncExitStack, options: Options, services: Sequence[Service]) -> World:
    """Only what these services need is started."""
    wanted = {name for service in services for name in service.environment}
    stripe = await _stripe(stack, options) if STRIPE_API_BASE in wanted else None
    mail = await stack.enter_async_context(MailSink()) if SMTP_HOST in wanted else None
    variables: dict[str, str] = {}
    if stripe:
        variables |= {
            STRIPE_API_BASE: f"http://{stripe.host}",
            "STRIPE_SECRET_KEY": SECRET_KEY,
            "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
        }
    if mail:
        host, _, port = mail.host.partition(":")
        variables |= {SMTP_HOST: host, "SMTP_PORT": port, "MAIL_FROM": "shop@example.com"}
    return World(variables=variables, stripe=stripe, mail=mail)


async def _stripe(stack: AsyncExitStack, options: Options) -> Emulator:
    stripe = await asyncio.to_thread(start_stripe, log_file=options.logs / "stripe.log")
    stack.push_async_callback(asyncio.to_thread, stripe.stop)
    await asyncio.to_thread(send_webhooks, stripe.host, options.origin + _WEBHOOK_PATH)
    return stripe
