"""The customers service on in-process adapters, behind its real edges, with real tokens."""

import itertools
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from emulators.edge.issuer import Issuer
from functions.customers.command_api import CUSTOMER_COMMANDS
from functions.customers.decider import CUSTOMERS
from functions.customers.integration import to_integration
from functions.customers.manifest import MANIFEST
from functions.customers.query_api import CUSTOMER_LIST, CUSTOMER_QUERIES, ERASURE_QUERY
from functions.customers.reactor import walk_of
from shared.adapters.crypto import AesGcm
from shared.adapters.keys.key_file import KeyFile
from shared.adapters.memory.checkpoints import MemoryCheckpoints
from shared.adapters.memory.dead_letters import MemoryDeadLetters
from shared.adapters.memory.event_store import MemoryEventStore
from shared.adapters.memory.read_store import MemoryReadStore
from shared.adapters.memory.vault import MemoryVault
from shared.bootstrap import Aggregate, Dependencies, Wiring
from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.event_store import OperationCounts
from shared.eventsourcing.personal import PersonalData
from shared.eventsourcing.workflow.calls import Request, Response
from shared.http.auth import KeySet, TokenVerifier
from shared.http.command_edge import CommandEdge
from shared.http.edge import guarded
from shared.http.query_edge import QueryEdge
from shared.testing.api_spec import ApiSpec
from shared.testing.doubles import FixedClock, RecordingPublisher
from shared.testing.memory_platform import query_wiring

PAUSE = timedelta(hours=1)


@dataclass
class Others:
    """`Caller`: what orders, returns and checkout list of a customer, two a page."""

    lists: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    down: bool = False
    asked: list[str] = field(default_factory=list)

    async def call(self, request: Request) -> Response:
        if self.down:
            raise UnavailableError("nobody answers")
        self.asked.append(request.path)
        query = {name: values[0] for name, values in parse_qs(urlsplit(request.path).query).items()}
        start = int(query.get("cursor", 0))
        found = [each for each in self.lists[request.service] if each["customer_id"] == query["customer_id"]]
        end = start + 2
        return Response(200, {"items": found[start:end], "next": str(end) if end < len(found) else None})


class Registry:
    """The service as its callers see it."""

    def __init__(self, folder: Path) -> None:
        self.clock = FixedClock()
        self.counts = OperationCounts()
        self.events = MemoryEventStore(self.clock, self.counts)
        self.topics = RecordingPublisher()
        self.vault = MemoryVault(self.counts)
        self.others = Others()
        self.personal = PersonalData(self.vault, KeyFile(folder / "key"), AesGcm(), self.clock)
        self.deps = Dependencies(
            events=self.events,
            outbox=self.events,
            states=self.events,
            rows=MemoryReadStore(self.counts),
            dead_letters=MemoryDeadLetters(),
            checkpoints=MemoryCheckpoints(),
            publisher=self.topics,
            subscriber=NotImplemented,
            personal=self.personal,
        )
        self.lines: list[dict[str, object]] = []
        self.issuer = Issuer("https://issuer.test", clock=self.clock)
        (folder / "jwks.json").write_text(json.dumps(self.issuer.jwks()))
        self._jwks = KeySet((folder / "jwks.json").as_uri(), self.clock)
        self._ids = itertools.count(1)
        self.wiring = self.new_wiring()
        self.commands = guarded("customers-commands", self._command_edge(), self._log)
        self.queries = guarded("customers-queries", self._query_edge(), self._log)

    def new_wiring(self) -> Wiring:
        """That of another instance, with a memory of its own."""
        aggregates = (Aggregate(CUSTOMERS, to_integration),)
        return Wiring(
            MANIFEST,
            aggregates,
            deps=self.deps,
            clock=self.clock,
            new_id=lambda: f"id{next(self._ids)}",
            services=self.others,
        )

    def caller(self, subject: str, *roles: str) -> ApiSpec:
        return ApiSpec(self.commands, self._token(subject, *roles))

    def reader(self, subject: str, *roles: str) -> ApiSpec:
        return ApiSpec(self.queries, self._token(subject, *roles))

    async def walk(self) -> int:
        """The job that carries erasures out, after a pause; returns for how many it did."""
        self.clock.advance(seconds=(PAUSE + timedelta(seconds=1)).total_seconds())
        return (await walk_of(self.new_wiring(), PAUSE).run()).changed

    async def erased(self, subject: str) -> bool:
        """Ask for it as the customer, and let the pause pass."""
        await self.caller(subject, "customer").post(f"/customers/v1/customers/{subject}/erase", f"erase-{subject}")
        return bool(await self.walk())

    def everything_kept(self) -> bytes:
        """All that the stores, the topics, the log and the instance's own memory hold, as bytes."""
        kept = [getattr(self.deps, each.name) for each in fields(self.deps)]
        return b"\n".join(_leaves([*kept, self.vault, self.lines, self.wiring], {}))

    def _token(self, subject: str, *roles: str) -> str:
        return self.issuer.mint(subject, roles=roles, audience="shop", ttl=86_400)

    def _command_edge(self) -> CommandEdge:
        verifier = TokenVerifier("https://issuer.test", "shop", self._jwks, self.clock)
        return CommandEdge((CUSTOMER_COMMANDS,), self.wiring, verifier, self.clock, self.wiring.new_id)

    def _query_edge(self) -> QueryEdge:
        verifier = TokenVerifier("https://issuer.test", "shop", self._jwks, self.clock)
        wiring = query_wiring(self.deps, self.clock)
        return QueryEdge((CUSTOMER_QUERIES, CUSTOMER_LIST, ERASURE_QUERY), wiring, verifier)

    def _log(self, severity: str, message: str, **more: object) -> None:
        self.lines.append({"severity": severity, "message": message, **more})


def _leaves(thing: Any, seen: dict[int, Any]) -> Iterator[bytes]:
    """Every text and every byte string that can be reached from here; `seen` keeps alive what its keys name."""
    if id(thing) in seen or thing is NotImplemented or isinstance(thing, type):
        return
    seen[id(thing)] = thing
    if isinstance(thing, bytes):
        yield thing
    elif isinstance(thing, str):
        yield thing.encode()
    elif isinstance(thing, dict):
        yield from _leaves([*thing.keys(), *thing.values()], seen)
    elif isinstance(thing, list | tuple | set | frozenset):
        for each in thing:
            yield from _leaves(each, seen)
    elif type(thing).__module__.split(".")[0] in {"shared", "functions"}:
        slots = [name for cls in type(thing).__mro__ for name in getattr(cls, "__slots__", ())]
        yield from _leaves([*getattr(thing, "__dict__", {}).values(), *(getattr(thing, s, None) for s in slots)], seen)


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path)


@pytest.fixture
def customer(registry: Registry) -> ApiSpec:
    return registry.caller("900", "customer")


@pytest.fixture
def operator(registry: Registry) -> ApiSpec:
    return registry.caller("ann", "operator")
