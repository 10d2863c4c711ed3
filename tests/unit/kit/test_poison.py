"""A commit that nobody can read, a document that no store takes: the other streams do not notice."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from shared.adapters.memory.checkpoints import MemoryCheckpoints
from shared.adapters.memory.dead_letters import MemoryDeadLetters
from shared.adapters.memory.event_store import MemoryEventStore
from shared.adapters.memory.read_store import MemoryReadStore
from shared.eventsourcing.errors import CorruptDataError, TooLargeError
from shared.eventsourcing.event_store import OperationCounts
from shared.eventsourcing.feed_walk import FeedWalk, WalkReport
from shared.eventsourcing.projection import Row
from shared.eventsourcing.projector import Outcome, Projector
from shared.eventsourcing.relay import Relay, RelayReport
from shared.testing.doubles import FixedClock, RecordingPublisher
from tests.unit.kit.conftest import PUBLICATION, TALLIES, append
from tests.unit.kit.test_relay import Seen

POISONED, NEIGHBOUR = "tally-1", "tally-10"


@pytest.fixture
async def poisoned(store: MemoryEventStore, clock: FixedClock) -> None:
    """The older of two streams begins with bytes that are no commit; it is an hour later now."""
    await append(store, POISONED, 1)
    clock.advance(seconds=1)
    await append(store, NEIGHBOUR, 2)
    recorded_at, _ = store._streams[POISONED][0]
    store._streams[POISONED][0] = (recorded_at, b"{")
    clock.advance(hours=1)


@pytest.mark.usefixtures("poisoned")
async def test_a_walk_reads_past_it(store: MemoryEventStore, clock: FixedClock) -> None:
    """Both streams are visited: the visit of the bad one is the one that finds out."""
    visited: dict[str, int] = {}

    async def visit(stream: str, version: int) -> bool:
        visited[stream] = version
        return False

    walk = FeedWalk(
        name="sweep",
        category="tally",
        behind=timedelta(minutes=1),
        visit=visit,
        log=store,
        checkpoints=MemoryCheckpoints(),
    )

    assert (await walk.run(), visited) == (WalkReport(read=2, changed=0), {POISONED: 1, NEIGHBOUR: 1})
    assert await walk.run() == WalkReport(read=0, changed=0)


@pytest.mark.usefixtures("poisoned")
async def test_the_relay_goes_on_to_the_others(
    store: MemoryEventStore, topics: RecordingPublisher, clock: FixedClock
) -> None:
    """What the bad stream owes stays owed and is reported; the others are sent."""
    relay = Relay(
        (PUBLICATION,),
        (),
        log=store,
        outbox=store,
        subscriber=Seen(topics),
        publisher=topics,
        checkpoints=MemoryCheckpoints(),
        clock=clock,
    )

    assert await relay.run() == RelayReport(settled=0, sent=1, stuck=1)
    assert [message.id for _, message in topics.sent] == [f"{NEIGHBOUR}@1"]


@pytest.mark.parametrize("error", [TooLargeError("1 MiB"), CorruptDataError("no such time")])
async def test_a_document_that_cannot_be_stored_parks_its_stream(
    store: MemoryEventStore, clock: FixedClock, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trying again would not help, so nobody waits for it."""

    async def refuse(rows: Mapping[str, Row]) -> Mapping[str, Row]:
        raise error

    rows, dead_letters = MemoryReadStore(OperationCounts()), MemoryDeadLetters()
    monkeypatch.setattr(rows, "put_all", refuse)
    projector = Projector(TALLIES, store, rows, dead_letters, clock)

    outcome = await projector.deliver(await append(store, POISONED, 1))

    parked = await dead_letters.parked("tally.tallies", POISONED)
    assert outcome is Outcome.PARKED
    assert parked is not None
    assert parked.version == 1
