"""Categories that keep their states: nothing is folded, and everything else is as it is elsewhere."""

import asyncio
from dataclasses import replace

import pytest

from shared.adapters.memory.event_store import MemoryEventStore
from shared.eventsourcing.command_handler import CommandHandler, Policy
from shared.eventsourcing.decider import COMMITS_OF_KEPT_STATES, Decider
from shared.eventsourcing.errors import CorruptDataError, DomainError, TooLargeError, TopologyError
from shared.eventsourcing.event_store import OperationCounts, Position
from shared.eventsourcing.streams import Decided, Streams
from shared.testing.conformance.states import keep
from shared.testing.doubles import RecordingPublisher
from tests.unit.kit.conftest import context
from tests.unit.kit.store_room import Move, Moved, Stock, announcers, joint_on, moving, no_pause, stock_decider

STOCK = stock_decider(keeps_state=True)
Handler = CommandHandler[Move, Moved, Stock]


def handler_on(store: MemoryEventStore, topics: RecordingPublisher) -> Handler:
    announcer = announcers(topics, keeps_state=True)["stock"][1]
    return CommandHandler(STOCK, store, announcer, Policy(pause=no_pause))


@pytest.fixture
def handler(store: MemoryEventStore, topics: RecordingPublisher) -> Handler:
    return handler_on(store, topics)


async def kept(store: MemoryEventStore, stream: str = "stock-a") -> tuple[int, bytes]:
    state = await store.get(stream)
    assert state is not None
    return state.version, state.body


async def test_the_state_is_kept_with_the_commit(
    handler: Handler, store: MemoryEventStore, topics: RecordingPublisher
) -> None:
    """Whole, as of the commit's version; the commit is published as any other."""
    await handler.handle("stock-a", Move(by=5), context("k1"))
    await handler.handle("stock-a", Move(by=-2), context("k2"))

    assert await kept(store) == (2, b'{"left":3}')
    assert [message.id for message in topics.on("inventory-commits")] == ["stock-a@1", "stock-a@2"]


async def test_a_cold_command_reads_one_document(
    handler: Handler, store: MemoryEventStore, topics: RecordingPublisher, counts: OperationCounts
) -> None:
    """However many commits there were before."""
    for n in range(30):
        await handler.handle("stock-a", Move(by=1), context(f"k{n}"))
    counts.rpcs.clear()
    counts.documents_read = 0

    handled = await handler_on(store, topics).handle("stock-a", Move(by=1), context("k"))

    assert handled.version == 31
    assert (counts.rpcs, counts.documents_read) == ({"BatchGetDocuments": 1, "Commit": 1}, 1)


async def test_a_warm_command_reads_nothing(handler: Handler, counts: OperationCounts) -> None:
    """One commit request: commit, outbox row and state."""
    await handler.handle("stock-a", Move(by=5), context("k1"))
    counts.rpcs.clear()
    counts.documents_read = counts.documents_written = 0

    await handler.handle("stock-a", Move(by=1), context("k2"))

    assert counts == OperationCounts(rpcs={"Commit": 1}, documents_written=3)


async def test_a_lost_race_is_decided_on_the_state_that_won(
    handler: Handler, store: MemoryEventStore, topics: RecordingPublisher
) -> None:
    """Sixteen instances that write one stream at once all get through, once each."""
    await handler.handle("stock-a", Move(by=15), context("k"))
    instances = [handler_on(store, topics) for _ in range(16)]

    results = await asyncio.gather(
        *(each.handle("stock-a", Move(by=-1), context(f"k{n}")) for n, each in enumerate(instances)),
        return_exceptions=True,
    )

    assert await kept(store) == (16, b'{"left":0}')
    assert sum(isinstance(result, DomainError) for result in results) == 1


async def test_a_state_is_too_large_only_as_the_store_has_it(
    handler: Handler, store: MemoryEventStore, topics: RecordingPublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an instance remembers may have become smaller since: nobody is refused for that."""
    monkeypatch.setattr("shared.eventsourcing.streams.MAX_COMMIT_BYTES", len(b'{"left":99}'))
    await handler.handle("stock-a", Move(by=95), context("k1"))
    await handler_on(store, topics).handle("stock-a", Move(by=-90), context("k2"))

    await handler.handle("stock-a", Move(by=10), context("k3"))

    assert await kept(store) == (3, b'{"left":15}')
    with pytest.raises(TooLargeError):
        await handler.handle("stock-a", Move(by=90), context("k4"))


async def test_states_of_several_targets_are_read_together(
    store: MemoryEventStore, topics: RecordingPublisher, counts: OperationCounts
) -> None:
    """One request for all of them."""
    moves = [(f"{n}", 1) for n in range(100)]
    await joint_on(store, topics, keeps_state=True).handle(moving(*moves), context("k1"))
    counts.rpcs.clear()

    await joint_on(store, topics, keeps_state=True).handle(moving(*moves), context("k2"))

    assert counts.rpcs == {"BatchGetDocuments": 1, "Commit": 1}


async def test_a_state_that_does_not_fit_its_type_is_corrupt_data(handler: Handler, store: MemoryEventStore) -> None:
    """There is nothing to fold it from again: nobody may go on from an empty state instead."""
    await keep(store, Position("stock-a", 0), state=b'{"left":"many"}')

    with pytest.raises(CorruptDataError, match="stock-a@1"):
        await handler.handle("stock-a", Move(by=1), context("k1"))


async def test_a_state_has_a_limit(store: MemoryEventStore, topics: RecordingPublisher) -> None:
    """It must fit a document."""

    class Labelled(Stock):
        label: str = "x" * 1_000_000

    decider = replace(STOCK, state_type=Labelled)
    streams = Streams(decider, announcers(topics)["stock"][1], store)

    with pytest.raises(TooLargeError, match="stock-a"):
        streams.draft(Position("stock-a", 0), Decided([Moved(by=1)], Labelled()), context("k1"))


async def test_only_their_commits_expire(store: MemoryEventStore, topics: RecordingPublisher) -> None:
    """Where the log is the truth, it is kept for ever."""
    moved = Decided([Moved(by=1)], Stock(left=1))
    announcer = announcers(topics)["stock"][1]

    kept, folded = (
        Streams(decider, announcer, store).draft(Position("stock-a", 0), moved, context("k1")).new
        for decider in (STOCK, stock_decider())
    )

    assert (kept.expires_after, folded.expires_after, folded.state) == (COMMITS_OF_KEPT_STATES, None, None)


def test_they_have_no_snapshots() -> None:
    """A snapshot beside the whole state would be the same thing twice."""
    with pytest.raises(TopologyError, match="stock"):
        Decider(
            category="stock",
            decide=STOCK.decide,
            evolve=STOCK.evolve,
            initial_state=Stock,
            state_type=Stock,
            codec=STOCK.codec,
            keeps_state=True,
            snapshot_every=10,
        )
