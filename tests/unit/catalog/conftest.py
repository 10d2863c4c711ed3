"""The catalog on in-process adapters, behind its real edges, with real tokens."""

import itertools
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from emulators.edge.issuer import Issuer
from functions.catalog.adapters.sqlite import SqliteSearchIndex
from functions.catalog.command_api import IMPORT_COMMANDS, PRODUCT_COMMANDS
from functions.catalog.decider import IMPORTS, PRODUCTS
from functions.catalog.integration import import_to_integration, product_to_integration
from functions.catalog.manifest import MANIFEST
from functions.catalog.projections import IMPORTS_PROJECTION
from functions.catalog.query_api import AVAILABILITY_QUERY, IMPORT_QUERIES, PRODUCT_QUERIES, product_search
from functions.catalog.search_base import SearchBase
from functions.catalog.search_feed import SearchFeed
from shared.adapters.memory.dead_letters import MemoryDeadLetters
from shared.adapters.memory.event_store import MemoryEventStore
from shared.adapters.memory.read_store import MemoryReadStore
from shared.bootstrap import Aggregate, Wiring
from shared.eventsourcing.event_store import OperationCounts
from shared.eventsourcing.projector import Projector
from shared.http.auth import KeySet, TokenVerifier
from shared.http.command_edge import CommandEdge
from shared.http.edge import Handler, guarded
from shared.http.query_edge import QueryEdge
from shared.testing.api_spec import ApiSpec
from shared.testing.doubles import FixedClock, RecordingPublisher
from shared.testing.memory_platform import memory_dependencies, query_wiring

LAG = timedelta(seconds=10)


class Store:
    """The catalog as its callers see it. `states` counts what its queries read."""

    def __init__(self, folder: Path) -> None:
        self.clock = FixedClock()
        self.counts = OperationCounts()
        self.events = MemoryEventStore(self.clock, self.counts)
        self.rows = MemoryReadStore(OperationCounts())
        self.topics = RecordingPublisher()
        self.issuer = Issuer("https://issuer.test", clock=self.clock)
        (folder / "jwks.json").write_text(json.dumps(self.issuer.jwks()))
        keys = KeySet((folder / "jwks.json").as_uri(), self.clock)
        self._verifier = TokenVerifier("https://issuer.test", "shop", keys, self.clock)
        self._ids = itertools.count(1)
        self._deps = memory_dependencies(self.clock, events=self.events, rows=self.rows, publisher=self.topics)
        aggregates = (Aggregate(PRODUCTS, product_to_integration), Aggregate(IMPORTS, import_to_integration))
        self.wiring = Wiring(MANIFEST, aggregates, None, self._deps, self.clock, self._new_id)
        apis = (PRODUCT_COMMANDS, IMPORT_COMMANDS)
        edge = CommandEdge(apis, self.wiring, self._verifier, self.clock, self._new_id)
        self.commands = guarded("catalog-commands", edge, lambda *_, **__: None)
        self.queries = self.new_queries()

    def new_queries(self) -> Handler:
        """A query function with an index of its own, as another instance would have."""
        apis = (PRODUCT_QUERIES, product_search(SqliteSearchIndex), AVAILABILITY_QUERY, IMPORT_QUERIES)
        edge = QueryEdge(apis, query_wiring(self._deps, self.clock), self._verifier)
        return guarded("catalog-queries", edge, lambda *_, **__: None)

    def new_feed(self, clock: Callable[[], datetime] | None = None) -> SearchFeed:
        """Of an instance, whose clock may differ from the store's."""
        base = SearchBase(self.rows)
        return SearchFeed(index=SqliteSearchIndex(), base=base, states=self.events, clock=clock or self.clock, lag=LAG)

    def caller(self, *roles: str) -> ApiSpec:
        return ApiSpec(self.commands, self._token(*roles))

    def reader(self, *roles: str, function: Handler | None = None) -> ApiSpec:
        return ApiSpec(function or self.queries, self._token(*(roles or ("customer",))))

    async def listed(self, *skus: str, **description: str) -> None:
        """Products of the same description are in the catalog."""
        for sku in skus:
            body = {"department": "GROCERY", **description}
            reply = await self.caller("operator").send("PUT", f"/catalog/v1/products/{sku}", json=body)
            assert reply.status == 202, reply.body

    async def found(self, query: str, *, function: Handler | None = None) -> list[str]:
        """The skus of a page that a customer asks for."""
        reply = await self.reader(function=function).get(f"/catalog/v1/products?{query}")
        assert reply.status == 200, reply.body
        return [item["sku"] for item in reply.json["items"]]

    async def project(self, import_id: str) -> None:
        """Let the read model of an import catch up."""
        projector = Projector(IMPORTS_PROJECTION, self.events, self.rows, MemoryDeadLetters(), self.clock)
        stream = f"import-{import_id}"
        await projector.heal(stream, (await self.events.load(stream)).position.version)

    def _token(self, *roles: str) -> str:
        return self.issuer.mint("somebody", roles=roles, audience="shop", ttl=86_400)

    def _new_id(self) -> str:
        return f"id{next(self._ids)}"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


@pytest.fixture
def operator(store: Store) -> ApiSpec:
    return store.caller("operator")
