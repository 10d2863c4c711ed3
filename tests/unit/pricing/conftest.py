"""The pricing service on in-process adapters, behind its real edges, with real tokens."""

import itertools
import json
from pathlib import Path

import pytest

from emulators.edge.issuer import Issuer
from functions.pricing.main import SERVICE
from shared.adapters.memory.dead_letters import MemoryDeadLetters
from shared.adapters.memory.event_store import MemoryEventStore
from shared.adapters.memory.read_store import MemoryReadStore
from shared.bootstrap import Wiring
from shared.eventsourcing.event_store import OperationCounts
from shared.eventsourcing.projector import Projector
from shared.http.auth import KeySet, TokenVerifier
from shared.http.command_edge import CommandEdge
from shared.http.edge import guarded
from shared.http.query_edge import QueryEdge
from shared.testing.api_spec import ApiSpec
from shared.testing.doubles import FixedClock, RecordingPublisher
from shared.testing.memory_platform import memory_dependencies, query_wiring


class Pricing:
    """The service as its callers see it."""

    def __init__(self, jwks: Path) -> None:
        self.clock = FixedClock()
        self.events = MemoryEventStore(self.clock, OperationCounts())
        self.reads = OperationCounts()
        self.rows = MemoryReadStore(self.reads)
        self.topics = RecordingPublisher()
        self._issuer = Issuer("https://issuer.test", clock=self.clock)
        jwks.write_text(json.dumps(self._issuer.jwks()))
        verifier = TokenVerifier("https://issuer.test", "shop", KeySet(jwks.as_uri(), self.clock), self.clock)
        ids = itertools.count(1)
        deps = memory_dependencies(self.clock, events=self.events, rows=self.rows, publisher=self.topics)
        wiring = Wiring(
            SERVICE.manifest, SERVICE.aggregates, SERVICE.effect, deps, self.clock, lambda: f"id{next(ids)}"
        )
        edge = CommandEdge(SERVICE.command_apis, wiring, verifier, self.clock, wiring.new_id)
        queries = QueryEdge(SERVICE.query_apis, query_wiring(deps, self.clock), verifier)
        self._commands = guarded("commands", edge, lambda *_, **__: None)
        self._queries = guarded("queries", queries, lambda *_, **__: None)

    def caller(self, subject: str, *roles: str) -> ApiSpec:
        return ApiSpec(self._commands, self._token(subject, *roles))

    def reader(self, subject: str, *roles: str) -> ApiSpec:
        return ApiSpec(self._queries, self._token(subject, *roles))

    async def versions(self, *skus: str) -> list[int]:
        """How many commits these products' prices have."""
        return [len([commit async for commit in self.events.read(f"price-{sku}")]) for sku in skus]

    async def project(self, *skus: str) -> None:
        """Let the read model catch up with these products."""
        (projection,) = SERVICE.projections
        projector = Projector(projection, self.events, self.rows, MemoryDeadLetters(), self.clock)
        for sku, version in zip(skus, await self.versions(*skus), strict=True):
            await projector.heal(f"price-{sku}", version)

    def _token(self, subject: str, *roles: str) -> str:
        return self._issuer.mint(subject, roles=roles, audience="shop", ttl=86_400)


@pytest.fixture
def pricing(tmp_path: Path) -> Pricing:
    return Pricing(tmp_path / "jwks.json")


@pytest.fixture
def operator(pricing: Pricing) -> ApiSpec:
    return pricing.caller("op", "operator")


@pytest.fixture
def customer(pricing: Pricing) -> ApiSpec:
    return pricing.reader("900", "customer")


@pytest.fixture
def staff(pricing: Pricing) -> ApiSpec:
    return pricing.reader("ann", "operator")
