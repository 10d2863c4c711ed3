"""Services made of their parts: each function is made when its first request comes."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from functions_framework import aio
from starlette.convertors import PathConvertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import Response

from shared.adapters.system import new_id, utc_now
from shared.bootstrap.runtime import dependencies, environment, users
from shared.bootstrap.wiring import Aggregate, Wiring
from shared.eventsourcing.errors import TopologyError
from shared.eventsourcing.workflow.calls import Caller, NoServices
from shared.http.edge import Handler, guarded
from shared.http.requests import path_of
from shared.http.routing import Place
from shared.observability.logs import json_log
from shared.topology import Service

if TYPE_CHECKING:
    from shared.eventsourcing.feed_walk import FeedWalk, Visit
    from shared.eventsourcing.generations import Aliases
    from shared.eventsourcing.projection import Projection
    from shared.eventsourcing.projector import Projector
    from shared.eventsourcing.projectors import Projectors
    from shared.eventsourcing.reaction import Reaction
    from shared.http.command_api import CommandApi
    from shared.http.command_edge import Effect
    from shared.http.platform_api import Job
    from shared.http.query_api import AnyQueries
    from shared.http.routing import Routable

Edge = Callable[[Request], Awaitable[Response]]


class _AnyPath(PathConvertor):
    """Starlette's own stops at a line break, and the Functions Framework would answer such a path in plain text."""

    regex = "(?s:.*)"


register_url_convertor("path", _AnyPath())


@dataclass(frozen=True, slots=True)
class IdleJob:
    """What the reactor does about streams of a category that nobody wrote to for `idle_for`. `react(wiring)` is called
    once; it returns the visit of the walk, which must be safe to repeat.
    """

    category: str
    idle_for: timedelta
    react: "Callable[[Wiring], Visit]"


class FunctionsOfService:
    """Functions by name, each made by the method of that name with a leading underscore, by its first request: that
    request's line says how long it took, that included.
    """

    manifest: Service

    def function(self, name: str) -> Handler:
        """The deployed function; TopologyError if a service of this kind has none of that name."""
        made: dict[str, Handler] = self.__dict__.setdefault("_made", {})
        if name not in made:
            self._maker(name)

            async def serve(request: Request) -> Response:
                return await self.edge(name)(request)

            made[name] = guarded(f"{self.manifest.name}-{name}", serve, json_log(environment().project))
        return made[name]

    def edge(self, name: str) -> Edge:
        """What the function does, without what surrounds every function; TopologyError as above."""
        edges: dict[str, Edge] = self.__dict__.setdefault("_edges", {})
        if name not in edges:
            edges[name] = self._maker(name)()
        return edges[name]

    def _maker(self, name: str) -> Callable[[], Edge]:
        make: Callable[[], Edge] | None = getattr(self, f"_{name}", None)
        if make is None:
            raise TopologyError(f"{self.manifest.name} has no function {name}")
        return make

    def entry_points(self, *names: str) -> tuple[Handler, ...]:
        """One for each name, registered with the Functions Framework."""
        return tuple(self._entry_point(name) for name in names)

    def _entry_point(self, name: str) -> Handler:
        async def entry_point(request: Request) -> Response:
            return await self.function(name)(request)

        entry_point.__name__ = entry_point.__qualname__ = name
        aio.http(entry_point)
        return entry_point


@dataclass(frozen=True, kw_only=True)
class EventSourcedService(FunctionsOfService):
    """A service with a write side and a read side, from its parts.

    `idle_jobs` and `jobs` are the reactor's, by path. `webhooks` are paths below the service's prefix that outsiders
    call with a proof of their own. `effect(wiring)` makes what follows commands that settle something outside.
    `services` makes the way to the other services, for those that ask them.
    """

    manifest: Service
    aggregates: tuple[Aggregate[Any, Any, Any], ...]
    command_apis: "tuple[CommandApi[Any], ...]"
    query_apis: "tuple[AnyQueries, ...]"
    projections: "tuple[Projection[Any, Any], ...]" = ()
    reactions: "tuple[Reaction, ...]" = ()
    idle_jobs: Mapping[str, IdleJob] = field(default_factory=dict)
    jobs: "Mapping[str, Callable[[Wiring], Job]]" = field(default_factory=dict)
    webhooks: Mapping[str, Callable[[Wiring], Edge]] = field(default_factory=dict)
    effect: "Callable[[Wiring], Effect] | None" = None
    services: Callable[[], Caller] = NoServices

    @cached_property
    def wiring(self) -> Wiring:
        return Wiring(self.manifest, self.aggregates, self.effect, services=self.services())

    def _commands(self) -> Edge:
        from shared.http.command_edge import CommandEdge  # noqa: PLC0415 - a function imports what it needs

        elsewhere = (*self.query_places, *self.webhook_places)
        edge = CommandEdge(self.command_apis, self.wiring, users(), utc_now, new_id, elsewhere=elsewhere)
        if not self.webhooks:
            return edge
        prefix = self.command_apis[0].prefix
        hooks = {("POST", prefix + path): make(self.wiring) for path, make in self.webhooks.items()}

        async def serve(request: Request) -> Response:
            return await hooks.get((request.method, path_of(request)), edge)(request)

        return serve

    @property
    def command_places(self) -> "tuple[Routable, ...]":
        """What its commands answer."""
        return (*(endpoint for api in self.command_apis for endpoint in api.endpoints), *self.webhook_places)

    @property
    def webhook_places(self) -> tuple[Place, ...]:
        return tuple(Place("POST", path) for path in self.webhooks)

    @property
    def query_places(self) -> tuple[Place, ...]:
        """What its queries answer."""
        return tuple(Place(api.method, path) for api in self.query_apis for path in api.paths)

    def _queries(self) -> Edge:
        from shared.bootstrap.reading import queries  # noqa: PLC0415 - as above

        return queries(self)

    def _projector(self) -> Edge:
        from shared.bootstrap.reading import projector  # noqa: PLC0415 - as above

        return projector(self)

    @cached_property
    def projectors(self) -> "list[Projectors[Any, Any]]":
        """One for each read model, in all its generations."""
        from shared.eventsourcing.projectors import Projectors  # noqa: PLC0415 - as above

        return [Projectors(projection, self.aliases, self.projector) for projection in self.projections]

    def projector(self, projection: "Projection[Any, Any]") -> "Projector[Any, Any]":
        """Of one generation."""
        from shared.eventsourcing.projector import Projector  # noqa: PLC0415 - as above

        deps = dependencies()
        return Projector(projection, deps.events, deps.rows, deps.dead_letters, utc_now)

    @cached_property
    def aliases(self) -> "Aliases":
        from shared.eventsourcing.generations import Aliases  # noqa: PLC0415 - as above

        return Aliases(dependencies().rows, utc_now, remembered=timedelta(seconds=environment().alias_age))

    def _relay(self) -> Edge:
        from shared.bootstrap.background import relay  # noqa: PLC0415 - as above

        return relay(self)

    def _reactor(self) -> Edge:
        from shared.bootstrap.background import reactor  # noqa: PLC0415 - as above

        return reactor(self)

    def walk(self, name: str, category: str, behind: timedelta, visit: "Visit") -> "FeedWalk":
        """Over the commits of a category that are older than `behind`, from where the last one of that name ended."""
        from shared.eventsourcing.feed_walk import FeedWalk  # noqa: PLC0415 - as above

        deps = dependencies()
        return FeedWalk(
            name=name,
            category=category,
            behind=behind,
            visit=visit,
            log=deps.events,
            checkpoints=deps.checkpoints,
        )
