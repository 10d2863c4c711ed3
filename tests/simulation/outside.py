"""The outside systems that the shop talks to, in memory: payment provider, mail server, archive."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from pydantic_core import to_json

from functions.analytics.adapters.facts import FactTable
from functions.analytics.consumer import consume_into
from functions.notifications.effect import Sender
from functions.notifications.port import Mail
from functions.notifications.reactor import visit_with
from functions.payments.adapters.memory import MemoryProvider
from functions.payments.amounts import to_provider
from functions.payments.effect import Settlement
from functions.payments.events import DisputeOutcome
from functions.payments.port import (
    DisputeFound,
    Intent,
    IntentStatus,
    RefundOrder,
    RefundResult,
    RefundState,
)
from functions.payments.webhook import StripeWebhook
from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.money import Money
from shared.testing.simulation.dice import dice_of
from shared.testing.simulation.faults import Kind
from shared.testing.simulation.pool import Fitting
from shared.testing.simulation.ports import Line, Port
from shared.testing.simulation.world import World
from shared.testing.virtual_time import virtual_now

WEBHOOK = "/payments/v1/webhooks/stripe"
MAIL_FROM = "shop@example.com"
PATCHES: Mapping[str, Any] = {"functions.payments.webhook._check_signature": lambda *_: None}
"""Webhooks are not signed: the check of signatures has tests of its own."""
_TOLD = {
    IntentStatus.AUTHORIZED: ("payment_intent.amount_capturable_updated", "requires_capture"),
    IntentStatus.CAPTURED: ("payment_intent.succeeded", "succeeded"),
    IntentStatus.CANCELLED: ("payment_intent.canceled", "canceled"),
    IntentStatus.DECLINED: ("payment_intent.payment_failed", "requires_payment_method"),
}
_TRIES = 12
_LONGEST_BUSY, _LONGEST_TURN = 120.0, 10.0
_KNOWN_BY = 20.0
"""Seconds after which whoever asks for a refund must know of a dispute: more than the shop takes between its look and
the refund."""


class Provider(MemoryProvider):
    """The payment provider. It tells of what changed by webhook, before its answer or after, twice or never."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.disputed_at: dict[str, float] = {}
        self.blind: list[str] = []
        """Refunds that were refused, and that nobody who had looked would have asked for."""

    async def refund(self, order: RefundOrder) -> RefundResult:
        made = await super().refund(order)
        now = asyncio.get_running_loop().time()
        if made.state is RefundState.FAILED and now > self.disputed_at.get(order.intent_id, 0.0) + _KNOWN_BY:
            self.blind.append(f"{order.refund_id} of {order.payment_id}: {made.code}")
        return made

    def _become(self, intent: Intent) -> Intent:
        changed = super()._become(intent)
        if intent.status in _TOLD:
            event, status = _TOLD[intent.status]
            about = {"id": intent.intent_id, "status": status, "metadata": {"payment_id": intent.payment_id}}
            self.tell(event, about)
        return changed

    def dispute(self, intent_id: str, outcome: DisputeOutcome | None = None) -> None:
        """The customer asks the bank for the money, or the bank has decided."""
        known = self.disputes.get((intent_id, "dp_1"))
        begins, ends = known is None and self.left(intent_id) > 0, known is not None and known.outcome is None
        if not (begins if outcome is None else ends):
            return
        amount = known.amount if known else Money(amount=self.left(intent_id), currency="USD")
        self.disputed_at[intent_id] = asyncio.get_running_loop().time()
        found = DisputeFound(dispute_id=f"dp_{intent_id}", amount=amount, reason="fraudulent", outcome=outcome)
        self.disputes[intent_id, "dp_1"] = found
        about = {
            "id": found.dispute_id,
            "payment_intent": intent_id,
            "amount": to_provider(amount),
            "currency": amount.currency.lower(),
            "reason": found.reason,
            "status": outcome.value if outcome else "needs_response",
        }
        self.tell("charge.dispute.closed" if outcome else "charge.dispute.created", about, surely=True)

    def tell(self, event: str, about: Mapping[str, Any], *, surely: bool = False) -> None:
        """`surely`: nobody would ask for it."""
        strikes = self.world.faults.strikes
        if not surely and strikes(Kind.CALLBACK_NEVER, f"stripe {event}"):
            return
        for _ in range(2 if strikes(Kind.CALLBACK_TWICE, f"stripe {event}") else 1):
            self.world.stage.background(self._send(event, about))

    async def _send(self, event: str, about: Mapping[str, Any]) -> None:
        """Until it is taken: for three days, says Stripe."""
        body = {"type": event, "created": int(virtual_now().timestamp()), "data": {"object": about}}
        dice = dice_of(self.world.plan.seed, event, about["id"])
        for attempt in range(_TRIES):
            await asyncio.sleep(dice.expovariate(1.0) * 2.0**attempt)
            try:
                headers = {"content-type": "application/json"}
                reply = await self.world.network.send("stripe", "POST", WEBHOOK, headers, to_json(body), within=20.0)
            except UnavailableError:
                continue
            if reply.status < 300:
                return


@dataclass
class MailServer:
    """`Mailer`: what it accepted, by Message-ID."""

    accepted: Counter[str]
    texts: dict[str, Mail]

    async def send(self, mail: Mail) -> None:
        self.accepted[mail.message_id] += 1
        self.texts[mail.message_id] = mail


class Desk:
    """How busy an outside system is, whoever asks. It refuses all calls for a while, and a call about something that
    another call is about (HTTP 429 and 409).
    """

    def __init__(self) -> None:
        self._busy_until = 0.0
        self._at_work: dict[object, float] = {}

    @contextmanager
    def turn(self, line: Line, about: object) -> Iterator[None]:
        """UnavailableError if this call is refused."""
        now, name = asyncio.get_running_loop().time(), line.instance.name
        if line.faults.strikes(Kind.OUTSIDE_BUSY, name):
            self._busy_until = now + line.instance.dice.uniform(0.0, _LONGEST_BUSY)
        refuses = Kind.OUTSIDE_BUSY in line.faults.likely
        if refuses and (now < self._busy_until or now < self._at_work.get(about, 0.0)):
            raise UnavailableError(Kind.OUTSIDE_BUSY)
        self._at_work[about] = now + _LONGEST_TURN  # whoever dies at it never says that they are done
        try:
            yield
        finally:
            self._at_work.pop(about, None)


class OutsidePort(Port):
    """An outside system, as an instance reaches it: it may be slow or busy."""

    def __init__(self, target: Any, line: Line, desk: Desk) -> None:
        super().__init__(target, line, (Kind.OUTSIDE_LOST,), (Kind.OUTSIDE_UNHEARD,))
        self._desk = desk

    def _one(self, found: Any) -> Any:
        call = super()._one(found)

        async def slowly(*args: Any, **kwargs: Any) -> Any:
            if self._line.faults.strikes(Kind.OUTSIDE_SLOW, self._line.instance.name):
                await asyncio.sleep(self._line.instance.dice.uniform(1.0, 30.0))
            with self._desk.turn(self._line, getattr(args[0], "intent_id", args[0])):
                return await call(*args, **kwargs)

        return slowly


def fittings(world: World) -> Mapping[str, Fitting]:
    """Doubles of the outside, for the services that talk to it."""
    provider, mails = Provider(), MailServer(Counter(), {})
    bank, post = Desk(), Desk()
    provider.world = world
    world.known |= {"provider": provider, "mails": mails}
    return {
        "payments": lambda service, line: _payments(service, OutsidePort(provider, line, bank)),
        "notifications": lambda service, line: _notifications(service, OutsidePort(mails, line, post)),
        "analytics": _analytics,
    }


def _payments(service: Any, provider: Any) -> Any:
    def webhook(wiring: Any) -> StripeWebhook:
        return StripeWebhook(wiring, provider, "secret", _silent, wiring.effect)

    return replace(
        service,
        effect=lambda wiring: Settlement(wiring, provider, _silent),
        webhooks={"/webhooks/stripe": webhook},
    )


def _notifications(service: Any, mailer: Any) -> Any:
    def retry(wiring: Any) -> Any:
        return visit_with(Sender(wiring, mailer, MAIL_FROM))

    return replace(
        service,
        effect=lambda wiring: Sender(wiring, mailer, MAIL_FROM).settle,
        idle_jobs={path: replace(job, react=retry) for path, job in service.idle_jobs.items()},
    )


def _analytics(service: Any, line: Line) -> Any:
    tables: Any = Port(line.backend.tables, line, (Kind.ARCHIVE_DOWN,), (Kind.STORE_UNHEARD,))
    store = line.backend.archive(tables)
    return replace(service, consume=lambda _: consume_into(FactTable(store)), store=lambda _: store)


def _silent(*_: object, **__: object) -> None:
    """Nobody reads this log."""
