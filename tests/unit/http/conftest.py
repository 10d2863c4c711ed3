"""A cart service on in-process adapters, behind its real edge, with real tokens."""

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from emulators.edge.issuer import Issuer
from functions.cart.command_api import CART_COMMANDS
from functions.cart.decider import CART
from functions.cart.integration import to_integration
from functions.cart.manifest import MANIFEST
from functions.cart.projections import CARTS_PROJECTION
from functions.cart.query_api import AVAILABILITY_QUERY, CART_QUERIES
from shared.adapters.memory.dead_letters import MemoryDeadLetters
from shared.adapters.memory.event_store import MemoryEventStore
from shared.adapters.memory.read_store import MemoryReadStore
from shared.bootstrap import Aggregate, Wiring
from shared.eventsourcing.event_store import OperationCounts
from shared.eventsourcing.message import Commit
from shared.eventsourcing.projector import Projector
from shared.http.auth import KeySet, TokenVerifier
from shared.http.command_edge import CommandEdge
from shared.http.edge import guarded
from shared.http.query_edge import QueryEdge
from shared.testing.api_spec import ApiSpec
from shared.testing.doubles import FixedClock, RecordingPublisher, everything_is_sold
from shared.testing.memory_platform import memory_dependencies, query_wiring


class Shop:
    """The service as its callers see it."""

    def __init__(self, jwks: Path) -> None:
        self.clock = FixedClock()
        self.counts = OperationCounts()
        self.events = MemoryEventStore(self.clock, self.counts)
        self.rows = MemoryReadStore(OperationCounts())
        self.topics = RecordingPublisher()
        self.services = everything_is_sold()
        self.issuer = Issuer("https://issuer.test", clock=self.clock)
        jwks.write_text(json.dumps(self.issuer.jwks()))
        self._ids = itertools.count(1)
        self.keys = KeySet(jwks.as_uri(), self.clock)
        self.lines: list[dict[str, object]] = []
        self.dependencies = memory_dependencies(self.clock, events=self.events, rows=self.rows, publisher=self.topics)
        self.function = guarded("cart-commands", self.new_instance(), self._log)
        wiring = query_wiring(self.dependencies, self.clock, wiring=self._wiring(lambda: ""))
        queries = QueryEdge((CART_QUERIES, AVAILABILITY_QUERY), wiring, self._verifier())
        self.query_function = guarded("cart-queries", queries, self._log)

    def new_instance(self) -> CommandEdge:
        """A command function with a memory of its own, as another instance would have."""
        new_id = lambda: f"id{next(self._ids)}"  # noqa: E731 - as short as what it makes
        return CommandEdge((CART_COMMANDS,), self._wiring(new_id), self._verifier(), self.clock, new_id)

    def token(self, subject: str, *roles: str, audience: str = "shop", ttl: int = 86_400) -> str:
        return self.issuer.mint(subject, roles=roles, audience=audience, ttl=ttl)

    def caller(self, subject: str, *roles: str) -> ApiSpec:
        return ApiSpec(self.function, self.token(subject, *roles))

    def reader(self, subject: str, *roles: str) -> ApiSpec:
        return ApiSpec(self.query_function, self.token(subject, *roles))

    async def log(self, cart_id: str) -> list[Commit]:
        return [commit async for commit in self.events.read(f"cart-{cart_id}")]

    async def project(self, *cart_ids: str) -> None:
        """Let the read model catch up with these carts."""
        projector = Projector(CARTS_PROJECTION, self.events, self.rows, MemoryDeadLetters(), self.clock)
        for cart_id in cart_ids:
            log = await self.log(cart_id)
            await projector.heal(f"cart-{cart_id}", log[-1].version)

    def _wiring(self, new_id: Callable[[], str]) -> Wiring:
        aggregates = (Aggregate(CART, to_integration),)
        return Wiring(MANIFEST, aggregates, None, self.dependencies, self.clock, new_id, self.services)

    def _verifier(self) -> TokenVerifier:
        return TokenVerifier("https://issuer.test", "shop", self.keys, self.clock)

    def _log(self, severity: str, message: str, **fields: object) -> None:
        self.lines.append({"severity": severity, "message": message, **fields})


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "jwks.json")


@pytest.fixture
def till(shop: Shop) -> ApiSpec:
    return shop.caller("till-1", "pos")


@pytest.fixture
def customer(shop: Shop) -> ApiSpec:
    return shop.caller("900", "customer")
