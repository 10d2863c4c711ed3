"""The promotions service on in-process adapters, behind its real edges, with real tokens."""

import itertools
import json
from pathlib import Path

import pytest

from emulators.edge.issuer import Issuer
from functions.promotions.main import SERVICE
from shared.adapters.memory.dead_letters import MemoryDeadLetters
from shared.adapters.memory.event_store import MemoryEventStore
from shared.adapters.memory.read_store import MemoryReadStore
from shared.bootstrap import Wiring
from shared.eventsourcing.event_store import OperationCounts
from shared.eventsourcing.message import Commit, IntegrationEvent, category_of
from shared.eventsourcing.projector import Projector
from shared.http.auth import KeySet, PlatformCallers, TokenVerifier
from shared.http.command_edge import CommandEdge
from shared.http.edge import Handler, guarded
from shared.http.platform_api import ScheduleEdge
from shared.http.query_edge import QueryEdge
from shared.http.reaction_edge import ReactionEdge
from shared.testing.api_spec import ApiSpec
from shared.testing.doubles import FixedClock, RecordingPublisher
from shared.testing.memory_platform import memory_dependencies, query_wiring


class Promotions:
    """The service as its callers see it."""

    def __init__(self, jwks: Path) -> None:
        self.clock = FixedClock()
        self.events = MemoryEventStore(self.clock, OperationCounts())
        self.rows = MemoryReadStore(OperationCounts())
        self.topics = RecordingPublisher()
        self._issuer = Issuer("https://issuer.test", clock=self.clock)
        jwks.write_text(json.dumps(self._issuer.jwks()))
        self._verifier = TokenVerifier("https://issuer.test", "shop", KeySet(jwks.as_uri(), self.clock), self.clock)
        self._ids = itertools.count(1)
        self._deps = memory_dependencies(self.clock, events=self.events, rows=self.rows, publisher=self.topics)
        queries = QueryEdge(SERVICE.query_apis, query_wiring(self._deps, self.clock), self._verifier)
        self._commands = self.new_instance()
        self._queries = guarded("queries", queries, lambda *_, **__: None)

    def new_instance(self) -> Handler:
        """A command function with a memory of its own, as another instance would have."""
        wiring = Wiring(SERVICE.manifest, SERVICE.aggregates, SERVICE.effect, self._deps, self.clock, self._new_id)
        edge = CommandEdge(SERVICE.command_apis, wiring, self._verifier, self.clock, wiring.new_id)
        return guarded("commands", edge, lambda *_, **__: None)

    async def told(self, event: IntegrationEvent, message_id: str = "order-o1@5.0") -> str:
        """What becomes of an event of the orders that is pushed."""
        wiring = Wiring(SERVICE.manifest, SERVICE.aggregates, SERVICE.effect, self._deps, self.clock, self._new_id)
        callers = PlatformCallers(self._verifier, frozenset({"push@shop.test"}))
        edge = ReactionEdge(
            SERVICE.manifest.name,
            SERVICE.reactions,
            wiring,
            callers=callers,
            dead_letters=self._deps.dead_letters,
            clock=self.clock,
            schedule=ScheduleEdge(callers, {}),
        )
        token = self._issuer.mint("push", email="push@shop.test", audience="shop")
        headers = {
            "ce-id": message_id,
            "ce-type": f"commerce.orders.{event.TYPE}",
            "ce-time": self.clock().isoformat(),
        }
        reply = await ApiSpec(edge, token).send("POST", "/", body=event.model_dump_json().encode(), headers=headers)
        return reply.headers["outcome"]

    def caller(self, subject: str, *roles: str) -> ApiSpec:
        return ApiSpec(self._commands, self._token(subject, *roles))

    def reader(self, subject: str, *roles: str) -> ApiSpec:
        return ApiSpec(self._queries, self._token(subject, *roles))

    async def log(self, stream: str) -> list[Commit]:
        return [commit async for commit in self.events.read(stream)]

    async def project(self, *streams: str) -> None:
        """Let the read models catch up with these streams."""
        projections = {projection.category: projection for projection in SERVICE.projections}
        for stream in streams:
            projector = Projector(
                projections[category_of(stream)], self.events, self.rows, MemoryDeadLetters(), self.clock
            )
            await projector.heal(stream, len(await self.log(stream)))

    def _new_id(self) -> str:
        return f"id{next(self._ids)}"

    def _token(self, subject: str, *roles: str) -> str:
        return self._issuer.mint(subject, roles=roles, audience="shop", ttl=86_400)


@pytest.fixture
def promotions(tmp_path: Path) -> Promotions:
    return Promotions(tmp_path / "jwks.json")


@pytest.fixture
def operator(promotions: Promotions) -> ApiSpec:
    return promotions.caller("op", "operator")


@pytest.fixture
def service(promotions: Promotions) -> ApiSpec:
    return promotions.caller("checkout", "service")
