"""The payments service behind its real edges, with real tokens, on in-process adapters."""

import itertools
import json
from pathlib import Path

from emulators.edge.issuer import Issuer
from functions.payments.adapters.memory import APPROVED
from functions.payments.command_api import PAYMENT_COMMANDS
from functions.payments.commands import PaymentCommand
from functions.payments.decider import PAYMENT
from functions.payments.effect import Settlement
from functions.payments.integration import to_integration
from functions.payments.manifest import CATEGORY, MANIFEST
from functions.payments.query_api import LEDGER_QUERIES, PAYMENT_QUERIES
from shared.bootstrap import Aggregate, Wiring
from shared.http.auth import KeySet, TokenVerifier
from shared.http.command_edge import CommandEdge
from shared.http.edge import guarded
from shared.http.query_edge import QueryEdge
from shared.testing.api_spec import ApiSpec, Reply
from shared.testing.doubles import FixedClock, RecordingPublisher
from shared.testing.memory_platform import memory_dependencies, query_wiring
from tests.unit.payments.bank import Bank
from tests.unit.payments.payments_in_memory import context

URL = "/payments/v1/payments/p1"
BODY = {
    "order_id": "o1",
    "customer_id": "900",
    "amount": {"amount": 1998, "currency": "USD"},
    "payment_token": "sealed:v1:OTAw:x",
}
REFUND = {"refund_id": "r1", "amount": {"amount": 500, "currency": "USD"}, "reason": "damaged"}


class Service:
    """The service behind its real edges."""

    def __init__(self, jwks: Path) -> None:
        self.clock, self.provider, self.topics = FixedClock(), Bank(), RecordingPublisher()
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
        edge = CommandEdge((PAYMENT_COMMANDS,), self._wiring(), self._verifier, self.clock, self._new_id)
        return ApiSpec(guarded("payments-commands", edge, lambda *_, **__: None), self._token(subject, role))

    async def told(self, news: PaymentCommand) -> None:
        """As the webhook is told, and what was put off follows."""
        wiring = self._wiring()
        await wiring.handle(CATEGORY, "p1", news, context("webhook", self.clock()))
        assert wiring.effect is not None
        await wiring.effect(CATEGORY, "p1", context("settle", self.clock()))

    def _wiring(self) -> Wiring:
        return Wiring(
            MANIFEST,
            (Aggregate(PAYMENT, to_integration),),
            lambda wiring: Settlement(wiring, self.provider, lambda *_, **__: None),
            self._dependencies,
            self.clock,
            self._new_id,
        )

    def _new_id(self) -> str:
        return f"id{next(self._ids)}"

    def reader(self, subject: str, role: str) -> ApiSpec:
        return ApiSpec(self._queries, self._token(subject, role))

    @property
    def published(self) -> list[str]:
        return [message.attributes["ce-type"] for message in self.topics.on(MANIFEST.integration_topic)]

    def _token(self, subject: str, role: str) -> str:
        return self._issuer.mint(subject, roles=(role,), audience="shop", ttl=3600)


async def authorize(caller: ApiSpec, body: object) -> Reply:
    return await caller.send("PUT", URL, json=body, headers={"Idempotency-Key": "authorize"})
