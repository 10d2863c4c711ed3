"""A small category to try the kit on, and the parts to try it with."""

from collections.abc import Callable, Sequence
from typing import ClassVar

import pytest
from pydantic import AwareDatetime, BaseModel

from shared.adapters.memory.event_store import MemoryEventStore
from shared.eventsourcing.codec import Codec, encode_commit
from shared.eventsourcing.command_handler import CommandHandler, Policy
from shared.eventsourcing.decider import Decider
from shared.eventsourcing.errors import DomainError
from shared.eventsourcing.event_store import Answer, Appended, EventStore, NewCommit, OperationCounts
from shared.eventsourcing.message import Command, Commit, Context, Event, IntegrationEvent
from shared.eventsourcing.projection import Projection
from shared.eventsourcing.publishing import Announcer, Publication
from shared.testing.doubles import NOON, FixedClock, RecordingPublisher

AT = NOON


class Added(Event):
    TYPE: ClassVar = "Added.v1"
    by: int


class Reached(IntegrationEvent):
    TYPE: ClassVar = "Reached.v1"
    by: int


class Add(Command):
    """Adds to a tally that must not exceed 100; adding 0 has no effect."""

    by: int
    at: AwareDatetime = AT


class Tally(BaseModel):
    total: int = 0


def decide(command: Add, tally: Tally) -> Sequence[Added]:
    if tally.total + command.by > 100:
        raise DomainError("too-much", "a tally ends at 100", field="by")
    return [Added(by=command.by)] if command.by else []


def evolve(tally: Tally, event: Added) -> Tally:
    return Tally(total=tally.total + event.by)


def published(event: Added) -> Reached | None:
    """Every ten is public."""
    return Reached(by=event.by) if event.by == 10 else None


CODEC = Codec[Added](Added)
TALLY = Decider[Add, Added, Tally](
    category="tally",
    decide=decide,
    evolve=evolve,
    initial_state=Tally,
    state_type=Tally,
    codec=CODEC,
    snapshot_every=5,
)
PUBLICATION = Publication[Added](
    service="tally",
    category="tally",
    domain_topic="tally-commits",
    integration_topic="tally-events",
    codec=CODEC,
    to_integration=published,
)


def project(document: Tally | None, event: Added) -> Tally | None:
    if event.by == 13:
        raise ZeroDivisionError("thirteen")
    return evolve(document or Tally(), event)


TALLIES = Projection[Added, Tally](
    category="tally",
    collection="tallies",
    document_type=Tally,
    codec=CODEC,
    project=project,
    fields=lambda tally: {"total": tally.total},
)


def context(command_id: str, command: str = "Add") -> Context:
    return Context(command=command, command_id=command_id, correlation_id="flow", actor="pos:till", occurred_at=AT)


def answer(key: str) -> Callable[[int], Answer]:
    return lambda version: Answer(key=key, fingerprint="f", status=202, headers={}, body=str(version).encode())


async def append(store: EventStore, stream: str, by: int, command_id: str | None = None) -> Commit:
    """One more commit on a stream, behind every handler's back."""
    position = (await store.load(stream)).position
    version = position.version + 1
    events = [Added(by=by)]
    stored = CODEC.encode(events)
    body = encode_commit(stream, version, context(command_id or f"{stream}-{version}"), stored)
    new = NewCommit(position=position, body=body, owed=PUBLICATION.owed(stream, version, events))
    result = await store.append([new])
    assert isinstance(result, Appended)
    return await anext(store.read(stream, after=version - 1))


def handler_on(store: EventStore, topics: RecordingPublisher, **policy: float) -> CommandHandler[Add, Added, Tally]:
    async def pause(_: int) -> None:
        return None

    return CommandHandler(TALLY, store, Announcer(PUBLICATION, topics), Policy(pause=pause, **policy))  # type: ignore[arg-type] # ints pass as floats


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def counts() -> OperationCounts:
    return OperationCounts()


@pytest.fixture
def store(clock: FixedClock, counts: OperationCounts) -> MemoryEventStore:
    return MemoryEventStore(clock, counts)


@pytest.fixture
def topics() -> RecordingPublisher:
    return RecordingPublisher()


@pytest.fixture
def handler(store: MemoryEventStore, topics: RecordingPublisher) -> CommandHandler[Add, Added, Tally]:
    return handler_on(store, topics)
