"""The public endpoints of all services, behind their real edges, on one platform in memory."""

import itertools
from importlib import import_module
from typing import NamedTuple
from urllib.parse import urlsplit

import functions
from shared.bootstrap import EventSourcedService, Wiring
from shared.eventsourcing.message import Commit
from shared.http.auth import Principal, Role, TokenVerifier
from shared.http.command_edge import CommandEdge
from shared.http.edge import Handler, guarded
from shared.http.openapi import openapi
from shared.http.query_edge import QueryEdge
from shared.testing.api_spec import ApiSpec, Headers, Reply
from shared.testing.doubles import FixedClock, RecordingPublisher
from shared.testing.memory_platform import memory_dependencies, query_wiring
from shared.topology import discover


def _all() -> dict[str, EventSourcedService]:
    services = {each.name: import_module(f"functions.{each.name}.main").SERVICE for each in discover(functions)}
    return {name: service for name, service in services.items() if isinstance(service, EventSourcedService)}


SERVICES = _all()


def is_query(method: str, path: str) -> bool:
    """Whether the queries function answers; a path of a POST query is no template."""
    _, name, _, *_rest = path.split("/")
    places = [(each.method, f"/{name}/v1{each.path}") for each in SERVICES[name].query_places]
    return method == "GET" or (method, path) in places


class PublicEndpoint(NamedTuple):
    """`path` is a template."""

    service: str
    method: str
    path: str

    @property
    def is_query(self) -> bool:
        """A GET, or a POST that has a body and stores nothing."""
        return is_query(self.method, self.path)

    @property
    def url(self) -> str:
        """With an id in every place: a number, which is an id everywhere."""
        return "/".join("7" if part.startswith("{") else part for part in self.path.split("/"))

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def _endpoints() -> list[PublicEndpoint]:
    found = []
    for name, service in SERVICES.items():
        for path, methods in openapi("", service.command_apis, service.query_apis)["paths"].items():
            found += [PublicEndpoint(name, method.upper(), path) for method in methods]
    return found


ENDPOINTS = _endpoints()
COMMANDS = [each for each in ENDPOINTS if not each.is_query]
QUERIES = [each for each in ENDPOINTS if each.is_query]


class EveryRole(TokenVerifier):
    """Whoever calls may do everything."""

    def __init__(self) -> None:
        """Nothing to check with."""

    async def principal(self, authorization: str | None) -> Principal:
        return Principal("7", frozenset(Role))


class EveryService:
    """All of them, without the effects that need the outside."""

    def __init__(self) -> None:
        self.clock, self._ids = FixedClock(), itertools.count(1)
        self.deps = memory_dependencies(self.clock, publisher=RecordingPublisher())
        self.log = self.deps.events
        self._edges: dict[tuple[str, bool], Handler] = {}

    async def ask(
        self, method: str, url: str, *, json: object = None, body: bytes | None = None, headers: Headers | None = None
    ) -> Reply:
        """A command has a key of its own where none is stated."""
        queries = is_query(method, urlsplit(url).path)
        key = {} if queries else {"Idempotency-Key": f"key{next(self._ids)}"}
        spec = ApiSpec(self._edge(url.split("/")[1], queries=queries), "anybody")
        return await spec.send(method, url, json=json, body=body, headers={**key, **(headers or {})})

    async def commits(self) -> list[Commit]:
        """Of all services."""
        categories = [category for service in SERVICES.values() for category in service.manifest.categories]
        later = self.clock.now.replace(year=self.clock.now.year + 1)
        return [fed.commit for category in categories async for fed in self.log.feed(category, until=later)]

    def _edge(self, name: str, *, queries: bool) -> Handler:
        if (name, queries) not in self._edges:
            service = SERVICES[name]
            wiring = Wiring(
                service.manifest, service.aggregates, None, self.deps, self.clock, lambda: f"id{next(self._ids)}"
            )
            edge = (
                QueryEdge(service.query_apis, query_wiring(self.deps, self.clock), EveryRole())
                if queries
                else CommandEdge(service.command_apis, wiring, EveryRole(), self.clock, wiring.new_id)
            )
            self._edges[name, queries] = guarded(name, edge, lambda *_, **__: None)
        return self._edges[name, queries]
