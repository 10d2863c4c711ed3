"""The streams of one category: states as the store has them, decisions on them, and the commits that follow."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

from shared.eventsourcing.codec import encode_commit
from shared.eventsourcing.decider import COMMITS_OF_KEPT_STATES, Decider
from shared.eventsourcing.errors import CorruptDataError, TooLargeError
from shared.eventsourcing.event_store import EventStore, NewCommit, Position, Snapshot, StateDocument, start_of
from shared.eventsourcing.message import MAX_COMMIT_BYTES, Commit, Context, Event, StoredEvent
from shared.eventsourcing.publishing import Announced, Announcer

C = TypeVar("C")
E = TypeVar("E", bound=Event)
S = TypeVar("S")
T = TypeVar("T")


class Known(NamedTuple, Generic[S]):
    """A stream's state at a position."""

    state: S
    position: Position


class Decided(NamedTuple, Generic[E, S]):
    """The events that commands cause on one stream, and its state after them; `at` is the business time of the (first)
    command, if it has one.
    """

    events: Sequence[E]
    state: S
    at: datetime | None = None

    def followed_by(self, then: "Decided[E, S]") -> "Decided[E, S]":
        return Decided([*self.events, *then.events], then.state, self.at)


class Draft(NamedTuple):
    """A commit that may become part of the log, and what is known of its stream if it does."""

    announcer: Announcer[Any]
    new: NewCommit
    decided: Decided[Any, Any]
    stored: Sequence[StoredEvent]
    context: Context

    def announced(self, recorded_at: datetime) -> Announced:
        """It is in the log."""
        commit = Commit(
            stream=self.new.position.stream,
            version=self.new.position.version + 1,
            events=tuple(self.stored),
            context=self.context,
            recorded_at=recorded_at,
            body=self.new.body,
        )
        return Announced(self.announcer, commit, self.decided.events)


class Streams(Generic[C, E, S]):
    """A decider beside the store: what folds, and what keeps its states, looks the same from here."""

    def __init__(self, decider: Decider[C, E, S], announcer: Announcer[E], store: EventStore) -> None:
        self._decider = decider
        self._announcer = announcer
        self._store = store

    def begin(self, stream: str) -> Known[S]:
        """A stream that should be new, without a look at the store."""
        return Known(self._decider.initial_state(), start_of(stream))

    async def load(self, streams: Sequence[str]) -> Sequence[Known[S]]:
        """In the same order. Raises CorruptDataError if a stream cannot be understood."""
        if self._decider.keeps_state:
            return await self._kept(streams)
        return await together([self._fold(stream) for stream in streams])

    async def refresh(self, known: Sequence[Known[S]]) -> Sequence[Known[S]]:
        """The same streams as the store has them now."""
        if self._decider.keeps_state:
            return await self._kept([each.position.stream for each in known])
        return await together([self._follow(each) for each in known])

    def decide(self, command: C, state: S) -> Decided[E, S]:
        """Raises DomainError if the command is refused."""
        events = self._decider.decide(command, state)
        for event in events:
            state = self._decider.evolve(state, event)
        return Decided(events, state, getattr(command, "at", None))

    def draft(self, position: Position, decided: Decided[E, S], context: Context) -> Draft:
        """The next commit; it happened when its command says, else when `context` does. Raises TooLargeError."""
        if decided.at is not None and decided.at != context.occurred_at:
            context = replace(context, occurred_at=decided.at)
        stream, version = position.stream, position.version + 1
        stored = self._decider.codec.encode(decided.events)
        keeps = self._decider.keeps_state
        new = NewCommit(
            position=position,
            body=encode_commit(stream, version, context, stored),
            owed=self._announcer.publication.owed(stream, version, decided.events),
            snapshot=self._snapshot(version, decided.state),
            state=self._state_to_keep(stream, decided.state) if keeps else None,
            expires_after=COMMITS_OF_KEPT_STATES if keeps else None,
        )
        return Draft(self._announcer, new, decided, stored, context)

    def _snapshot(self, version: int, state: S) -> Snapshot | None:
        every = self._decider.snapshot_every
        if not every or version % every:
            return None
        data = self._decider.dump_state(state)
        fits = len(data) <= MAX_COMMIT_BYTES  # it is only speed
        return Snapshot(version, self._decider.state_schema, data) if fits else None

    def _state_to_keep(self, stream: str, state: S) -> bytes:
        body = self._decider.dump_state(state)
        if len(body) > MAX_COMMIT_BYTES:
            raise TooLargeError(f"the state of {stream} has {len(body)} bytes, the limit is {MAX_COMMIT_BYTES}")
        return body

    async def _kept(self, streams: Sequence[str]) -> list[Known[S]]:
        found = await self._store.get_many(streams)
        return [self._restored(found[each]) if each in found else self.begin(each) for each in streams]

    def _restored(self, document: StateDocument) -> Known[S]:
        state = self._decider.load_state(document.body)
        if state is None:
            raise CorruptDataError(f"the state of {document.stream}@{document.version} does not fit its type")
        return Known(state, document.position)

    async def _fold(self, stream: str) -> Known[S]:
        schema = self._decider.state_schema if self._decider.snapshot_every else None
        loaded = await self._store.load(stream, schema=schema)
        state = self._decider.load_state(loaded.snapshot.data) if loaded.snapshot else self._decider.initial_state()
        if state is None:
            loaded = await self._store.load(stream)
            state = self._decider.initial_state()
        return Known(self._decider.fold(state, loaded.commits), loaded.position)

    async def _follow(self, known: Known[S]) -> Known[S]:
        tail = await self._store.tail(known.position)
        return Known(self._decider.fold(known.state, tail.commits), tail.position)


async def together(reads: Sequence[Awaitable[T]]) -> Sequence[T]:
    """All at once. A single one is awaited as it is: a task for it would cost time and bring nothing."""
    return [await reads[0]] if len(reads) == 1 else await asyncio.gather(*reads)
