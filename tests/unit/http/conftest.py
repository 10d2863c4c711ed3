"""A cart service on in-process adapters, behind its real edge, with real tokens."""

import itertools
import json
from pathlib import Path

import pytest

from emulators.edge.issuer import Issuer
from functions.cart.command_api import CART_COMMANDS
from functions.cart.decider import CART
from functions.cart.integration import to_integration
from functions.cart.manifest import MANIFEST
from functions.cart.projections import CARTS_PROJECTION
from functions.cart.query_api import CART_QUERIES
from shared.adapters.memory.dead_letters import MemoryDeadLetters
from shared.adapters.memory.event_store import MemoryEventStore
from shared.adapters.memory.read_store import MemoryReadStore
from shared.eventsourcing.command_handler import CommandHandler, Policy
from shared.eventsourcing.event_store import OperationCounts
from shared.eventsourcing.message import Commit
from shared.eventsourcing.projector import Projector
from shared.eventsourcing.publishing import Announcer, Publication
from shared.http.auth import KeySet, TokenVerifier
from shared.http.command_api import CommandEdge
from shared.http.edge import guarded
from shared.http.query_edge import QueryEdge
from shared.observability.timing import measure
from shared.testing.api_spec import ApiSpec
from shared.testing.doubles import FixedClock, RecordingPublisher


class Shop:
    """The service as its callers see it."""

    def __init__(self, jwks: Path) -> None:
        self.clock = FixedClock()
        self.counts = OperationCounts()
        self.events = MemoryEventStore(self.clock, self.counts)
        self.rows = MemoryReadStore(OperationCounts())
        self.topics = RecordingPublisher()
        self.issuer = Issuer("https://issuer.test", clock=self.clock)
        jwks.write_text(json.dumps(self.issuer.jwks()))
        self._ids = itertools.count(1)
        self._keys = KeySet(jwks.as_uri(), self.clock)
        self.lines: list[dict[str, object]] = []
        self.function = guarded("cart-commands", self.new_instance(), self._log)
        queries = QueryEdge((CART_QUERIES,), self.rows, self.events, self._verifier())
        self.query_function = guarded("cart-queries", queries, self._log)

    def new_instance(self) -> CommandEdge:  # type: ignore[type-arg] # its parameters do not matter to a caller
        """A command function with a memory of its own, as another instance would have."""

        async def pause(_: int) -> None:
            return None

        publication = Publication(
            category="cart",
            domain_topic=MANIFEST.domain_topic,
            integration_topic=MANIFEST.integration_topic,
            codec=CART.codec,
            to_integration=to_integration,
        )
        handler = CommandHandler(
            CART, self.events, Announcer(publication, self.topics), Policy(pause=pause, measure=measure)
        )
        return CommandEdge(CART_COMMANDS, "cart", handler, self._verifier(), self.clock, lambda: f"id{next(self._ids)}")

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

    def _verifier(self) -> TokenVerifier:
        return TokenVerifier("https://issuer.test", "shop", self._keys, self.clock)

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
