"""One command to one stream: what it costs, what it survives, what it never does twice."""

import asyncio
from collections.abc import Sequence

import pytest

from shared.adapters.memory.event_store import MemoryEventStore
from shared.eventsourcing.command_handler import CommandHandler
from shared.eventsourcing.errors import (
    ConcurrencyError,
    DomainError,
    ForbiddenError,
    TooLargeError,
    UnavailableError,
    VersionMismatchError,
)
from shared.eventsourcing.event_store import Answer, Appended, NewCommit, OperationCounts, Replayed
from shared.eventsourcing.precondition import Precondition
from shared.testing.doubles import RecordingPublisher
from tests.unit.kit.conftest import TALLY, Add, Added, Tally, answer, append, context, handler_on

Handler = CommandHandler[Add, Added, Tally]


async def total(store: MemoryEventStore, stream: str = "tally-1") -> int:
    return TALLY.fold(Tally(), (await store.load(stream)).commits).total


def at_version(wanted: int) -> Precondition:
    return lambda version: None if version == wanted else VersionMismatchError("version", version)


class TestWarm:
    async def test_costs_one_commit_and_no_read(self, handler: Handler, counts: OperationCounts) -> None:
        """A stream that the instance knows is written without being read."""
        await handler.handle("tally-1", Add(by=1), context("k1"))
        rpcs, read = dict(counts.rpcs), counts.documents_read

        await handler.handle("tally-1", Add(by=1), context("k2"))

        spent = {name: n - rpcs.get(name, 0) for name, n in counts.rpcs.items() if n != rpcs.get(name, 0)}
        assert (spent, counts.documents_read - read) == ({"Commit": 1}, 0)

    async def test_a_stale_state_costs_a_retry(self, handler: Handler, store: MemoryEventStore) -> None:
        """What another instance wrote is found out by the write, and decided upon again."""
        await handler.handle("tally-1", Add(by=1), context("k1"))
        await append(store, "tally-1", 20)

        handled = await handler.handle("tally-1", Add(by=1), context("k2"))

        assert (handled.version, await total(store)) == (3, 22)

    async def test_a_stale_state_never_refuses(
        self, handler: Handler, store: MemoryEventStore, topics: RecordingPublisher
    ) -> None:
        """A refusal is decided on what the store says, not on what the instance remembers."""
        await handler.handle("tally-1", Add(by=90), context("k1"))
        other = handler_on(store, topics)
        await other.handle("tally-1", Add(by=-50), context("k2"))

        handled = await handler.handle("tally-1", Add(by=20), context("k3"))

        assert handled.version == 3

    async def test_a_forgotten_stream_is_loaded_again(
        self, store: MemoryEventStore, topics: RecordingPublisher
    ) -> None:
        """The memory of an instance is bounded: what fell out of it is read."""
        handler = handler_on(store, topics, cached_streams=1)
        await handler.handle("tally-1", Add(by=1), context("k1"))
        await handler.handle("tally-2", Add(by=1), context("k2"))

        handled = await handler.handle("tally-1", Add(by=1), context("k3"))

        assert handled.version == 2


class TestCold:
    async def test_a_stream_that_begins_is_not_looked_for(self, handler: Handler, counts: OperationCounts) -> None:
        """A new entity costs one commit and no read."""
        await handler.handle("tally-1", Add(by=1), context("k1"), begins=True)

        assert (counts.rpcs, counts.documents_read) == ({"Commit": 1}, 0)

    async def test_a_stream_that_had_begun_already_is_found(self, handler: Handler, store: MemoryEventStore) -> None:
        """Who believes that a stream is new, and is wrong, goes on from what there is."""
        await append(store, "tally-1", 20)

        handled = await handler.handle("tally-1", Add(by=1), context("k1"), begins=True)

        assert (handled.version, await total(store)) == (2, 21)

    async def test_a_snapshot_spares_the_commits_before_it(
        self, handler: Handler, store: MemoryEventStore, topics: RecordingPublisher, counts: OperationCounts
    ) -> None:
        """A stream of seven with a snapshot at five is loaded from the snapshot and two commits."""
        for n in range(7):
            await handler.handle("tally-1", Add(by=1), context(f"k{n}"))

        loaded = await store.load("tally-1", schema=TALLY.state_schema)

        assert loaded.snapshot is not None
        assert (loaded.snapshot.version, [commit.version for commit in loaded.commits]) == (5, [6, 7])

    async def test_the_state_from_a_snapshot_is_the_state(
        self, handler: Handler, store: MemoryEventStore, topics: RecordingPublisher
    ) -> None:
        """Whether folded from the start or from a snapshot, the decision is the same."""
        for n in range(7):
            await handler.handle("tally-1", Add(by=14), context(f"k{n}"))

        with pytest.raises(DomainError, match="100"):
            await handler_on(store, topics).handle("tally-1", Add(by=3), context("k8"))

    async def test_a_snapshot_of_another_shape_is_a_miss(self, handler: Handler, store: MemoryEventStore) -> None:
        """A state that was stored in another shape is not used."""
        for n in range(6):
            await handler.handle("tally-1", Add(by=1), context(f"k{n}"))

        loaded = await store.load("tally-1", schema="another")

        assert (loaded.snapshot, len(loaded.commits)) == (None, 6)


class TestRefusing:
    async def test_changes_nothing(self, handler: Handler, store: MemoryEventStore) -> None:
        """A refused command leaves no trace in the log."""
        with pytest.raises(DomainError, match="100"):
            await handler.handle("tally-1", Add(by=101), context("k1"), answer=answer("a1"))

        assert (await total(store), await store.answered("a1")) == (0, None)

    async def test_another_version_than_expected(self, handler: Handler, store: MemoryEventStore) -> None:
        """A command for a version that is not there is refused."""
        await append(store, "tally-1", 1)
        with pytest.raises(VersionMismatchError):
            await handler.handle("tally-1", Add(by=1), context("k1"), precondition=at_version(0))

    async def test_a_guard_comes_before_the_rules(self, handler: Handler) -> None:
        """Who may not touch an entity does not learn what its rules would say."""

        def guard(_: Tally) -> None:
            raise ForbiddenError("not yours")

        with pytest.raises(ForbiddenError):
            await handler.handle("tally-1", Add(by=101), context("k1"), guard=guard)


class TestRaces:
    async def test_sixteen_writers_lose_nothing(self, store: MemoryEventStore, topics: RecordingPublisher) -> None:
        """Sixteen instances that write one stream at once all get through, once each."""
        instances = [handler_on(store, topics) for _ in range(16)]

        await asyncio.gather(
            *(instance.handle("tally-1", Add(by=1), context(f"k{n}")) for n, instance in enumerate(instances))
        )

        assert await total(store) == 16

    async def test_writers_of_one_instance_take_turns(
        self, handler: Handler, store: MemoryEventStore, counts: OperationCounts
    ) -> None:
        """Within an instance nobody races: sixteen commands are sixteen commits and not one lost try."""
        await asyncio.gather(*(handler.handle("tally-1", Add(by=1), context(f"k{n}")) for n in range(16)))

        assert (counts.rpcs["Commit"], await total(store)) == (16, 16)

    async def test_losing_for_ever_ends(self, store: MemoryEventStore, topics: RecordingPublisher) -> None:
        """A writer that always loses gives up after its bounded number of tries."""
        store_that_conflicts = _AlwaysConflicts(store)
        handler = handler_on(store_that_conflicts, topics, attempts=3)  # type: ignore[arg-type] # append is all that differs

        with pytest.raises(ConcurrencyError):
            await handler.handle("tally-1", Add(by=1), context("k1"))

        assert store_that_conflicts.tries == 3

    async def test_the_same_command_is_appended_once(self, handler: Handler, store: MemoryEventStore) -> None:
        """A key that has its answer is answered, not carried out."""
        first = await handler.handle("tally-1", Add(by=1), context("k1"), answer=answer("a1"))
        await handler.handle("tally-1", Add(by=1), context("k2"), answer=answer("a2"))

        again = await handler.handle("tally-1", Add(by=1), context("k1"), answer=answer("a1"))

        assert (again.answer, again.replayed, await total(store)) == (first.answer, True, 2)

    async def test_a_first_answer_comes_before_a_limit(
        self, handler: Handler, store: MemoryEventStore, topics: RecordingPublisher
    ) -> None:
        """What is stored beside the command may have grown since: the same request would be too large now."""
        first = await handler.handle("tally-1", Add(by=1), context("k1"), answer=answer("a1"))
        grown = handler_on(_Full(store), topics)  # type: ignore[arg-type] # append is all that differs

        again = await grown.handle("tally-1", Add(by=1), context("k1"), answer=answer("a1"))

        assert (again.answer, again.replayed) == (first.answer, True)


class TestDependencies:
    async def test_a_broker_that_is_down_does_not_fail_the_command(
        self, handler: Handler, store: MemoryEventStore, topics: RecordingPublisher
    ) -> None:
        """What is in the log has happened, whether or not it could be published."""
        topics.down = True

        handled = await handler.handle("tally-1", Add(by=1), context("k1"))

        assert (handled.version, await total(store)) == (1, 1)

    async def test_a_store_that_hangs_is_given_up(self, store: MemoryEventStore, topics: RecordingPublisher) -> None:
        """A command takes no longer than its deadline."""
        handler = handler_on(_Hangs(store), topics, deadline=0.05)  # type: ignore[arg-type] # append is all that differs

        with pytest.raises(UnavailableError, match=r"0\.05 s"):
            await handler.handle("tally-1", Add(by=1), context("k1"))

    async def test_a_command_whose_outcome_is_unknown_is_not_remembered(
        self, store: MemoryEventStore, topics: RecordingPublisher
    ) -> None:
        """After a try that may have been written, the next command looks before it decides."""
        hanging = _Hangs(store, writes_first=True)
        handler = handler_on(hanging, topics, deadline=0.05)  # type: ignore[arg-type] # append is all that differs
        with pytest.raises(UnavailableError):
            await handler.handle("tally-1", Add(by=1), context("k1"), answer=answer("a1"))
        hanging.hangs = False

        again = await handler.handle("tally-1", Add(by=1), context("k1"), answer=answer("a1"))

        assert (again.version, again.replayed, await total(store)) == (1, True, 1)


class _Wrapped:
    def __init__(self, store: MemoryEventStore) -> None:
        self._store = store

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)


class _AlwaysConflicts(_Wrapped):
    tries = 0

    async def append(self, commits: Sequence[NewCommit], **_: object) -> Appended:
        self.tries += 1
        raise ConcurrencyError("somebody was faster")


class _Full(_Wrapped):
    async def append(self, commits: Sequence[NewCommit], **_: object) -> Appended:
        raise TooLargeError("nothing more fits")


class _Hangs(_Wrapped):
    def __init__(self, store: MemoryEventStore, *, writes_first: bool = False) -> None:
        super().__init__(store)
        self.writes_first = writes_first
        self.hangs = True

    async def append(self, commits: Sequence[NewCommit], *, answer: Answer | None = None) -> Appended | Replayed:
        if not self.hangs:
            return await self._store.append(commits, answer=answer)
        if self.writes_first:
            await self._store.append(commits, answer=answer)
        await asyncio.Event().wait()
        raise AssertionError("never")
