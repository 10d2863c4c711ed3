"""Payments as their callers see them: over HTTP, with real tokens, on in-process adapters."""

import asyncio
import itertools
import json
from pathlib import Path

import pytest

from emulators.edge.issuer import Issuer
from functions.payments.adapters.memory import APPROVED, Fault, MemoryProvider
from functions.payments.command_api import PAYMENT_COMMANDS
from functions.payments.decider import PAYMENT
from functions.payments.effect import Settlement
from functions.payments.integration import to_integration
from functions.payments.manifest import MANIFEST
from functions.payments.query_api import LEDGER_QUERIES, PAYMENT_QUERIES
from shared.bootstrap import Aggregate, Wiring
from shared.http.auth import KeySet, TokenVerifier
from shared.http.command_edge import CommandEdge
from shared.http.edge import guarded
from shared.http.query_edge import QueryEdge
from shared.testing.api_spec import ApiSpec, Reply
from shared.testing.doubles import FixedClock, RecordingPublisher
from shared.testing.memory_platform import memory_dependencies, query_wiring

URL = "/payments/v1/payments/p1"
BODY = {
    "order_id": "o1",
    "customer_id": "900",
    "amount": {"amount": 1998, "currency": "USD"},
    "payment_token": "sealed:v1:OTAw:x",
}
REFUND = {"refund_id": "r1", "amount": {"amount": 500, "currency": "USD"}, "reason": "damaged"}
DECLINED = "pm_card_visa_chargeDeclined"


class Service:
    """The service behind its real edges."""

    def __init__(self, jwks: Path) -> None:
        self.clock, self.provider, self.topics = FixedClock(), MemoryProvider(), RecordingPublisher()
        self._issuer = Issuer("https://issuer.test", clock=self.clock)
        jwks.write_text(json.dumps(self._issuer.jwks()))
        keys = KeySet(jwks.as_uri(), self.clock)
        self._verifier = TokenVerifier("https://issuer.test", "shop", keys, self.clock)
        self._dependencies = memory_dependencies(self.clock, publisher=self.topics)
        self._ids = itertools.count(1)
        self._sealed: dict[str, str] = {}
        queries = QueryEdge(
            (PAYMENT_QUERIES, LEDGER_QUERIES), query_wiring(self._dependencies, self.clock), self._verifier
        )
        self._queries = guarded("payments-queries", queries, lambda *_, **__: None)

    async def sealed(self, token: str) -> dict[str, object]:
        """As the checkout asks for it, always in the same words."""
        if token not in self._sealed:
            self._sealed[token] = await self._dependencies.personal.seal("900", token)
        return {**BODY, "payment_token": self._sealed[token]}

    async def authorize(self, token: str = APPROVED, subject: str = "checkout", role: str = "service") -> Reply:
        return await authorize(self.caller(subject, role), await self.sealed(token))

    def caller(self, subject: str = "checkout", role: str = "service") -> ApiSpec:
        """One that talks to an instance of its own."""
        new_id = lambda: f"id{next(self._ids)}"  # noqa: E731 - as short as what it makes
        wiring = Wiring(
            MANIFEST,
            (Aggregate(PAYMENT, to_integration),),
            lambda wiring: Settlement(wiring, self.provider, lambda *_, **__: None),
            self._dependencies,
            self.clock,
            new_id,
        )
        edge = CommandEdge((PAYMENT_COMMANDS,), wiring, self._verifier, self.clock, new_id)
        return ApiSpec(guarded("payments-commands", edge, lambda *_, **__: None), self._token(subject, role))

    def reader(self, subject: str, role: str) -> ApiSpec:
        return ApiSpec(self._queries, self._token(subject, role))

    @property
    def published(self) -> list[str]:
        return [message.attributes["ce-type"] for message in self.topics.on(MANIFEST.integration_topic)]

    def _token(self, subject: str, role: str) -> str:
        return self._issuer.mint(subject, roles=(role,), audience="shop", ttl=3600)


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return Service(tmp_path / "jwks.json")


async def authorize(caller: ApiSpec, body: object) -> Reply:
    return await caller.send("PUT", URL, json=body, headers={"Idempotency-Key": "authorize"})


async def test_a_payment_from_beginning_to_end(service: Service) -> None:
    """Authorized, captured, refunded: each answer says how the payment stands, each outcome is published."""
    caller = service.caller()

    replies = [
        await service.authorize(),
        await caller.post(f"{URL}/capture", "capture"),
        await caller.post(f"{URL}/refunds", "refund", REFUND),
    ]

    assert [(reply.status, reply.json["status"]) for reply in replies] == [
        (202, "authorized"),
        (202, "captured"),
        (202, "captured"),
    ]
    assert replies[2].json["refunds"] == {"r1": "completed"}
    assert service.published == [
        "commerce.payments.PaymentAuthorized.v1",
        "commerce.payments.PaymentCompleted.v1",
        "commerce.payments.PaymentRefunded.v1",
    ]


async def test_a_declined_card_is_a_conflict_each_time(service: Service) -> None:
    """With the same key and with another, by this instance and by another."""
    replies = [await service.authorize(DECLINED) for _ in range(2)]
    replies.append(await service.caller().send("PUT", URL, json=await service.sealed(DECLINED)))

    assert [(reply.status, reply.json["code"]) for reply in replies] == [(409, "card-declined")] * 3


@pytest.mark.parametrize("fault", Fault)
async def test_a_lost_answer_is_unavailable_and_can_be_repeated(service: Service, fault: Fault) -> None:
    """The caller repeats with the same key, and the money is held once."""
    service.provider.next_calls = [None, fault]
    first = await service.authorize()

    again = await service.authorize()

    assert (first.status, again.status, again.json["status"]) == (503, 202, "authorized")
    assert service.provider.held("p1") == 1998


async def test_a_void_that_comes_first_wins(service: Service) -> None:
    """The tombstone is voided, and the late authorization refused without asking the provider."""
    caller = service.caller()

    voided = await caller.post(f"{URL}/void", "void", {"reason": "checkout-failed"})
    late = await service.authorize()

    assert (voided.status, voided.json["status"]) == (202, "voided")
    assert (late.status, late.json["code"], service.provider.calls) == (409, "payment-voided", [])


async def test_a_token_that_nobody_can_open_is_declined(service: Service) -> None:
    """It was changed, or sealed elsewhere: no repetition helps."""
    reply = await authorize(service.caller(), BODY)

    assert (reply.status, reply.json["code"], service.provider.calls) == (409, "card-declined", [])


async def test_many_at_once_charge_once(service: Service) -> None:
    """The same payment, from ten instances with keys of their own, is held once and captured once."""
    callers, body = [service.caller() for _ in range(10)], await service.sealed(APPROVED)

    held = await asyncio.gather(*(caller.send("PUT", URL, json=body) for caller in callers))
    taken = await asyncio.gather(*(caller.post(f"{URL}/capture", f"k{n}") for n, caller in enumerate(callers)))

    assert {reply.json["status"] for reply in held} == {"authorized"}
    assert {reply.json["status"] for reply in taken} == {"captured"}
    assert (service.provider.taken("p1"), service.provider.held("p1")) == (1998, 0)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("payment_token", "4242424242424242"),
        ("payment_token", "pm_card_visa"),
        ("payment_token", ""),
        ("amount", {"amount": -1, "currency": "USD"}),
        ("order_id", "no id"),
    ],
)
async def test_what_makes_no_sense_is_refused(service: Service, field: str, value: object) -> None:
    """What is not sealed is not taken, a card number least of all; the field at fault is named."""
    reply = await authorize(service.caller(), {**BODY, field: value})

    assert reply.status == 400
    assert reply.fields_at_fault[0].startswith(field)


async def test_nothing_is_not_paid(service: Service) -> None:
    """An order that costs nothing needs no payment."""
    reply = await authorize(service.caller(), {**BODY, "amount": {"amount": 0, "currency": "USD"}})

    assert (reply.status, reply.json["code"]) == (409, "amount-too-small")


@pytest.mark.parametrize("role", ["customer", "pos", "operator"])
async def test_only_the_checkout_asks_for_money(service: Service, role: str) -> None:
    """Nobody else has a customer's card."""
    reply = await service.authorize(subject="900", role=role)

    assert reply.status == 403


async def test_a_customer_sees_their_own_payment(service: Service) -> None:
    """And nobody else's, and not the ledger."""
    await service.authorize()

    own = await service.reader("900", "customer").get(f"{URL}?min_version=3")
    others = await service.reader("901", "customer").get(f"{URL}?version=3")
    ledger = await service.reader("900", "customer").get("/payments/v1/ledger/p1?version=3")

    assert (own.status, own.json["status"]) == (200, "authorized")
    assert (others.status, ledger.status) == (404, 403)


async def test_staff_sees_the_ledger(service: Service) -> None:
    """Balanced, with the accounts by name."""
    await service.authorize()

    ledger = await service.reader("olga", "operator").get("/payments/v1/ledger/p1?min_version=3")

    assert ledger.json["balances"] == {"holds": 1998, "holds-offset": -1998}
