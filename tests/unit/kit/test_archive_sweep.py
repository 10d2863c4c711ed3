"""The sweep fills the archive, and proves it complete."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from shared.adapters.memory import MemoryCheckpoints, MemoryEventStore
from shared.eventsourcing.archive import UNREADABLE, ArchivedEvent, rows_of
from shared.eventsourcing.archive_sweep import ArchiveSweep, SweepReport
from shared.eventsourcing.errors import RefusedError, UnavailableError
from shared.eventsourcing.event_store import OperationCounts, Position
from shared.testing.conformance.samples import new_commit, write
from shared.testing.doubles import NOON, FixedClock
from tests.unit.kit.escaped_order import EscapedOrder

LAG = timedelta(seconds=10)


@dataclass
class ListArchive:
    """Remembers rows, and what it was asked for; one category can be out of order, some ids refused."""

    rows: list[ArchivedEvent] = field(default_factory=list)
    asked: list[Sequence[str]] = field(default_factory=list)
    down: str = ""
    refuses: frozenset[str] = frozenset()

    async def write(self, events: Sequence[ArchivedEvent]) -> None:
        """What is refused is refused for its data: a marker has none."""
        refused = {n: "no" for n, row in enumerate(events) if row.id in self.refuses and row.type != UNREADABLE}
        self.rows += [row for place, row in enumerate(events) if place not in refused]
        if refused:
            raise RefusedError(refused)

    async def missing(self, category: str, ids: Sequence[str], *, since: datetime) -> set[str]:
        if category == self.down:
            raise UnavailableError("out of order")
        self.asked.append(ids)
        return set(ids) - {row.id for row in self.rows if row.occurred_at >= since}

    @property
    def ids(self) -> list[str]:
        return sorted(row.id for row in self.rows)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def log(clock: FixedClock) -> MemoryEventStore:
    return MemoryEventStore(clock, OperationCounts())


@pytest.fixture
def archive() -> ListArchive:
    return ListArchive()


@pytest.fixture
def sweep(log: MemoryEventStore, archive: ListArchive, clock: FixedClock) -> ArchiveSweep:
    return ArchiveSweep(
        categories=("cart", "order"),
        behind=LAG,
        log=log,
        archive=archive,
        checkpoints=MemoryCheckpoints(),
        clock=clock,
    )


async def written(log: MemoryEventStore, clock: FixedClock, stream: str, commits: int = 1) -> None:
    """Long enough ago to be swept."""
    await write(log, stream, commits)
    clock.advance(seconds=11)


async def test_what_is_missing_is_written(
    sweep: ArchiveSweep, log: MemoryEventStore, archive: ListArchive, clock: FixedClock
) -> None:
    """And nothing else: what a sweep wrote that was cut off is there already."""
    await written(log, clock, "cart-1", 3)
    commits = [commit async for commit in log.read("cart-1")]
    await archive.write(rows_of(commits[1:2]))

    report = await sweep.run()

    assert report == SweepReport(read=3, written=2)
    assert archive.ids == ["cart-1@1.0", "cart-1@2.0", "cart-1@3.0"]


async def test_a_fast_clock_proves_nothing(sweep: ArchiveSweep, log: MemoryEventStore, archive: ListArchive) -> None:
    """What is proven complete ends at the log's present, not at an instance's: the youngest commits are still ahead."""
    await write(log, "cart-1", 1)

    report = await replace(sweep, clock=FixedClock(NOON + timedelta(hours=1))).run()

    assert (report.read, archive.ids) == (0, [])


async def test_every_category_is_swept(
    sweep: ArchiveSweep, log: MemoryEventStore, archive: ListArchive, clock: FixedClock
) -> None:
    """Of those it was told."""
    for stream in ("cart-1", "order-1", "other-1"):
        await written(log, clock, stream)

    await sweep.run()

    assert archive.ids == ["cart-1@1.0", "order-1@1.0"]


async def test_what_was_proven_is_not_asked_for_again(
    sweep: ArchiveSweep, log: MemoryEventStore, archive: ListArchive, clock: FixedClock
) -> None:
    """The checkpoint says how far it is complete; where nothing is new nothing is asked."""
    await written(log, clock, "cart-1")
    await sweep.run()
    archive.asked.clear()

    assert await sweep.run() == SweepReport()
    assert archive.asked == []


async def test_what_may_still_come_before_others_waits(
    sweep: ArchiveSweep, log: MemoryEventStore, archive: ListArchive
) -> None:
    """Commits become visible in another order than that of their times, for a moment."""
    await write(log, "cart-1")

    assert await sweep.run() == SweepReport()


async def test_each_page_is_proven_by_itself(
    sweep: ArchiveSweep, log: MemoryEventStore, archive: ListArchive, clock: FixedClock
) -> None:
    """Memory and the size of a question are bounded."""
    await written(log, clock, "cart-1", 5)

    report = await replace(sweep, page=2).run()

    assert ([len(ids) for ids in archive.asked], report.read) == ([2, 2, 1], 5)


async def test_a_sweep_ends_when_its_time_is_over(
    sweep: ArchiveSweep, log: MemoryEventStore, archive: ListArchive, clock: FixedClock
) -> None:
    """With its page; the next one goes on there."""
    await written(log, clock, "cart-1", 3)
    hasty = replace(sweep, page=2, patience=timedelta(0))

    reports = [await hasty.run(), await hasty.run()]

    assert [report.read for report in reports] == [2, 1]


async def test_a_sweep_gets_past_what_cannot_be_read(
    sweep: ArchiveSweep, archive: ListArchive, clock: FixedClock
) -> None:
    """Also where the store orders names in its own way: it is counted, and not come upon again."""
    log = EscapedOrder(clock, OperationCounts())
    streams = ["cart-auth0|b", "cart-auth05", "cart-auth06"]
    await log.append([new_commit(Position(stream, 0)) for stream in streams])
    log._streams["cart-auth05"][0] = (log._streams["cart-auth05"][0][0], b"{")
    clock.advance(seconds=11)
    sweep = replace(sweep, log=log)

    assert await sweep.run() == SweepReport(read=2, written=3, unreadable=1)
    assert await sweep.run() == SweepReport()


async def test_trouble_with_one_category_is_not_that_of_others(
    sweep: ArchiveSweep, log: MemoryEventStore, archive: ListArchive, clock: FixedClock
) -> None:
    """It is told in the end, and the next sweep comes by again."""
    await written(log, clock, "cart-1")
    await written(log, clock, "order-1")
    archive.down = "cart"

    with pytest.raises(UnavailableError):
        await sweep.run()
    before = archive.ids
    archive.down = ""
    await sweep.run()

    assert (before, archive.ids) == (["order-1@1.0"], ["cart-1@1.0", "order-1@1.0"])


async def test_a_row_that_is_refused_holds_up_no_other(
    sweep: ArchiveSweep, log: MemoryEventStore, archive: ListArchive, clock: FixedClock
) -> None:
    """It is counted and told; a marker lies in its place, and the sweep goes on behind it."""
    await written(log, clock, "cart-1", 5)
    archive.refuses, told = frozenset({"cart-1@2.0"}), list[tuple[str, str]]()
    loud = replace(sweep, page=3, tell=lambda *said: told.append(said))

    reports = [await loud.run(), await loud.run()]

    assert reports == [SweepReport(read=5, written=4, refused=1), SweepReport()]
    assert archive.ids == [f"cart-1@{version}.0" for version in range(1, 6)]
    assert [row.id for row in archive.rows if row.type == UNREADABLE] == ["cart-1@2.0"]
    assert told == [("ERROR", "the archive refuses cart-1@2.0: no")]


async def test_a_marker_that_is_refused_holds_up_nobody_either(
    sweep: ArchiveSweep, log: MemoryEventStore, clock: FixedClock
) -> None:
    """Nothing is left to try: it was told."""

    class Never(ListArchive):
        async def write(self, events: Sequence[ArchivedEvent]) -> None:
            raise RefusedError(dict.fromkeys(range(len(events)), "no"))

    await written(log, clock, "cart-1", 2)

    assert await replace(sweep, archive=Never()).run() == SweepReport(read=2, refused=2)


async def test_a_commit_that_nobody_can_read_is_marked(
    sweep: ArchiveSweep, log: MemoryEventStore, archive: ListArchive, clock: FixedClock
) -> None:
    """Its absence at the end of a stream would leave no gap: a replay would not look for it in the log."""
    await written(log, clock, "cart-1", 3)
    recorded_at, _ = log._streams["cart-1"][2]
    log._streams["cart-1"][2] = (recorded_at, b"{broken")

    reports = [await sweep.run(), await sweep.run()]

    assert reports == [SweepReport(read=2, written=3, unreadable=1), SweepReport()]
    (marker,) = [row for row in archive.rows if row.type == UNREADABLE]
    assert (marker.id, marker.stream, marker.version, marker.index, marker.size, marker.data) == (
        "cart-1@3.0",
        "cart-1",
        3,
        0,
        1,
        "null",
    )
    assert marker.occurred_at == marker.recorded_at == recorded_at
