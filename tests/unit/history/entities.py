"""Streams in a log of the test's own, behind the edges of the services whose they are."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from emulators import contracts
from shared.adapters.memory.event_store import MemoryEventStore
from shared.eventsourcing.event_store import Appended, NewCommit
from shared.eventsourcing.message import Commit, entity_of
from shared.http.edge import guarded
from shared.http.query_api import QueryApi
from shared.http.query_edge import QueryEdge
from shared.testing.api_spec import ApiSpec, Reply
from shared.testing.doubles import FixedClock
from shared.testing.memory_platform import memory_dependencies, query_wiring
from tests.unit.http.store_front import BelievesAnything

Queries = QueryApi[Any, Any]
SERVICES = contracts.services()
QUERIES = {api.prefix + api.entity: api for each in SERVICES for api in each.query_apis if isinstance(api, QueryApi)}
"""Of every read model of every service, by path."""


@dataclass(frozen=True)
class Entity:
    """One stream, each of its commits with the time at which it was recorded, and who asks for it."""

    api: Queries
    commits: list[Commit]
    reader: ApiSpec

    async def get(self, query: str) -> Reply:
        path = self.api.entity.replace(f"{{{self.api.id_parameter}}}", quote(entity_of(self.commits[0].stream)))
        return await self.reader.get(f"{self.api.prefix}{path}?{query}")

    async def at(self, moment: datetime) -> Reply:
        return await self.get(f"as_of={quote(moment.isoformat())}")

    def expected(self, version: int) -> tuple[int, bytes]:
        """Status and body of this version: the fold of as many commits."""
        document = folded(self.api.projection, self.commits[:version])
        return (200, document.model_dump_json().encode()) if document is not None else (404, b"")

    def expected_at(self, moment: datetime) -> tuple[int, bytes]:
        return self.expected(sum(commit.recorded_at <= moment for commit in self.commits))


def folded(projection: Any, commits: Iterable[Commit]) -> Any:
    """The document after these commits."""
    document = None
    for commit in commits:
        document = projection.apply(document, commit)
    return document


def shown(reply: Reply) -> tuple[int, bytes]:
    """Status and body; why there is nothing does not matter."""
    return reply.status, reply.body if reply.status == 200 else b""


async def entity_in(log: MemoryEventStore, stream: str, api: Queries) -> Entity:
    clock = FixedClock()
    edge = QueryEdge((api,), query_wiring(memory_dependencies(clock, events=log), clock), BelievesAnything())
    commits = [commit async for commit in log.read(stream)]
    return Entity(api, commits, ApiSpec(guarded("queries", edge, lambda *_, **__: None), "operator"))


async def append(log: MemoryEventStore, stream: str, body: bytes) -> None:
    """One more commit, which belongs at the stream's end."""
    position = (await log.load(stream)).position
    new = NewCommit(position=position, body=body, owed=[])
    assert isinstance(await log.append([new]), Appended)
