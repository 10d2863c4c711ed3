"""Payments without a platform: the decider behind the two calls that the effect makes, and facts to begin with."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from functions.payments.adapters.memory import APPROVED, MemoryProvider
from functions.payments.commands import (
    AuthorizePayment,
    CapturePayment,
    PaymentCommand,
    RefundPayment,
    VoidPayment,
)
from functions.payments.decider import PAYMENT
from functions.payments.effect import DEADLINE, Settlement
from functions.payments.events import (
    AuthorizationRequested,
    CaptureRequested,
    IntentCreated,
    PaymentAuthorized,
    PaymentCaptured,
    PaymentEvent,
    RefundRequested,
)
from functions.payments.manifest import CATEGORY
from functions.payments.port import Charge, Intent, IntentStatus, PaymentProvider
from functions.payments.state import Payment
from shared.eventsourcing.command_handler import Handled
from shared.eventsourcing.message import Context
from shared.eventsourcing.money import Money

AT = datetime(2017, 3, 6, 12, 0, tzinfo=UTC)
LATER = AT + timedelta(minutes=5)
IDS = {"payment_id": "p1", "order_id": "o1", "customer_id": "900"}


def usd(cents: int) -> Money:
    return Money(amount=cents, currency="USD")


AUTHORIZE = AuthorizePayment(**IDS, amount=usd(1998), payment_token=APPROVED, at=AT)
CAPTURE = CapturePayment(at=LATER)
REFUND_REST = RefundPayment(refund_id="o1-c1", amount=usd(1998), up_to=True, reason="fraud", at=LATER)
"""All that is left, as a cancellation asks for it."""
VOID = VoidPayment(payment_id="p1", reason="out of stock", at=LATER)


def refund(refund_id: str = "r1", cents: int = 500) -> RefundPayment:
    return RefundPayment(refund_id=refund_id, amount=usd(cents), reason="returned", at=LATER)


REQUESTED = AuthorizationRequested(**IDS, amount=usd(1998), payment_token=APPROVED, at=AT)
CREATED = IntentCreated(intent_id="pi_1", at=AT)
AUTHORIZED = PaymentAuthorized(**IDS, amount=usd(1998), at=AT)
CAPTURING = CaptureRequested(at=LATER)
CAPTURED = PaymentCaptured(**IDS, amount=usd(1998), at=LATER)
REFUNDING = RefundRequested(refund_id="r1", amount=usd(500), reason="returned", at=LATER)
UNTIL_AUTHORIZED = (REQUESTED, CREATED, AUTHORIZED)
UNTIL_CAPTURED = (*UNTIL_AUTHORIZED, CAPTURING, CAPTURED)


def context(command: PaymentCommand | str, at: datetime = AT) -> Context:
    name = command if isinstance(command, str) else type(command).__name__
    return Context(command=name, command_id="c1", correlation_id="f1", actor="service:checkout", occurred_at=at)


class Unsealed:
    """Opens tokens that were never sealed: that is tested elsewhere. Whose key is gone is in `erased`."""

    def __init__(self) -> None:
        self.erased: set[str] = set()

    async def open(self, sealed: str) -> str | None:
        return None if sealed in self.erased else sealed


@dataclass
class PaymentsInMemory:
    """The log of some payments, and what the effect and the webhook need of a service's wiring."""

    events: dict[str, list[PaymentEvent]] = field(default_factory=lambda: defaultdict(list))
    contexts: list[Context] = field(default_factory=list)
    personal: Unsealed = field(default_factory=Unsealed)

    async def state(self, category: str, entity_id: str) -> Payment:
        assert category == CATEGORY
        payment = PAYMENT.initial_state()
        for stored in PAYMENT.codec.encode(self.events[entity_id]):
            payment = PAYMENT.evolve(payment, PAYMENT.codec.decode(stored))
        return payment

    async def handle(self, category: str, entity_id: str, command: PaymentCommand, caused_by: Context) -> Handled:
        events = PAYMENT.decide(command, await self.state(category, entity_id))
        self.events[entity_id] += events
        self.contexts.append(caused_by)
        return Handled(len(self.events[entity_id]), None, changed=bool(events))

    def system_context(self, actor: str) -> Context:
        return context(actor)

    def given(self, *events: PaymentEvent) -> None:
        self.events["p1"] += events

    @property
    def of_p1(self) -> Sequence[PaymentEvent]:
        return self.events["p1"]

    @property
    def names(self) -> list[str]:
        """What happened to the payment p1, by name."""
        return [type(event).__name__ for event in self.of_p1]


@dataclass
class Lines:
    """What was logged: (severity, message, fields)."""

    of_now: list[tuple[str, str, Mapping[str, object]]] = field(default_factory=list)

    def __call__(self, severity: str, message: str, **fields: object) -> None:
        self.of_now.append((severity, message, fields))

    @property
    def errors(self) -> list[str]:
        return [message for severity, message, _ in self.of_now if severity == "ERROR"]


@dataclass
class Shop:
    """A caller of the service: each request is the command and then the effect."""

    log: PaymentsInMemory
    provider: PaymentProvider
    deadline: float = DEADLINE

    def __post_init__(self) -> None:
        self.lines = Lines()
        self.effect = Settlement(self.log, self.provider, self.lines, deadline=self.deadline)

    async def ask(self, command: PaymentCommand) -> Mapping[str, object]:
        await self.log.handle(CATEGORY, "p1", command, context(command))
        return await self.effect(CATEGORY, "p1", context(command))


def shop() -> tuple[Shop, PaymentsInMemory, MemoryProvider]:
    log, provider = PaymentsInMemory(), MemoryProvider()
    return Shop(log, provider), log, provider


def captured(provider: MemoryProvider) -> MemoryProvider:
    """The provider has taken the amount of p1."""
    charge = Charge(payment_id="p1", order_id="o1", amount=usd(1998), payment_token=APPROVED)
    provider.charges["pi_1"] = charge
    provider.intents["pi_1"] = Intent(intent_id="pi_1", payment_id="p1", status=IntentStatus.CAPTURED)
    return provider


def paid_shop(provider: MemoryProvider | None = None) -> tuple[Shop, PaymentsInMemory, MemoryProvider]:
    """p1 is captured, here and there."""
    log, stripe = PaymentsInMemory(), captured(provider or MemoryProvider())
    log.given(*UNTIL_CAPTURED)
    return Shop(log, stripe), log, stripe
