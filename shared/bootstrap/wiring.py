"""The write side of a service, wired: its handlers, and what effects and jobs may use."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from shared.adapters.system import full_jitter_pause, new_id, utc_now
from shared.bootstrap.runtime import Dependencies, dependencies, environment
from shared.config import Settings
from shared.eventsourcing.command_handler import CommandHandler, Handled, Policy
from shared.eventsourcing.decider import Decider
from shared.eventsourcing.event_store import Answer
from shared.eventsourcing.held import Memory
from shared.eventsourcing.joint import JointHandler
from shared.eventsourcing.message import Context, Event, IntegrationEvent
from shared.eventsourcing.personal import PersonalData
from shared.eventsourcing.publishing import Announcer, Publication
from shared.eventsourcing.workflow.calls import Caller, NoServices
from shared.observability.facts import tally
from shared.observability.logs import json_log
from shared.observability.timing import measure
from shared.topology import Service

if TYPE_CHECKING:
    from shared.http.command_edge import Effect

C = TypeVar("C", bound=Any)
E = TypeVar("E", bound=Event)
S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Aggregate(Generic[C, E, S]):
    """One category of a service: its rules, and what others may know of its events."""

    decider: Decider[C, E, S]
    to_integration: Callable[[E], IntegrationEvent | None]

    @property
    def category(self) -> str:
        return self.decider.category

    def publication(self, manifest: Service) -> Publication[E]:
        return Publication(
            service=manifest.name,
            category=self.decider.category,
            domain_topic=manifest.domain_topic,
            integration_topic=manifest.integration_topic,
            codec=self.decider.codec,
            to_integration=self.to_integration,
        )


@dataclass(frozen=True)
class Wiring:
    """What a service's commands, effects, reactions and jobs have in common. Handlers keep states, so there is one."""

    manifest: Service
    aggregates: tuple[Aggregate[Any, Any, Any], ...]
    make_effect: "Callable[[Wiring], Effect] | None" = None
    deps: Dependencies = field(default_factory=dependencies)
    clock: Callable[[], datetime] = utc_now
    new_id: Callable[[], str] = new_id
    services: Caller = field(default_factory=NoServices)

    def handler(self, category: str) -> CommandHandler[Any, Any, Any]:
        return self._handlers[category]

    async def handle(self, category: str, entity_id: str, command: Any, context: Context) -> Handled:
        """Carry out a command that another one, or a job, has caused; `context` is the causing one."""
        own = replace(
            context, command=type(command).__name__, command_id=self.new_id(), causation_id=context.command_id
        )
        return await self.handler(category).handle(f"{category}-{entity_id}", command, own)

    async def state(self, category: str, entity_id: str) -> Any:
        """As the log has it now; the initial state of what does not exist."""
        return await self.joint.state(category, entity_id)

    async def answered(self, key: str) -> Answer | None:
        """The first answer to the request with this idempotency key."""
        return await self.deps.events.answered(key)

    def system_context(self, actor: str) -> Context:
        """Of what nobody asked for, now; `actor` says who acts, such as `platform:expiry`."""
        identity = self.new_id()
        return Context(
            command=actor, command_id=identity, correlation_id=identity, actor=actor, occurred_at=self.clock()
        )

    @property
    def settings(self) -> Settings:
        return environment()

    @property
    def personal(self) -> PersonalData:
        return self.deps.personal

    @cached_property
    def effect(self) -> "Effect | None":
        return self.make_effect(self) if self.make_effect else None

    @cached_property
    def publications(self) -> tuple[Publication[Any], ...]:
        return tuple(aggregate.publication(self.manifest) for aggregate in self.aggregates)

    @cached_property
    def joint(self) -> JointHandler:
        members = {each.category: (each.decider, self._announcer(each.category)) for each in self.aggregates}
        return JointHandler(members, self.deps.events, self._policy, self._memory)

    @cached_property
    def _handlers(self) -> Mapping[str, CommandHandler[Any, Any, Any]]:
        return {
            each.category: CommandHandler(
                each.decider, self.deps.events, self._announcer(each.category), self._policy, self._memory
            )
            for each in self.aggregates
        }

    def _announcer(self, category: str) -> Announcer[Any]:
        (publication,) = [each for each in self.publications if each.category == category]
        return Announcer(publication, self.deps.publisher, self._unpublished)

    @cached_property
    def _memory(self) -> Memory:
        return Memory(self._policy.cached_streams)

    @property
    def _policy(self) -> Policy:
        return Policy(pause=_after_conflict, measure=measure)

    def _unpublished(self, topic: str, error: Exception) -> None:
        log = json_log(environment().project)
        log("WARNING", f"not published to {topic}, the relay will", error=str(error), topic=topic)


async def _after_conflict(attempt: int) -> None:
    """A command pauses for one reason: somebody else wrote to its stream first."""
    tally("conflicts")
    await full_jitter_pause(attempt)
