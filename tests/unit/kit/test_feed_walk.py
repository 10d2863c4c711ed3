"""The catch-up sweep, and walks over the feed in general."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from shared.adapters.memory.checkpoints import MemoryCheckpoints
from shared.adapters.memory.dead_letters import MemoryDeadLetters
from shared.adapters.memory.event_store import MemoryEventStore
from shared.adapters.memory.read_store import MemoryReadStore
from shared.eventsourcing.event_store import OperationCounts
from shared.eventsourcing.feed_walk import FeedWalk, Visit, WalkReport, heal
from shared.eventsourcing.projector import Projector
from shared.testing.doubles import FixedClock
from tests.unit.kit.conftest import TALLIES, Added, Tally, append

LAG = timedelta(seconds=10)


@pytest.fixture
def rows() -> MemoryReadStore:
    return MemoryReadStore(OperationCounts())


@pytest.fixture
def projector(store: MemoryEventStore, rows: MemoryReadStore, clock: FixedClock) -> Projector[Added, Tally]:
    return Projector(TALLIES, store, rows, MemoryDeadLetters(), clock)


def walk(
    store: MemoryEventStore,
    clock: FixedClock,
    visit: Visit,
    checkpoints: MemoryCheckpoints | None = None,
    page: int = 500,
) -> FeedWalk:
    return FeedWalk(
        name="sweep",
        category="tally",
        behind=LAG,
        visit=visit,
        log=store,
        checkpoints=checkpoints or MemoryCheckpoints(),
        clock=clock,
        page=page,
    )


async def test_a_lost_last_message_is_healed(
    store: MemoryEventStore, clock: FixedClock, rows: MemoryReadStore, projector: Projector[Added, Tally]
) -> None:
    """The end of a stream that no message announced is found by the sweep."""
    await projector.deliver(await append(store, "tally-1", 3))
    await append(store, "tally-1", 4)
    clock.advance(seconds=11)

    report = await walk(store, clock, heal(projector)).run()

    row = await rows.get("tallies", "1")
    assert (report, row and row.version) == (WalkReport(read=2, changed=1), 2)


async def test_a_new_projection_gets_everything(
    store: MemoryEventStore, clock: FixedClock, rows: MemoryReadStore, projector: Projector[Added, Tally]
) -> None:
    """A read model that never was is filled from the beginning of the log."""
    for n in range(40):
        await append(store, f"tally-{n}", 1)
    clock.advance(seconds=11)

    report = await walk(store, clock, heal(projector)).run()

    assert report == WalkReport(read=40, changed=40)


async def test_what_is_current_is_left_alone(
    store: MemoryEventStore, clock: FixedClock, projector: Projector[Added, Tally]
) -> None:
    """The sweep changes nothing where nothing was lost."""
    await projector.deliver(await append(store, "tally-1", 3))
    clock.advance(seconds=11)

    assert (await walk(store, clock, heal(projector)).run()).changed == 0


async def test_the_last_seconds_are_left_for_later(
    store: MemoryEventStore, clock: FixedClock, projector: Projector[Added, Tally]
) -> None:
    """Within the safety lag a commit may not be visible yet: the walk does not pass it."""
    await append(store, "tally-1", 3)
    clock.advance(seconds=9)

    assert (await walk(store, clock, heal(projector)).run()).read == 0


async def test_trouble_in_one_shard_does_not_stop_the_others(store: MemoryEventStore, clock: FixedClock) -> None:
    """Whatever happens with one stream, the walk goes on to the other shards, and says so in the end."""
    visited: list[str] = []

    async def visit(ends: Mapping[str, int]) -> int:
        visited.extend(ends)
        if "tally-3" in ends:
            raise RuntimeError("third")
        return 0

    for n in range(40):
        await append(store, f"tally-{n}", 1)
    clock.advance(seconds=11)

    with pytest.raises(RuntimeError, match="third"):
        await walk(store, clock, visit).run()

    assert len(visited) == 40


async def test_each_commit_is_read_once(store: MemoryEventStore, clock: FixedClock) -> None:
    """A walk goes on where the last one ended."""
    checkpoints = MemoryCheckpoints()
    visited: list[dict[str, int]] = []

    async def visit(ends: Mapping[str, int]) -> int:
        visited.append(dict(ends))
        return 0

    for _ in range(2):
        await append(store, "tally-1", 1)
        clock.advance(seconds=11)
        await walk(store, clock, visit, checkpoints).run()
    await walk(store, clock, visit, checkpoints).run()

    assert visited == [{"tally-1": 1}, {"tally-1": 2}]


async def test_a_walk_that_is_cut_off_goes_on(store: MemoryEventStore, clock: FixedClock) -> None:
    """A page that was visited is not visited again after a crash in a later one."""
    checkpoints = MemoryCheckpoints()
    visited: list[dict[str, int]] = []

    async def visit(ends: Mapping[str, int]) -> int:
        if len(visited) == 1:
            visited.append({})
            raise RuntimeError("killed")
        visited.append(dict(ends))
        return 0

    for _ in range(4):
        await append(store, "tally-1", 1)
    clock.advance(seconds=11)
    with pytest.raises(RuntimeError):
        await walk(store, clock, visit, checkpoints, page=2).run()
    await walk(store, clock, visit, checkpoints, page=2).run()

    assert visited == [{"tally-1": 2}, {}, {"tally-1": 4}]
