"""The catch-up sweep, and walks over the feed in general."""

import asyncio
from datetime import timedelta

import pytest

from shared.adapters.memory.checkpoints import MemoryCheckpoints
from shared.adapters.memory.dead_letters import MemoryDeadLetters
from shared.adapters.memory.event_store import MemoryEventStore
from shared.adapters.memory.read_store import MemoryReadStore
from shared.eventsourcing.errors import CorruptDataError
from shared.eventsourcing.event_store import OperationCounts, Position
from shared.eventsourcing.feed_walk import FeedWalk, Visit, WalkReport, heal
from shared.eventsourcing.message import shard_of, shards_of
from shared.eventsourcing.projector import Projector
from shared.testing.conformance.samples import new_commit
from shared.testing.doubles import FixedClock
from tests.bench.meter import Meter
from tests.unit.kit.conftest import TALLIES, Added, Tally, append
from tests.unit.kit.escaped_order import EscapedOrder

LAG = timedelta(seconds=10)


@pytest.fixture
def rows() -> MemoryReadStore:
    return MemoryReadStore(OperationCounts())


@pytest.fixture
def projector(store: MemoryEventStore, rows: MemoryReadStore, clock: FixedClock) -> Projector[Added, Tally]:
    return Projector(TALLIES, store, rows, MemoryDeadLetters(), clock)


def walk(
    store: MemoryEventStore,
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
        page=page,
    )


async def test_a_lost_last_message_is_healed(
    store: MemoryEventStore, clock: FixedClock, rows: MemoryReadStore, projector: Projector[Added, Tally]
) -> None:
    """The end of a stream that no message announced is found by the sweep."""
    await projector.deliver(await append(store, "tally-1", 3))
    await append(store, "tally-1", 4)
    clock.advance(seconds=11)

    report = await walk(store, heal(projector)).run()

    row = await rows.get("tallies", "1")
    assert (report, row and row.version) == (WalkReport(read=2, changed=1), 2)


async def test_a_new_projection_gets_everything(
    store: MemoryEventStore, clock: FixedClock, rows: MemoryReadStore, projector: Projector[Added, Tally]
) -> None:
    """A read model that never was is filled from the beginning of the log."""
    for n in range(40):
        await append(store, f"tally-{n}", 1)
    clock.advance(seconds=11)

    report = await walk(store, heal(projector)).run()

    assert report == WalkReport(read=40, changed=40)


async def test_what_is_current_is_left_alone(
    store: MemoryEventStore, clock: FixedClock, projector: Projector[Added, Tally]
) -> None:
    """The sweep changes nothing where nothing was lost."""
    await projector.deliver(await append(store, "tally-1", 3))
    clock.advance(seconds=11)

    assert (await walk(store, heal(projector)).run()).changed == 0


async def test_the_last_seconds_are_left_for_later(
    store: MemoryEventStore, clock: FixedClock, projector: Projector[Added, Tally]
) -> None:
    """Within the safety lag a commit may not be visible yet: the walk does not pass it."""
    await append(store, "tally-1", 3)
    clock.advance(seconds=9)

    assert (await walk(store, heal(projector)).run()).read == 0


class Visitor:
    """Notes what it visits; has trouble with `bad`, which it calls by its name if it is not told what it is."""

    def __init__(self, bad: str = "", trouble: Exception | None = None) -> None:
        self.bad = bad
        self.trouble = trouble or RuntimeError(bad)
        self.visited: list[tuple[str, int]] = []

    async def __call__(self, stream: str, version: int) -> bool:
        self.visited.append((stream, version))
        if stream == self.bad:
            raise self.trouble
        return False


async def test_trouble_with_one_stream_does_not_stop_the_others(store: MemoryEventStore, clock: FixedClock) -> None:
    """Whatever happens with one stream, the walk goes on to the others, on its page and behind, and says so."""
    visitor = Visitor(bad="tally-3")
    for n in range(40):
        await append(store, f"tally-{n}", 1)
    clock.advance(seconds=11)

    with pytest.raises(RuntimeError, match="tally-3"):
        await walk(store, visitor, page=10).run()

    assert visitor.visited == [(f"tally-{n}", 1) for n in range(40)]


async def test_a_walk_comes_back_to_trouble(store: MemoryEventStore, clock: FixedClock) -> None:
    """What lies before the page with the trouble is done; that page and what lies behind it is visited again."""
    checkpoints, visitor = MemoryCheckpoints(), Visitor(bad="tally-3")
    for n in range(8):
        await append(store, f"tally-{n}", 1)
    clock.advance(seconds=11)
    with pytest.raises(RuntimeError):
        await walk(store, visitor, checkpoints, page=2).run()

    again = Visitor()
    await walk(store, again, checkpoints, page=2).run()

    assert again.visited == [(f"tally-{n}", 1) for n in range(2, 8)]


async def test_a_stream_that_cannot_be_understood_is_passed_by(store: MemoryEventStore, clock: FixedClock) -> None:
    """The others are visited, and no later walk comes back for it."""
    checkpoints, visitor = MemoryCheckpoints(), Visitor(bad="tally-0", trouble=CorruptDataError("for the test"))
    for n in range(2):
        await append(store, f"tally-{n}", 1)
    clock.advance(seconds=11)

    first = await walk(store, visitor, checkpoints).run()
    second = await walk(store, visitor, checkpoints).run()

    assert (first.read, second.read, visitor.visited) == (2, 0, [("tally-0", 1), ("tally-1", 1)])


async def test_a_quiet_stream_is_not_passed_by_a_busy_one(store: MemoryEventStore, clock: FixedClock) -> None:
    """One place serves all shards: what is written anywhere after a walk is found by the next one."""
    checkpoints, visitor = MemoryCheckpoints(), Visitor()
    streams = [f"tally-{n}" for n in range(40)]
    assert {shard_of(stream) for stream in streams} == set(shards_of("tally"))
    for stream in streams:
        await append(store, "tally-busy", 1)
        await append(store, stream, 1)
        clock.advance(seconds=11)
        await walk(store, visitor, checkpoints).run()

    assert [stream for stream, _ in visitor.visited if stream != "tally-busy"] == streams


async def test_a_walk_that_finds_nothing_costs_three_reads(
    store: MemoryEventStore, counts: OperationCounts, clock: FixedClock
) -> None:
    """Two gets and a query, however many shards there are; nothing is written."""
    checkpoints, meter = MemoryCheckpoints(counts), Meter(counts)
    await append(store, "tally-1", 1)
    clock.advance(seconds=11)
    await walk(store, Visitor(), checkpoints).run()

    await meter.of("idle", walk(store, Visitor(), checkpoints).run())

    nothing = OperationCounts(rpcs={"BatchGetDocuments": 2, "RunQuery": 1}, documents_read=3)
    assert meter.found["idle"].counts == nothing


async def test_each_commit_is_read_once(store: MemoryEventStore, clock: FixedClock) -> None:
    """A walk goes on where the last one ended."""
    checkpoints, visitor = MemoryCheckpoints(), Visitor()

    for _ in range(2):
        await append(store, "tally-1", 1)
        clock.advance(seconds=11)
        await walk(store, visitor, checkpoints).run()
    await walk(store, visitor, checkpoints).run()

    assert visitor.visited == [("tally-1", 1), ("tally-1", 2)]


async def test_a_walk_that_is_cut_off_goes_on(store: MemoryEventStore, clock: FixedClock) -> None:
    """A page that was visited is not visited again after the function was killed in a later one."""
    checkpoints, visitor = MemoryCheckpoints(), Visitor()

    async def killed(stream: str, version: int) -> bool:
        if visitor.visited:
            raise asyncio.CancelledError
        return await visitor(stream, version)

    for _ in range(4):
        await append(store, "tally-1", 1)
    clock.advance(seconds=11)
    with pytest.raises(asyncio.CancelledError):
        await walk(store, killed, checkpoints, page=2).run()
    await walk(store, visitor, checkpoints, page=2).run()

    assert visitor.visited == [("tally-1", 2), ("tally-1", 4)]


async def test_a_walk_gets_past_unreadable_commits_of_any_name(clock: FixedClock, counts: OperationCounts) -> None:
    """However the store orders names, and however many of them stand side by side, recorded at the same time."""
    store, checkpoints, visitor = EscapedOrder(clock, counts), MemoryCheckpoints(), Visitor()
    streams = ["tally-auth0|b", "tally-auth0|c", "tally-auth05", "tally-auth06"]
    await store.append([new_commit(Position(stream, 0)) for stream in streams])
    for stream in streams[1:3]:
        store._streams[stream][0] = (store._streams[stream][0][0], b"{")
    clock.advance(seconds=11)

    report = await walk(store, visitor, checkpoints, page=1).run()

    assert report.read == 4
    assert [stream for stream, _ in visitor.visited] == streams
