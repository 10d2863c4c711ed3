"""Bringing a read model to the end of its stream, whatever comes."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace

import pytest

from shared.adapters.memory.dead_letters import MemoryDeadLetters
from shared.adapters.memory.event_store import MemoryEventStore
from shared.adapters.memory.read_store import MemoryReadStore
from shared.eventsourcing.errors import ConcurrencyError, CorruptDataError, UnavailableError
from shared.eventsourcing.event_store import OperationCounts
from shared.eventsourcing.message import Commit
from shared.eventsourcing.projection import Row
from shared.eventsourcing.projector import Outcome, Projector
from shared.testing.doubles import FixedClock
from tests.unit.kit.conftest import TALLIES, Added, Tally, append, evolve

POISON = 13
MENDED = replace(TALLIES, project=lambda document, event: evolve(document or Tally(), event))


@pytest.fixture
def rows() -> MemoryReadStore:
    return MemoryReadStore(OperationCounts())


@pytest.fixture
def dead_letters() -> MemoryDeadLetters:
    return MemoryDeadLetters()


@pytest.fixture
def projector(
    store: MemoryEventStore, rows: MemoryReadStore, dead_letters: MemoryDeadLetters, clock: FixedClock
) -> Projector[Added, Tally]:
    return Projector(TALLIES, store, rows, dead_letters, clock)


async def shown(rows: MemoryReadStore, key: str = "1") -> tuple[int, int] | None:
    """Version and total of a document."""
    row = await rows.get("tallies", key)
    document, _ = TALLIES.restore(row)
    return (row.version, document.total) if row and document else None


class TestDelivery:
    async def test_the_next_commit_is_applied(
        self, projector: Projector[Added, Tally], store: MemoryEventStore, rows: MemoryReadStore
    ) -> None:
        """A commit that follows what is stored is applied."""
        outcome = await projector.deliver(await append(store, "tally-1", 3))

        assert (outcome, await shown(rows)) == (Outcome.APPLIED, (1, 3))

    async def test_a_duplicate_changes_nothing(
        self, projector: Projector[Added, Tally], store: MemoryEventStore, rows: MemoryReadStore
    ) -> None:
        """What was seen is acknowledged and not applied again."""
        commit = await append(store, "tally-1", 3)
        await projector.deliver(commit)

        assert (await projector.deliver(commit), await shown(rows)) == (Outcome.DUPLICATE, (1, 3))

    async def test_a_gap_is_filled_from_the_log(
        self, projector: Projector[Added, Tally], store: MemoryEventStore, rows: MemoryReadStore
    ) -> None:
        """A commit whose predecessors never arrived brings them with it."""
        await append(store, "tally-1", 3)
        await append(store, "tally-1", 4)

        outcome = await projector.deliver(await append(store, "tally-1", 5))

        assert (outcome, await shown(rows)) == (Outcome.HEALED, (3, 12))

    async def test_a_late_commit_is_a_duplicate(
        self, projector: Projector[Added, Tally], store: MemoryEventStore
    ) -> None:
        """A message that arrives after the gap was filled is no news."""
        late = await append(store, "tally-1", 3)
        await projector.deliver(await append(store, "tally-1", 4))

        assert await projector.deliver(late) is Outcome.DUPLICATE

    async def test_another_instance_may_have_been_faster(
        self,
        projector: Projector[Added, Tally],
        store: MemoryEventStore,
        rows: MemoryReadStore,
        dead_letters: MemoryDeadLetters,
        clock: FixedClock,
    ) -> None:
        """An instance with an old copy of the document finds out by the guarded write."""
        first, second, third = [await append(store, "tally-1", n) for n in (3, 4, 5)]
        other = Projector(TALLIES, store, rows, dead_letters, clock)
        await projector.deliver(first)
        await other.deliver(second)

        await projector.deliver(third)

        assert await shown(rows) == (3, 12)

    async def test_a_warm_delivery_reads_nothing(
        self, store: MemoryEventStore, dead_letters: MemoryDeadLetters, clock: FixedClock
    ) -> None:
        """An instance that holds the document spends one write on the next commit."""
        counted = OperationCounts()
        projector = Projector(TALLIES, store, MemoryReadStore(counted), dead_letters, clock)
        first, second = [await append(store, "tally-1", n) for n in (3, 4)]
        await projector.deliver(first)
        before = (counted.documents_read, counted.documents_written)

        await projector.deliver(second)

        assert (counted.documents_read - before[0], counted.documents_written - before[1]) == (0, 1)

    async def test_losing_for_ever_makes_the_message_come_again(
        self, store: MemoryEventStore, dead_letters: MemoryDeadLetters, clock: FixedClock
    ) -> None:
        """A document that others write all the time is left for later, not forgotten."""

        class Contended(MemoryReadStore):
            async def put_all(self, rows: Mapping[str, Row]) -> Mapping[str, Row]:
                raise ConcurrencyError("somebody was faster")

        projector = Projector(TALLIES, store, Contended(OperationCounts()), dead_letters, clock)

        with pytest.raises(UnavailableError):
            await projector.deliver(await append(store, "tally-1", 3))

    async def test_a_document_of_another_shape_is_folded_again(
        self, projector: Projector[Added, Tally], store: MemoryEventStore, rows: MemoryReadStore
    ) -> None:
        """What another release stored is not trusted: the document is made anew from the start of the stream."""
        old = await append(store, "tally-1", 3)
        await rows.put("tallies", Row("1", 1, old.recorded_at, b'{"total": "three"}', {}))

        await projector.deliver(await append(store, "tally-1", 4))

        assert await shown(rows) == (2, 7)


class TestPoison:
    async def test_parks_its_stream(
        self, projector: Projector[Added, Tally], store: MemoryEventStore, dead_letters: MemoryDeadLetters
    ) -> None:
        """A commit that the projection fails on is kept with the reason, and acknowledged."""
        outcome = await projector.deliver(await append(store, "tally-1", POISON))

        parked = await dead_letters.parked("tally.tallies", "tally-1")
        assert outcome is Outcome.PARKED
        assert parked is not None
        assert (parked.version, parked.error) == (1, "ZeroDivisionError: thirteen")

    async def test_keeps_what_came_before_it(
        self, projector: Projector[Added, Tally], store: MemoryEventStore, rows: MemoryReadStore
    ) -> None:
        """The document shows the stream up to the poison."""
        await append(store, "tally-1", 3)
        await append(store, "tally-1", POISON)

        await projector.deliver(await append(store, "tally-1", 5))

        assert await shown(rows) == (1, 3)

    async def test_holds_what_comes_after_it(
        self, projector: Projector[Added, Tally], store: MemoryEventStore, dead_letters: MemoryDeadLetters
    ) -> None:
        """Later commits of the stream queue behind the poison."""
        await projector.deliver(await append(store, "tally-1", POISON))
        for n in (5, 6):
            assert await projector.deliver(await append(store, "tally-1", n)) is Outcome.PARKED

        parked = await dead_letters.parked("tally.tallies", "tally-1")
        assert parked is not None
        assert sorted(parked.held) == [2, 3]

    async def test_leaves_other_streams_alone(
        self, projector: Projector[Added, Tally], store: MemoryEventStore, rows: MemoryReadStore
    ) -> None:
        """One stream is parked, all others go on."""
        await projector.deliver(await append(store, "tally-1", POISON))

        outcome = await projector.deliver(await append(store, "tally-2", 4))

        assert (outcome, await shown(rows, "2")) == (Outcome.APPLIED, (1, 4))

    async def test_a_dry_run_shows_and_changes_nothing(
        self,
        projector: Projector[Added, Tally],
        store: MemoryEventStore,
        rows: MemoryReadStore,
        dead_letters: MemoryDeadLetters,
        clock: FixedClock,
    ) -> None:
        """Before a re-drive one can see what it would do."""
        await append(store, "tally-1", 3)
        await projector.deliver(await append(store, "tally-1", POISON))
        mended = Projector(MENDED, store, rows, dead_letters, clock)

        before, after = await mended.redrive("tally-1", dry_run=True)

        assert (before, after, await shown(rows)) == (Tally(total=3), Tally(total=16), (1, 3))

    async def test_a_redrive_goes_on_in_order(
        self,
        projector: Projector[Added, Tally],
        store: MemoryEventStore,
        rows: MemoryReadStore,
        dead_letters: MemoryDeadLetters,
        clock: FixedClock,
    ) -> None:
        """After the fix, the stream is brought to its end and is parked no more."""
        for n in (3, POISON, 5):
            await projector.deliver(await append(store, "tally-1", n))
        mended = Projector(MENDED, store, rows, dead_letters, clock)

        await mended.redrive("tally-1", dry_run=False)

        assert (await shown(rows), await dead_letters.parked("tally.tallies", "tally-1")) == ((3, 21), None)

    async def test_a_parked_stream_waits_for_the_redrive(
        self,
        projector: Projector[Added, Tally],
        store: MemoryEventStore,
        rows: MemoryReadStore,
        dead_letters: MemoryDeadLetters,
        clock: FixedClock,
    ) -> None:
        """Even after the fix nothing moves by itself: somebody looks first."""
        await append(store, "tally-1", 3)
        await projector.deliver(await append(store, "tally-1", POISON))
        mended = Projector(MENDED, store, rows, dead_letters, clock)

        outcome = await mended.heal("tally-1", 2)

        assert (outcome, await shown(rows)) == (Outcome.PARKED, (1, 3))

    async def test_a_log_that_cannot_be_read_parks_too(
        self, rows: MemoryReadStore, dead_letters: MemoryDeadLetters, clock: FixedClock
    ) -> None:
        """A stored commit that cannot be decoded stops its stream, not the function."""

        class Unreadable:
            async def read(self, stream: str, **_: object) -> AsyncIterator[Commit]:
                raise CorruptDataError("not JSON")
                yield

        projector = Projector(TALLIES, Unreadable(), rows, dead_letters, clock)  # type: ignore[arg-type] # only read is called

        assert await projector.heal("tally-1", 4) is Outcome.PARKED


class TestHealing:
    """The row is looked at as it is stored, whatever this instance wrote last."""

    async def test_a_row_that_is_gone_is_made_again(
        self, projector: Projector[Added, Tally], store: MemoryEventStore, rows: MemoryReadStore
    ) -> None:
        """Somebody deleted it behind the back of the instance that wrote it."""
        await projector.deliver(await append(store, "tally-1", 3))
        await rows.delete_many("tallies", ["1"])

        assert (await projector.heal("tally-1", 1), await shown(rows)) == (Outcome.HEALED, (1, 3))

    async def test_a_row_that_was_set_back_is_brought_to_the_end(
        self, projector: Projector[Added, Tally], store: MemoryEventStore, rows: MemoryReadStore
    ) -> None:
        """Somebody restored an older copy."""
        await projector.deliver(await append(store, "tally-1", 3))
        old = await rows.get("tallies", "1")
        assert old is not None
        await projector.deliver(await append(store, "tally-1", 4))
        newest = await rows.get("tallies", "1")
        assert newest is not None
        await rows.put("tallies", replace(old, token=newest.token))

        assert (await projector.heal("tally-1", 2), await shown(rows)) == (Outcome.HEALED, (2, 7))

    async def test_the_next_commit_brings_back_a_row_that_is_gone(
        self, projector: Projector[Added, Tally], store: MemoryEventStore, rows: MemoryReadStore
    ) -> None:
        """With what came before it: the guarded write tells that there is nothing to go on from."""
        await projector.deliver(await append(store, "tally-1", 3))
        await rows.delete_many("tallies", ["1"])

        await projector.deliver(await append(store, "tally-1", 4))

        assert await shown(rows) == (2, 7)
