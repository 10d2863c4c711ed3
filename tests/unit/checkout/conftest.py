"""The checkout on in-process adapters, behind its real edges, with real tokens."""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from emulators.edge.issuer import Issuer
from functions.checkout.command_api import CHECKOUT_COMMANDS
from functions.checkout.decider import ATTEMPTS_DECIDER
from functions.checkout.integration import keep_private, to_integration
from functions.checkout.manifest import MANIFEST
from functions.checkout.projections import CHECKOUTS_PROJECTION
from functions.checkout.query_api import CHECKOUT_QUERIES, PREVIEW_QUERY
from functions.checkout.workflow import CHECKOUT, CHECKOUT_WORKFLOW
from shared.adapters.memory.event_store import MemoryEventStore
from shared.bootstrap import Aggregate, Wiring
from shared.eventsourcing.event_store import OperationCounts
from shared.eventsourcing.message import Commit
from shared.eventsourcing.projector import Projector
from shared.eventsourcing.workflow.calls import Request, Response
from shared.eventsourcing.workflow.runner import Runner
from shared.http.auth import KeySet, TokenVerifier
from shared.http.command_edge import CommandEdge
from shared.http.edge import guarded
from shared.http.query_edge import QueryEdge
from shared.testing.api_spec import ApiSpec
from shared.testing.doubles import FixedClock, RecordingPublisher
from shared.testing.memory_platform import memory_dependencies, query_wiring
from tests.unit.checkout.shop import Shop


class NoTimers:
    async def schedule(self, *_: Any) -> None:
        """Nobody waits."""


class Counter:
    """The service as its callers see it, with the shop behind it."""

    def __init__(self, folder: Path) -> None:
        self.clock, self.shop, self.topics = FixedClock(), Shop(), RecordingPublisher()
        self.events = MemoryEventStore(self.clock, OperationCounts())
        self.deps = memory_dependencies(self.clock, events=self.events, publisher=self.topics)
        self.lines: list[dict[str, object]] = []
        self._issuer = Issuer("https://issuer.test", clock=self.clock)
        (folder / "jwks.json").write_text(json.dumps(self._issuer.jwks()))
        keys = KeySet((folder / "jwks.json").as_uri(), self.clock)
        verifier = TokenVerifier("https://issuer.test", "shop", keys, self.clock)
        ids = itertools.count(1)
        self.wiring = Wiring(
            MANIFEST,
            (Aggregate(CHECKOUT, to_integration), Aggregate(ATTEMPTS_DECIDER, keep_private)),
            deps=self.deps,
            clock=self.clock,
            new_id=lambda: f"id{next(ids)}",
            services=self,
        )
        edge = CommandEdge((CHECKOUT_COMMANDS,), self.wiring, verifier, self.clock, self.wiring.new_id)
        queries = QueryEdge(
            (CHECKOUT_QUERIES, PREVIEW_QUERY), query_wiring(self.deps, self.clock, wiring=self.wiring), verifier
        )
        self._commands = guarded("checkout-commands", edge, self._log)
        self._queries = guarded("checkout-queries", queries, self._log)
        self.runner = Runner(
            workflow=CHECKOUT_WORKFLOW,
            handler=self.wiring.handler("checkout"),
            caller=self,
            timers=NoTimers(),
            clock=self.clock,
            new_id=self.wiring.new_id,
        )

    async def call(self, request: Request) -> Response:
        return await self.shop.answer(request)

    def caller(self, subject: str, *roles: str) -> ApiSpec:
        return ApiSpec(self._commands, self._token(subject, *roles))

    def reader(self, subject: str, *roles: str) -> ApiSpec:
        return ApiSpec(self._queries, self._token(subject, *roles))

    async def run(self, checkout_id: str) -> None:
        """Let the checkout go as far as it goes, and the read model with it."""
        await self.runner.advance(f"checkout-{checkout_id}")
        await self.project(checkout_id)

    async def project(self, checkout_id: str) -> None:
        projector = Projector(CHECKOUTS_PROJECTION, self.events, self.deps.rows, self.deps.dead_letters, self.clock)
        await projector.heal(f"checkout-{checkout_id}", (await self.log(checkout_id))[-1].version)

    async def log(self, checkout_id: str) -> list[Commit]:
        return [commit async for commit in self.events.read(f"checkout-{checkout_id}")]

    def _token(self, subject: str, *roles: str) -> str:
        return self._issuer.mint(subject, roles=roles, audience="shop", ttl=86_400)

    def _log(self, severity: str, message: str, **fields: object) -> None:
        self.lines.append({"severity": severity, "message": message, **fields})


@pytest.fixture
def counter(tmp_path: Path) -> Counter:
    return Counter(tmp_path)


@pytest.fixture
def customer(counter: Counter) -> ApiSpec:
    return counter.caller("900", "customer")


@pytest.fixture
def operator(counter: Counter) -> ApiSpec:
    return counter.caller("7", "operator")
