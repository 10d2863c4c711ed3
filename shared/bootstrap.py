"""Where ports meet adapters: the dependencies of a runtime, and an event-sourced service made of its parts.

Everything is made on first use, inside the running event loop: an instance imports only the clients that its function
needs, and a cold start pays for nothing else.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, cached_property
from typing import Any, Generic, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from shared.adapters.system import full_jitter_pause, new_id, utc_now
from shared.config import Runtime, Settings, settings
from shared.eventsourcing.checkpoint import Checkpoints
from shared.eventsourcing.command_handler import CommandHandler, Policy
from shared.eventsourcing.decider import Decider
from shared.eventsourcing.event_store import EventStore, OperationCounts, Outbox
from shared.eventsourcing.feed_walk import FeedWalk, Visit, all_of, heal
from shared.eventsourcing.message import Event, IntegrationEvent
from shared.eventsourcing.projection import Projection, ReadStore
from shared.eventsourcing.projector import DeadLetters, Projector
from shared.eventsourcing.publishing import Announcer, Publication, Publisher, Subscriber
from shared.eventsourcing.relay import Relay
from shared.http.auth import KeySet, PlatformCallers, TokenVerifier
from shared.http.command_api import CommandApi, CommandEdge
from shared.http.edge import Handler, guarded
from shared.http.platform_api import ProjectorEdge, ScheduleEdge
from shared.http.query_api import QueryApi
from shared.http.query_edge import QueryEdge
from shared.observability.logs import json_log
from shared.observability.timing import measure
from shared.topology import Service, relay_subscription

C = TypeVar("C", bound=Any)
E = TypeVar("E", bound=Event)
S = TypeVar("S")
Clock = Callable[[], datetime]
React = Callable[[CommandHandler[Any, Any, Any], Clock, Callable[[], str]], Visit]


@dataclass(frozen=True, kw_only=True)
class Dependencies:
    """One adapter for each port."""

    events: EventStore
    outbox: Outbox
    rows: ReadStore
    dead_letters: DeadLetters
    checkpoints: Checkpoints
    publisher: Publisher
    subscriber: Subscriber


_COUNTS = OperationCounts()


def operations() -> OperationCounts:
    """What this process asked of its backends so far."""
    return _COUNTS


@cache
def environment() -> Settings:
    return settings()


@cache
def dependencies() -> Dependencies:
    """The adapters of this process's runtime."""
    return embedded() if environment().runtime is Runtime.EMBEDDED else _google(environment())


@cache
def embedded() -> "EmbeddedPlatform":
    """The whole backend inside this process, shared by all functions in it."""
    return EmbeddedPlatform()


class EmbeddedPlatform(Dependencies):
    """The in-process adapters; `broker` is both publisher and subscriber."""

    def __init__(self) -> None:
        from shared.adapters.memory.broker import MemoryBroker  # noqa: PLC0415 - only this runtime needs it
        from shared.adapters.memory.checkpoints import MemoryCheckpoints  # noqa: PLC0415 - as above
        from shared.adapters.memory.dead_letters import MemoryDeadLetters  # noqa: PLC0415 - as above
        from shared.adapters.memory.event_store import MemoryEventStore  # noqa: PLC0415 - as above
        from shared.adapters.memory.read_store import MemoryReadStore  # noqa: PLC0415 - as above

        events, broker = MemoryEventStore(utc_now, _COUNTS), MemoryBroker(utc_now, _COUNTS)
        super().__init__(
            events=events,
            outbox=events,
            rows=MemoryReadStore(_COUNTS),
            dead_letters=MemoryDeadLetters(),
            checkpoints=MemoryCheckpoints(),
            publisher=broker,
            subscriber=broker,
        )

    @property
    def broker(self) -> Any:
        return self.publisher


def _google(env: Settings) -> Dependencies:
    from shared.adapters import firestore, pubsub  # noqa: PLC0415 - importing the clients costs a cold start

    channel = firestore.connect(env.project, env.firestore_emulator)
    topics = pubsub.connect(env.project, env.pubsub_emulator)
    events = firestore.FirestoreEventStore(channel, _COUNTS)
    return Dependencies(
        events=events,
        outbox=events,
        rows=firestore.FirestoreReadStore(channel, _COUNTS),
        dead_letters=firestore.FirestoreDeadLetters(channel, _COUNTS),
        checkpoints=firestore.FirestoreCheckpoints(channel, _COUNTS),
        publisher=pubsub.PubSubPublisher(topics, _COUNTS),
        subscriber=pubsub.PubSubSubscriber(topics, _COUNTS),
    )


@dataclass(frozen=True, kw_only=True)
class EventSourcedService(Generic[C, E, S]):
    """A level-3 service from its parts: each function is made when its first request comes.

    `idle_jobs` are the reactor's: path → (idle for how long, what to do with such streams).
    """

    manifest: Service
    decider: Decider[C, E, S]
    to_integration: Callable[[E], IntegrationEvent | None]
    commands_api: CommandApi[S]
    query_apis: tuple[QueryApi[E, Any], ...]
    projections: tuple[Projection[E, Any], ...]
    idle_jobs: Mapping[str, tuple[timedelta, React]] = field(default_factory=dict)

    async def commands(self, request: Request) -> Response:
        return await self._commands(request)

    async def queries(self, request: Request) -> Response:
        return await self._queries(request)

    async def projector(self, request: Request) -> Response:
        return await self._projector(request)

    async def relay(self, request: Request) -> Response:
        return await self._relay(request)

    async def reactor(self, request: Request) -> Response:
        return await self._reactor(request)

    @cached_property
    def _commands(self) -> Handler:
        edge = CommandEdge(self.commands_api, self.decider.category, self._handler, _users(), utc_now, new_id)
        return self._guarded("commands", edge)

    @cached_property
    def _queries(self) -> Handler:
        deps = dependencies()
        return self._guarded("queries", QueryEdge(self.query_apis, deps.rows, deps.events, _users()))

    @cached_property
    def _projector(self) -> Handler:
        deps = dependencies()
        projectors = [
            Projector(projection, deps.events, deps.rows, deps.dead_letters, utc_now) for projection in self.projections
        ]
        lag = timedelta(seconds=environment().feed_lag)
        sweeps = [self._walk(f"sweep/{p.projection.collection}", lag, heal(p)) for p in projectors]
        schedule = ScheduleEdge(_callers(), {"/sweep": all_of(sweeps)})
        edge = ProjectorEdge(_callers(), projectors, deps.dead_letters, utc_now, schedule)
        return self._guarded("projector", edge)

    @cached_property
    def _relay(self) -> Handler:
        deps, manifest = dependencies(), self.manifest
        relay = Relay(
            self._publication,
            (relay_subscription(manifest.domain_topic), relay_subscription(manifest.integration_topic)),
            log=deps.events,
            outbox=deps.outbox,
            subscriber=deps.subscriber,
            publisher=deps.publisher,
            checkpoints=deps.checkpoints,
            clock=utc_now,
            patience=timedelta(seconds=environment().outbox_patience),
        )
        return self._guarded("relay", ScheduleEdge(_callers(), {"/": relay.run}))

    @cached_property
    def _reactor(self) -> Handler:
        jobs = {
            path: self._walk(path.strip("/"), idle_for, react(self._handler, utc_now, new_id)).run
            for path, (idle_for, react) in self.idle_jobs.items()
        }
        return self._guarded("reactor", ScheduleEdge(_callers(), jobs))

    @cached_property
    def _handler(self) -> CommandHandler[C, E, S]:
        deps = dependencies()
        announcer = Announcer(self._publication, deps.publisher, self._unpublished)
        return CommandHandler(self.decider, deps.events, announcer, Policy(pause=full_jitter_pause, measure=measure))

    @cached_property
    def _publication(self) -> Publication[E]:
        return Publication(
            category=self.decider.category,
            domain_topic=self.manifest.domain_topic,
            integration_topic=self.manifest.integration_topic,
            codec=self.decider.codec,
            to_integration=self.to_integration,
        )

    def _unpublished(self, topic: str, error: Exception) -> None:
        log = json_log(environment().project)
        log("WARNING", f"not published to {topic}, the relay will", error=str(error), topic=topic)

    def _walk(self, name: str, behind: timedelta, visit: Visit) -> FeedWalk:
        deps = dependencies()
        return FeedWalk(
            name=name,
            category=self.decider.category,
            behind=behind,
            visit=visit,
            log=deps.events,
            checkpoints=deps.checkpoints,
            clock=utc_now,
        )

    def _guarded(self, function: str, edge: Callable[[Request], Awaitable[Response]]) -> Handler:
        return guarded(f"{self.manifest.name}-{function}", edge, json_log(environment().project))


@cache
def _users() -> TokenVerifier:
    env = environment()
    return TokenVerifier(env.user_issuer, env.user_audience, KeySet(env.user_jwks_url, utc_now), utc_now)


@cache
def _callers() -> PlatformCallers:
    env = environment()
    keys = KeySet(env.platform_jwks_url, utc_now)
    verifier = TokenVerifier(env.platform_issuer, env.platform_audience, keys, utc_now)
    return PlatformCallers(verifier, frozenset(env.platform_callers))
