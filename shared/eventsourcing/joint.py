"""Commands to several streams, of one category or of several: all are carried out in one commit, or none is."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.eventsourcing.attempts import Attempts, Decisions, Policy
from shared.eventsourcing.decider import Decider
from shared.eventsourcing.event_store import Answer, EventStore
from shared.eventsourcing.held import Held, Memory
from shared.eventsourcing.message import Context, Event, category_of, entity_of
from shared.eventsourcing.precondition import Precondition, on_condition
from shared.eventsourcing.publishing import Announcer
from shared.eventsourcing.streams import Decided, Streams


@dataclass(frozen=True, slots=True)
class Target:
    """One entity and what it is told to do."""

    category: str
    entity_id: str
    command: Any

    @property
    def stream(self) -> str:
        return f"{self.category}-{self.entity_id}"


Read = Callable[[str, str], Awaitable[Any]]
"""(category, entity id) → its state; the initial state if there is no such entity."""
Plan = Callable[[Read], Awaitable[Sequence[Target]]]
"""Finds out what has to be done. It may be asked more than once, so all that it does is read."""
Foresee = Callable[[Plan], Awaitable[Sequence[Event]]]
"""The events that a plan would come to now; DomainError as its refusal. Nothing is written."""
Versions = Mapping[tuple[str, str], int]
"""(category, entity id) → version."""


@dataclass(frozen=True, slots=True)
class JointHandled:
    """`versions` of all entities that were targets or were read. `answer` is the first answer if the request had a
    key; `replayed` if it was given before; `changed` if there is a new commit.
    """

    versions: Versions
    answer: Answer | None
    replayed: bool = False
    changed: bool = False


class JointHandler:
    """Commands to several streams at once.

    Each target is decided on its state as read; several targets of one stream one after the other, and they become one
    commit. The append checks the streams that are written: a warm instance reads nothing if the command writes all
    that it looks at. A stream that is only read is read from the store for this very command, but may change until the
    append: a rule that holds between two entities needs both of them written.
    """

    def __init__(
        self,
        aggregates: Mapping[str, tuple[Decider[Any, Any, Any], Announcer[Any]]],
        store: EventStore,
        policy: Policy,
        memory: Memory | None = None,
    ) -> None:
        self._scope = {name: Streams(*aggregate, store) for name, aggregate in aggregates.items()}
        self._attempts = Attempts(self._scope, store, policy, memory)

    async def handle(
        self,
        plan: Plan,
        context: Context,
        *,
        entity: tuple[str, str] | None = None,
        precondition: Precondition | None = None,
        answer: Callable[[Versions], Answer] | None = None,
    ) -> JointHandled:
        """Carry out what `plan` finds to do; after a lost race it is asked again.

        `precondition` is about `entity` (category, entity id); without one it is about what does not exist.

        `answer(versions)` is the response to store under the request's idempotency key; it may lack any entity, where
        the command was refused or had nothing to do. Raises what `CommandHandler.handle` does; a DomainError of one
        target refuses all of them.
        """

        async def decide(held: Held) -> Decisions:
            async def read(category: str, entity_id: str) -> Any:
                return (await held.need(f"{category}-{entity_id}")).state

            known = await held.need("-".join(entity)) if entity and precondition else None
            with on_condition(precondition, known.position.version if known else 0):
                targets = await plan(read)
                await held.need_all([target.stream for target in targets])
                return await _decided(held, targets)

        reply = (lambda versions: answer(_by_entity(versions))) if answer else None
        outcome = await self._attempts.carry_out(decide, context, reply)
        return JointHandled(_by_entity(outcome.versions), outcome.answer, outcome.replayed, bool(outcome.written))

    async def foresee(self, plan: Plan) -> Sequence[Event]:
        """`Foresee`, on what the store says now."""
        states: dict[str, Any] = {}

        async def read(category: str, entity_id: str) -> Any:
            stream = f"{category}-{entity_id}"
            if stream not in states:
                states[stream] = await self.state(category, entity_id)
            return states[stream]

        found: list[Event] = []
        for target in await plan(read):
            state = await read(target.category, target.entity_id)
            decided = self._scope[target.category].decide(target.command, state)
            states[target.stream] = decided.state
            found += decided.events
        return found

    async def state(self, category: str, entity_id: str) -> Any:
        """What the store says now; the initial state if there is no such entity."""
        (known,) = await self._scope[category].load([f"{category}-{entity_id}"])
        return known.state


async def _decided(held: Held, targets: Sequence[Target]) -> Decisions:
    decided: dict[str, Decided[Any, Any]] = {}
    for target in targets:
        before = decided.get(target.stream)
        state = before.state if before else (await held.need(target.stream)).state
        then = held.of(target.category).decide(target.command, state)
        decided[target.stream] = before.followed_by(then) if before else then
    return {stream: each for stream, each in decided.items() if each.events}


def _by_entity(versions: Mapping[str, int]) -> Versions:
    return {(category_of(stream), entity_of(stream)): version for stream, version in versions.items()}
