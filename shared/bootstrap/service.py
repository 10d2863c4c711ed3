"""Services made of their parts: each function is made when its first request comes."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from typing import Any

from functions_framework import aio
from starlette.requests import Request
from starlette.responses import Response

from shared.adapters.system import new_id, utc_now
from shared.bootstrap.drain import drain_of
from shared.bootstrap.runtime import callers, dependencies, environment, users
from shared.bootstrap.wiring import Aggregate, Wiring
from shared.eventsourcing.closed_streams import PACK_AFTER, PACK_PAGE, PACK_PATIENCE, pack_closed
from shared.eventsourcing.errors import TopologyError
from shared.eventsourcing.feed_walk import FeedWalk, Visit, all_of, heal
from shared.eventsourcing.generations import Aliases, LiveRows
from shared.eventsourcing.projection import Projection
from shared.eventsourcing.projector import Projector
from shared.eventsourcing.projectors import Projectors
from shared.eventsourcing.reaction import Reaction
from shared.eventsourcing.relay import Relay
from shared.http.command_api import CommandApi
from shared.http.command_edge import CommandEdge, Effect
from shared.http.edge import Handler, guarded
from shared.http.platform_api import Job, ProjectorEdge, ScheduleEdge
from shared.http.query_api import AnyQueries, QueryWiring
from shared.http.query_edge import QueryEdge
from shared.http.reaction_edge import ReactionEdge
from shared.http.requests import path_of
from shared.observability.logs import json_log
from shared.topology import Service, relay_subscription

Edge = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class IdleJob:
    """What the reactor does about streams of a category that nobody wrote to for `idle_for`. `react(wiring)` is called
    once; it returns the visit of the walk, which must be safe to repeat.
    """

    category: str
    idle_for: timedelta
    react: Callable[[Wiring], Visit]


class FunctionsOfService:
    """Functions by name, each made by the method of that name with a leading underscore."""

    manifest: Service

    def function(self, name: str) -> Handler:
        """The deployed function; TopologyError if a service of this kind has none of that name."""
        made: dict[str, Handler] = self.__dict__.setdefault("_made", {})
        if name not in made:
            made[name] = guarded(f"{self.manifest.name}-{name}", self.edge(name), json_log(environment().project))
        return made[name]

    def edge(self, name: str) -> Edge:
        """What the function does, without what surrounds every function; TopologyError as above."""
        edges: dict[str, Edge] = self.__dict__.setdefault("_edges", {})
        if name not in edges:
            make = getattr(self, f"_{name}", None)
            if make is None:
                raise TopologyError(f"{self.manifest.name} has no function {name}")
            edges[name] = make()
        return edges[name]

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
    call with a proof of their own. `effect(wiring)` makes what follows commands that settle something outside. Streams
    that are closed and that nobody wrote to for `pack_after` are packed.
    """

    manifest: Service
    aggregates: tuple[Aggregate[Any, Any, Any], ...]
    command_apis: tuple[CommandApi[Any], ...]
    query_apis: tuple[AnyQueries, ...]
    projections: tuple[Projection[Any, Any], ...] = ()
    reactions: tuple[Reaction, ...] = ()
    idle_jobs: Mapping[str, IdleJob] = field(default_factory=dict)
    jobs: Mapping[str, Callable[[Wiring], Job]] = field(default_factory=dict)
    webhooks: Mapping[str, Callable[[Wiring], Edge]] = field(default_factory=dict)
    effect: Callable[[Wiring], Effect] | None = None
    pack_after: timedelta = PACK_AFTER

    @cached_property
    def wiring(self) -> Wiring:
        return Wiring(self.manifest, self.aggregates, self.effect)

    def _commands(self) -> Edge:
        edge = CommandEdge(self.command_apis, self.wiring, users(), utc_now, new_id)
        if not self.webhooks:
            return edge
        prefix = self.command_apis[0].prefix
        hooks = {("POST", prefix + path): make(self.wiring) for path, make in self.webhooks.items()}

        async def serve(request: Request) -> Response:
            return await hooks.get((request.method, path_of(request)), edge)(request)

        return serve

    def _queries(self) -> Edge:
        deps = dependencies()
        wiring = QueryWiring(
            rows=LiveRows(deps.rows, self.aliases, {each.collection for each in self.projections}),
            log=deps.events,
            states=deps.states,
            personal=deps.personal,
            clock=utc_now,
            settings=environment(),
        )
        return QueryEdge(self.query_apis, wiring, users())

    def _projector(self) -> Edge:
        deps = dependencies()
        projectors = self.projectors
        lag = timedelta(seconds=environment().feed_lag)
        sweeps = [
            self._walk(f"sweep/{each.projection.collection}", each.projection.category, lag, heal(each))
            for each in projectors
        ]
        schedule = ScheduleEdge(callers(), {"/sweep": all_of(sweeps)})
        return ProjectorEdge(
            self.manifest.name,
            projectors,
            callers=callers(),
            dead_letters=deps.dead_letters,
            clock=utc_now,
            schedule=schedule,
        )

    @cached_property
    def projectors(self) -> list[Projectors[Any, Any]]:
        """One for each read model, in all its generations."""
        return [Projectors(projection, self.aliases, self.projector) for projection in self.projections]

    def projector(self, projection: Projection[Any, Any]) -> Projector[Any, Any]:
        """Of one generation."""
        deps = dependencies()
        return Projector(projection, deps.events, deps.rows, deps.dead_letters, utc_now)

    @cached_property
    def aliases(self) -> Aliases:
        return Aliases(dependencies().rows, utc_now, remembered=timedelta(seconds=environment().alias_age))

    def _relay(self) -> Edge:
        deps, manifest = dependencies(), self.manifest
        relay = Relay(
            self.wiring.publications,
            (relay_subscription(manifest.domain_topic), relay_subscription(manifest.integration_topic)),
            log=deps.events,
            outbox=deps.outbox,
            subscriber=deps.subscriber,
            publisher=deps.publisher,
            checkpoints=deps.checkpoints,
            clock=utc_now,
            patience=timedelta(seconds=environment().outbox_patience),
        )
        return ScheduleEdge(callers(), {"/": relay.run, "/drain": drain_of(manifest).run, "/pack": self._packing()})

    def _packing(self) -> Job:
        """Over the categories whose streams end."""
        deps = dependencies()
        walks = [
            self._walk("pack", each.category, self.pack_after, pack_closed(each.decider, deps.events, deps.packing))
            for each in self.aggregates
            if each.decider.closes
        ]
        return all_of([replace(walk, page=PACK_PAGE) for walk in walks], within=PACK_PATIENCE)

    def _reactor(self) -> Edge:
        jobs: dict[str, Job] = {path: make(self.wiring) for path, make in self.jobs.items()}
        jobs |= {
            path: self._walk(path.strip("/"), job.category, job.idle_for, job.react(self.wiring)).run
            for path, job in self.idle_jobs.items()
        }
        schedule = ScheduleEdge(callers(), jobs)
        dead_letters = dependencies().dead_letters
        return ReactionEdge(
            self.manifest.name,
            self.reactions,
            self.wiring,
            callers=callers(),
            dead_letters=dead_letters,
            clock=utc_now,
            schedule=schedule,
        )

    def _walk(self, name: str, category: str, behind: timedelta, visit: Visit) -> FeedWalk:
        deps = dependencies()
        return FeedWalk(
            name=name,
            category=category,
            behind=behind,
            visit=visit,
            log=deps.events,
            checkpoints=deps.checkpoints,
            clock=utc_now,
        )
