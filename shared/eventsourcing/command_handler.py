"""Load, fold, decide, append, publish: one command to one stream, with everything that makes it safe to repeat."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Generic, TypeVar

from shared.eventsourcing.cache import LruCache
from shared.eventsourcing.codec import encode_commit
from shared.eventsourcing.decider import Decider
from shared.eventsourcing.errors import ConcurrencyError, DomainError, UnavailableError, VersionMismatchError
from shared.eventsourcing.event_store import Answer, EventStore, NewCommit, Position, Replayed, Snapshot, start_of
from shared.eventsourcing.message import MAX_COMMIT_BYTES, Commit, Context, Event, StoredEvent
from shared.eventsourcing.publishing import Announcer
from shared.eventsourcing.turns import Turns

C = TypeVar("C")
E = TypeVar("E", bound=Event)
S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Handled:
    """`version` of the stream as this instance knows it after the command. `answer` is the first answer if the request
    had a key; `replayed` if it was given before; `changed` if there is a new commit.
    """

    version: int
    answer: Answer | None
    replayed: bool = False
    changed: bool = False


@dataclass(slots=True)
class _Entry(Generic[S]):
    """State and position as this instance knows them; `fresh` while read from the store for this very command."""

    state: S
    position: Position
    fresh: bool


@dataclass(frozen=True, slots=True)
class _Written(Generic[E]):
    """A commit that is in the log, and its events as they were decided."""

    commit: Commit
    events: Sequence[E]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Bounds of one handler. `deadline` in seconds spans all tries of a command; `attempts` counts lost races;
    `pause(attempt)` is awaited between them (jitter lives there). `measure(name)` surrounds each append and publish.
    """

    pause: Callable[[int], Awaitable[None]]
    measure: Callable[[str], AbstractContextManager[object]] = nullcontext
    deadline: float = 10.0
    attempts: int = 20
    cached_streams: int = 1024


class CommandHandler(Generic[C, E, S]):
    """Commands of one category.

    A warm instance keeps states in a bounded LRU, so a command costs no read, one commit and one publish. A stale
    entry can only cost a retry: the store accepts a version once. A refusal is never given from a cached state, it is
    decided again on what the store says. Within an instance a stream has one writer at a time.
    """

    def __init__(self, decider: Decider[C, E, S], store: EventStore, announcer: Announcer[E], policy: Policy) -> None:
        self._decider = decider
        self._store = store
        self._announcer = announcer
        self._policy = policy
        self._cache: LruCache[str, _Entry[S]] = LruCache(policy.cached_streams)
        self._turns = Turns()

    async def handle(
        self,
        stream: str,
        command: C,
        context: Context,
        *,
        begins: bool = False,
        expected_version: int | None = None,
        guard: Callable[[S], None] | None = None,
        answer: Callable[[int], Answer] | None = None,
    ) -> Handled:
        """Carry out `command` on `stream`.

        `begins` says that the stream should be new (its id was just made): it is not looked for first. Should it exist,
        the append finds out.
        `guard` refuses callers by state (ownership) before the decision. `answer(version)` is the response to store
        under the request's idempotency key. Raises DomainError (refused, nothing changed), VersionMismatchError,
        ConcurrencyError (lost too many races), TooLargeError, UnavailableError (store down, or the deadline passed: the
        command may or may not have happened, so repeat it with the same key).
        """

        def decide(entry: _Entry[S]) -> Sequence[E]:
            if guard is not None:
                guard(entry.state)
            if entry.position.version:
                _check_version(expected_version, entry.position.version)
            events = self._decider.decide(command, entry.state)
            _check_version(expected_version, entry.position.version)  # of what does not exist, `decide` says so first
            return events

        try:
            async with asyncio.timeout(self._policy.deadline):
                async with self._turns.of(stream):
                    entry = self._cache.pop(stream) or (self._begin(stream) if begins else await self._load(stream))
                    handled, written = await self._write(stream, entry, decide, context, answer)
        except TimeoutError as error:
            raise UnavailableError(f"{context.command} took longer than {self._policy.deadline} s") from error
        if written is not None:
            with self._policy.measure("publish"):
                await self._announcer.announce(written.commit, written.events)
        return handled

    async def _write(
        self,
        stream: str,
        entry: _Entry[S],
        decide: Callable[[_Entry[S]], Sequence[E]],
        context: Context,
        answer: Callable[[int], Answer] | None,
    ) -> tuple[Handled, _Written[E] | None]:
        lost = 0
        while True:
            try:
                events, refusal = decide(entry), None
            except (DomainError, VersionMismatchError) as error:
                events, refusal = (), error
            if not events and not entry.fresh:
                entry = await self._refresh(entry)
                continue
            reply = answer(entry.position.version + bool(events)) if answer else None
            if refusal is not None:
                return self._refused(stream, entry, refusal, await self._first_answer(reply))
            try:
                return await self._append(stream, entry, events, context, reply)
            except ConcurrencyError:
                lost += 1
                if lost >= self._policy.attempts:
                    raise
                await self._policy.pause(lost)
                entry = await self._refresh(entry)

    def _refused(self, stream: str, entry: _Entry[S], refusal: Exception, first: Answer | None) -> tuple[Handled, None]:
        """A repeated request whose first try succeeded would be refused now: its first answer stands."""
        self._remember(stream, entry)
        if first is None:
            raise refusal
        return Handled(entry.position.version, first, replayed=True), None

    async def _first_answer(self, reply: Answer | None) -> Answer | None:
        return await self._store.answered(reply.key) if reply else None

    async def _append(
        self, stream: str, entry: _Entry[S], events: Sequence[E], context: Context, reply: Answer | None
    ) -> tuple[Handled, _Written[E] | None]:
        state = entry.state
        for event in events:
            state = self._decider.evolve(state, event)
        stored = self._decider.codec.encode(events)
        commits = [self._new_commit(entry.position, events, stored, state, context)] if stored else []
        if not commits and reply is None:
            self._remember(stream, entry)
            return Handled(entry.position.version, None), None
        with self._policy.measure("append"):
            result = await self._store.append(commits, command_id=context.command_id, answer=reply)
        if isinstance(result, Replayed):  # what this instance holds may be older than that answer: forget it
            return Handled(entry.position.version, result.answer, replayed=True), None
        if not commits:
            self._remember(stream, entry)
            return Handled(entry.position.version, reply), None
        position = result.positions[0]
        self._remember(stream, _Entry(state, position, fresh=False))
        commit = Commit(
            stream=stream,
            version=position.version,
            events=tuple(stored),
            context=context,
            recorded_at=result.recorded_at,
            body=commits[0].body,
        )
        return Handled(position.version, reply, changed=True), _Written(commit, events)

    def _new_commit(
        self, position: Position, events: Sequence[E], stored: Sequence[StoredEvent], state: S, context: Context
    ) -> NewCommit:
        version = position.version + 1
        every = self._decider.snapshot_every
        snapshot = None
        if every and version % every == 0:
            snapshot = Snapshot(version, self._decider.state_schema, self._decider.dump_state(state))
            snapshot = snapshot if len(snapshot.data) <= MAX_COMMIT_BYTES else None  # it is only speed
        return NewCommit(
            position=position,
            body=encode_commit(position.stream, version, context, stored),
            owed=self._announcer.publication.owed(position.stream, version, events),
            snapshot=snapshot,
        )

    def _begin(self, stream: str) -> _Entry[S]:
        return _Entry(self._decider.initial_state(), start_of(stream), fresh=False)

    async def _load(self, stream: str) -> _Entry[S]:
        schema = self._decider.state_schema if self._decider.snapshot_every else None
        loaded = await self._store.load(stream, schema=schema)
        state = self._decider.load_state(loaded.snapshot.data) if loaded.snapshot else self._decider.initial_state()
        if state is None:
            loaded = await self._store.load(stream)
            state = self._decider.initial_state()
        return _Entry(self._decider.fold(state, loaded.commits), loaded.position, fresh=True)

    async def _refresh(self, entry: _Entry[S]) -> _Entry[S]:
        tail = await self._store.tail(entry.position)
        return _Entry(self._decider.fold(entry.state, tail.commits), tail.position, fresh=True)

    def _remember(self, stream: str, entry: _Entry[S]) -> None:
        entry.fresh = False
        self._cache.put(stream, entry)


def _check_version(expected: int | None, actual: int) -> None:
    if expected is not None and expected != actual:
        raise VersionMismatchError(expected, actual)
