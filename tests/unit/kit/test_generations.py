"""Generations of a read model: one answers, all that are kept follow the log."""

from dataclasses import replace
from functools import partial

import pytest

from shared.adapters.memory.dead_letters import MemoryDeadLetters
from shared.adapters.memory.event_store import MemoryEventStore
from shared.adapters.memory.read_store import MemoryReadStore
from shared.eventsourcing.event_store import OperationCounts
from shared.eventsourcing.generations import FIRST, REMEMBERED, Aliases, Generations, place
from shared.eventsourcing.live_rows import LiveRows
from shared.eventsourcing.projection import Find, Projection, Row
from shared.eventsourcing.projector import Outcome, Projector
from shared.eventsourcing.projectors import Projectors
from shared.testing.doubles import FixedClock
from tests.unit.kit.conftest import TALLIES, Added, Tally, append

SECOND = place("tallies", "2")


@pytest.fixture
def counts() -> OperationCounts:
    return OperationCounts()


@pytest.fixture
def rows(counts: OperationCounts) -> MemoryReadStore:
    return MemoryReadStore(counts)


@pytest.fixture
def aliases(rows: MemoryReadStore, clock: FixedClock) -> Aliases:
    return Aliases(rows, clock)


@pytest.fixture
def projectors(
    store: MemoryEventStore, rows: MemoryReadStore, aliases: Aliases, clock: FixedClock
) -> Projectors[Added, Tally]:
    def make(projection: Projection[Added, Tally]) -> Projector[Added, Tally]:
        return Projector(projection, store, rows, MemoryDeadLetters(), clock)

    return Projectors(TALLIES, aliases, make)


async def total(rows: MemoryReadStore, collection: str) -> int | None:
    row = await rows.get(collection, "1")
    return Tally.model_validate_json(row.body).total if row and row.body else None


class TestGenerations:
    def test_a_read_model_begins_with_one(self) -> None:
        """The collection itself: live, and the only one that is kept."""
        assert Generations() == Generations(live=FIRST, kept=(FIRST,), before=None)

    def test_a_new_one_is_kept_and_not_live(self) -> None:
        """It has a name that no other ever had."""
        begun = Generations().begun()

        assert (begun.live, begun.kept, begun.newest) == (FIRST, (FIRST, "2"), "2")
        assert begun.without("2").begun().newest == "3"

    def test_one_that_is_still_being_built_cannot_live(self) -> None:
        """Queries would miss what it does not have yet."""
        with pytest.raises(ValueError, match="still being built"):
            Generations().begun().living("2")

    def test_one_that_was_dropped_cannot_be_completed(self) -> None:
        """Whoever built it is told."""
        with pytest.raises(ValueError, match="was dropped"):
            Generations().begun().without("2").completed("2")

    def test_the_one_before_is_remembered_and_kept(self) -> None:
        """So there is a way back, and back again."""
        flipped = Generations().begun().completed("2").living("2")

        assert (flipped.live, flipped.before, flipped.kept) == ("2", FIRST, (FIRST, "2"))
        back = flipped.living(FIRST)
        assert (back.live, back.before, back.kept) == (FIRST, "2", (FIRST, "2"))

    def test_one_that_nobody_keeps_cannot_live(self) -> None:
        """It would answer with what was."""
        with pytest.raises(ValueError, match="not kept"):
            Generations().living("2")

    def test_the_live_one_cannot_be_dropped(self) -> None:
        """Whatever else is kept."""
        with pytest.raises(ValueError, match="is live"):
            Generations().begun().without(FIRST)


class TestAliases:
    async def test_a_change_is_seen_by_others_within_the_time_that_they_remember(
        self, rows: MemoryReadStore, clock: FixedClock
    ) -> None:
        """Not before, if they have just looked; then at once."""
        mine, others = Aliases(rows, clock), Aliases(rows, clock)
        assert (await others.of("tallies")).live == FIRST

        await mine.change("tallies", lambda known: known.begun().completed("2").living("2"))

        assert (await mine.of("tallies")).live == "2"
        assert (await others.of("tallies")).live == FIRST
        clock.advance(seconds=REMEMBERED.total_seconds())
        assert (await others.of("tallies")).live == "2"

    async def test_what_is_remembered_is_not_read_again(
        self, aliases: Aliases, counts: OperationCounts, clock: FixedClock
    ) -> None:
        """One read in that time, however many ask."""
        for _ in range(10):
            await aliases.of("tallies")
            clock.advance(milliseconds=100)

        assert counts.rpcs == {"BatchGetDocuments": 1}

    async def test_what_is_remembered_is_as_old_as_the_question(self, clock: FixedClock) -> None:
        """An answer may be long on its way, and old when it comes: it is remembered from when it was asked for."""
        asked_at = clock.now

        class Slow(MemoryReadStore):
            async def get(self, collection: str, key: str) -> Row | None:
                found = await super().get(collection, key)
                clock.advance(seconds=REMEMBERED.total_seconds() - 1)
                return found

        slow = Aliases(Slow(counted := OperationCounts()), clock)
        await slow.of("tallies")
        clock.now = asked_at + REMEMBERED

        await slow.of("tallies")

        assert counted.rpcs == {"BatchGetDocuments": 2}

    async def test_two_changes_at_once_both_count(self, rows: MemoryReadStore, clock: FixedClock) -> None:
        """The one that comes second changes what the first has made."""
        first, second = Aliases(rows, clock), Aliases(rows, clock)
        interrupted = False

        async def begin_in_between() -> None:
            await second.change("tallies", lambda known: known.begun())

        original = rows.put

        async def put(collection: str, row: object) -> object:
            nonlocal interrupted
            if not interrupted:
                interrupted = True
                await begin_in_between()
            return await original(collection, row)  # type: ignore[arg-type] # passed on as it came

        rows.put = put  # type: ignore[method-assign, assignment] # somebody is faster

        made = await first.change("tallies", lambda known: known.begun())

        assert made.kept == (FIRST, "2", "3")


def _make_live(generation: str, known: Generations) -> Generations:
    return (known if "2" in known.kept else known.begun().completed("2")).living(generation)


class TestLiveRows:
    async def test_queries_follow_the_alias(self, rows: MemoryReadStore, aliases: Aliases) -> None:
        """Get, get many and find look into the live generation, and into the one before after the way back."""
        row = TALLIES.row(
            "tally-1",
            Tally(total=1),
            await append(MemoryEventStore(FixedClock(), OperationCounts()), "tally-1", 1),
            None,
        )
        await rows.put("tallies", row)
        await rows.put(SECOND, replace(row, version=2))
        live = LiveRows(rows, aliases, [TALLIES], MemoryEventStore(FixedClock(), OperationCounts()))
        versions = []

        for generation in (FIRST, "2", FIRST):
            await aliases.change("tallies", partial(_make_live, generation))
            got = await live.get("tallies", "1")
            many = await live.get_many("tallies", ["1"])
            (found,) = await live.find("tallies", Find(where={}, order_by="total"))
            assert got is not None
            versions.append((got.version, many["1"].version, found.version))

        assert versions == [(1, 1, 1), (2, 2, 2), (1, 1, 1)]

    async def test_other_collections_have_no_alias(
        self, rows: MemoryReadStore, aliases: Aliases, counts: OperationCounts
    ) -> None:
        """They are what their name says, and nothing is looked up for them."""
        await LiveRows(rows, aliases, [TALLIES], MemoryEventStore(FixedClock(), OperationCounts())).get("others", "1")

        assert counts.documents_read == 1


class TestProjectors:
    async def test_a_commit_reaches_every_kept_generation(
        self, projectors: Projectors[Added, Tally], rows: MemoryReadStore, aliases: Aliases, store: MemoryEventStore
    ) -> None:
        """Also what came before the generation was begun: the log fills the gap."""
        await projectors.deliver(await append(store, "tally-1", 3))
        await aliases.change("tallies", lambda known: known.begun())

        outcome = await projectors.deliver(await append(store, "tally-1", 4))

        assert (outcome, await total(rows, "tallies"), await total(rows, SECOND)) == (Outcome.APPLIED, 7, 7)

    async def test_the_sweep_heals_every_kept_generation(
        self, projectors: Projectors[Added, Tally], rows: MemoryReadStore, aliases: Aliases, store: MemoryEventStore
    ) -> None:
        """Each from where it is."""
        await aliases.change("tallies", lambda known: known.begun())
        await append(store, "tally-1", 3)

        await projectors.heal("tally-1", 1)

        assert (await total(rows, "tallies"), await total(rows, SECOND)) == (3, 3)

    async def test_one_that_is_dropped_is_written_to_no_more(
        self, projectors: Projectors[Added, Tally], rows: MemoryReadStore, aliases: Aliases, store: MemoryEventStore
    ) -> None:
        """From the moment on at which the instance knows."""
        await aliases.change("tallies", lambda known: known.begun())
        await aliases.change("tallies", lambda known: known.without("2"))

        await projectors.deliver(await append(store, "tally-1", 3))

        assert (await total(rows, "tallies"), await total(rows, SECOND)) == (3, None)
