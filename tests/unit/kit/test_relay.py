"""The proof of publication."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from shared.adapters.memory.checkpoints import MemoryCheckpoints
from shared.adapters.memory.event_store import MemoryEventStore
from shared.eventsourcing.codec import encode_commit
from shared.eventsourcing.event_store import NewCommit, OperationCounts, start_of
from shared.eventsourcing.message import StoredEvent
from shared.eventsourcing.publishing import Message
from shared.eventsourcing.relay import Relay, RelayReport
from shared.testing.doubles import FixedClock, RecordingPublisher
from tests.bench.meter import Meter
from tests.unit.kit.conftest import PUBLICATION, append, context, handler_on
from tests.unit.kit.conftest import Add as AddCommand

PATIENCE = timedelta(minutes=1)
PUBLIC = 10


@dataclass
class Pulled:
    message: Message
    ack_id: str

    @property
    def attributes(self) -> dict[str, str]:
        return self.message.attributes

    @property
    def data(self) -> bytes:
        return self.message.data


@dataclass
class Seen:
    """The relay's own subscriptions: everything on the topics, until acknowledged."""

    topics: RecordingPublisher
    acknowledged: set[str] = field(default_factory=set)

    async def pull(self, subscription: str) -> AsyncIterator[Sequence[Pulled]]:
        sent = [m for topic, m in self.topics.sent if subscription == f"{topic}-relay"]
        batch = [Pulled(m, f"{subscription}/{m.id}") for m in sent]
        waiting = [pulled for pulled in batch if pulled.ack_id not in self.acknowledged]
        if waiting:
            yield waiting

    async def acknowledge(self, subscription: str, ack_ids: Sequence[str]) -> None:
        self.acknowledged.update(ack_ids)


@pytest.fixture
def ages() -> list[float]:
    """What the relay tells of the oldest."""
    return []


@pytest.fixture
def relay(
    store: MemoryEventStore,
    counts: OperationCounts,
    topics: RecordingPublisher,
    clock: FixedClock,
    ages: list[float],
) -> Relay:
    return relay_of(store, topics, clock, counts, aged=ages.append)


def relay_of(
    store: MemoryEventStore, topics: RecordingPublisher, clock: FixedClock, counts: OperationCounts, **more: Any
) -> Relay:
    """The relay of a service with two categories."""
    return Relay(
        (PUBLICATION, replace(PUBLICATION, category="score")),
        ("tally-commits-relay", "tally-events-relay"),
        log=store,
        outbox=store,
        subscriber=Seen(topics),
        publisher=topics,
        checkpoints=MemoryCheckpoints(counts),
        clock=clock,
        patience=PATIENCE,
        **more,
    )


async def owed(store: MemoryEventStore, clock: FixedClock) -> set[str]:
    later = clock() + timedelta(days=1)
    return {row.message_id async for row in store.owed("tally", since=None, before=later)}


async def append_unreadable(store: MemoryEventStore, stream: str) -> None:
    """A commit of an event that nobody knows."""
    body = encode_commit(stream, 1, context("bad"), [StoredEvent("Unknown.v1", {})])
    new = NewCommit(position=start_of(stream), body=body, owed=[f"{stream}@1"])
    await store.append([new])


async def test_a_commit_owes_its_messages(store: MemoryEventStore, clock: FixedClock) -> None:
    """From the moment of the append, what must be published is written down."""
    await append(store, "tally-1", PUBLIC)

    assert await owed(store, clock) == {"tally-1@1", "tally-1@1.0"}


async def test_a_message_that_was_seen_is_settled(
    relay: Relay, store: MemoryEventStore, topics: RecordingPublisher, clock: FixedClock
) -> None:
    """A row goes when its message was seen on its topic."""
    await handler_on(store, topics).handle("tally-1", AddCommand(by=PUBLIC), context("k1"))

    report = await relay.run()

    assert (report, await owed(store, clock)) == (RelayReport(settled=2, sent=0), set())


async def test_a_message_that_was_never_sent_is_sent(
    relay: Relay, store: MemoryEventStore, topics: RecordingPublisher, clock: FixedClock
) -> None:
    """A crash between append and publish heals: the same messages are built from the commit."""
    await append(store, "tally-1", PUBLIC)
    clock.advance(seconds=61)

    report = await relay.run()

    assert report.sent == 2
    assert [(topic, m.id) for topic, m in topics.sent] == [
        ("tally-commits", "tally-1@1"),
        ("tally-events", "tally-1@1.0"),
    ]


async def test_the_age_of_the_oldest_is_told(
    relay: Relay, store: MemoryEventStore, clock: FixedClock, ages: list[float]
) -> None:
    """In seconds, after a 0 that says that somebody looked; once what was owed is settled, that alone."""
    await append(store, "tally-1", PUBLIC)
    clock.advance(seconds=30)
    await append(store, "tally-2", PUBLIC)
    clock.advance(seconds=61)

    for _ in range(2):
        await relay.run()

    assert ages == [0.0, 91.0, 0.0]


async def test_the_age_is_told_of_what_cannot_be_sent(
    relay: Relay, store: MemoryEventStore, topics: RecordingPublisher, clock: FixedClock, ages: list[float]
) -> None:
    """It is then that somebody must hear of it."""
    await append(store, "tally-1", PUBLIC)
    clock.advance(minutes=5)
    topics.down = True

    with pytest.raises(Exception, match="down"):
        await relay.run()

    assert ages == [0.0, 300.0]


async def test_a_run_that_does_not_look_tells_no_age(
    relay: Relay, store: MemoryEventStore, topics: RecordingPublisher, clock: FixedClock, ages: list[float]
) -> None:
    """Receipts that take too long to pull leave no time for what is owed: nobody knows how old it is."""
    await handler_on(store, topics).handle("tally-1", AddCommand(by=PUBLIC), context("k1"))

    class Slow(MemoryEventStore):
        async def settle(self, message_ids: Iterable[str]) -> None:
            clock.advance(seconds=21)

    relay._outbox = Slow(clock, OperationCounts())
    await relay.run()

    assert ages == []


async def test_only_what_is_missing_is_sent(
    relay: Relay, store: MemoryEventStore, topics: RecordingPublisher, clock: FixedClock
) -> None:
    """A crash between two topics heals with the second one alone."""
    commit = await append(store, "tally-1", PUBLIC)
    await topics.publish("tally-commits", PUBLICATION.messages(commit)["tally-commits"])
    clock.advance(seconds=61)

    await relay.run()

    assert [m.id for _, m in topics.sent[1:]] == ["tally-1@1.0"]


async def test_patience_comes_first(relay: Relay, store: MemoryEventStore, clock: FixedClock) -> None:
    """A message may be on its way: nothing is sent again within a minute."""
    await append(store, "tally-1", 1)
    clock.advance(seconds=59)

    assert (await relay.run()).sent == 0


async def test_sending_alone_settles_nothing(
    relay: Relay, store: MemoryEventStore, topics: RecordingPublisher, clock: FixedClock
) -> None:
    """Only being seen on the topic proves publication; so a row outlives being sent."""
    await append(store, "tally-1", 1)
    clock.advance(seconds=61)
    await relay.run()

    assert await owed(store, clock) == {"tally-1@1"}


async def test_what_was_sent_again_is_settled_the_next_time(
    relay: Relay, store: MemoryEventStore, clock: FixedClock
) -> None:
    """The second run sees what the first one sent."""
    await append(store, "tally-1", 1)
    clock.advance(seconds=61)
    await relay.run()

    report = await relay.run()

    assert (report, await owed(store, clock)) == (RelayReport(settled=1, sent=0), set())


async def test_one_commit_that_cannot_be_read_stops_no_other(
    relay: Relay, store: MemoryEventStore, topics: RecordingPublisher, clock: FixedClock
) -> None:
    """A bug in an upcaster or a mapping leaves its own commit owed, and says so."""
    await append_unreadable(store, "tally-1")
    await append(store, "tally-2", 1)
    clock.advance(seconds=61)

    report = await relay.run()

    assert (report, [m.id for _, m in topics.sent]) == (RelayReport(settled=0, sent=1, stuck=1), ["tally-2@1"])


async def test_an_old_debt_is_not_stepped_over(
    relay: Relay, store: MemoryEventStore, topics: RecordingPublisher, clock: FixedClock
) -> None:
    """While a message cannot be sent, later runs come back to it."""
    await append(store, "tally-1", 1)
    clock.advance(minutes=5)
    topics.down = True
    with pytest.raises(Exception, match="down"):
        await relay.run()
    topics.down = False
    clock.advance(minutes=5)

    assert (await relay.run()).sent == 1


@pytest.mark.parametrize("stream", ["tally-1", "score-1"])
async def test_a_debt_of_one_category_holds_the_checkpoint_of_all(
    relay: Relay, store: MemoryEventStore, clock: FixedClock, stream: str
) -> None:
    """What cannot be sent is found by every later run, whatever the other categories owe."""
    await append_unreadable(store, stream)

    for _ in range(5):
        clock.advance(minutes=30)
        assert (await relay.run()).stuck == 1


async def test_a_run_sends_one_batch_after_the_other(
    store: MemoryEventStore, topics: RecordingPublisher, clock: FixedClock, counts: OperationCounts
) -> None:
    """The oldest of a category first, until nothing is owed."""
    for number in range(5):
        await append(store, f"tally-{number}", 1)
        clock.advance(seconds=1)
    clock.advance(seconds=61)

    report = await relay_of(store, topics, clock, counts, batch=2).run()

    assert report.sent == 5
    assert [m.id for _, m in topics.sent] == [f"tally-{number}@1" for number in range(5)]


async def test_a_long_outage_is_worked_off_over_several_runs(
    store: MemoryEventStore, clock: FixedClock, counts: OperationCounts
) -> None:
    """When the time for sending is over, each category has had a batch; the next run settles those and goes on."""

    class Slow(RecordingPublisher):
        async def publish(self, topic: str, messages: Sequence[Message]) -> None:
            clock.advance(seconds=21)
            await super().publish(topic, messages)

    topics = Slow()
    for stream in ("tally-1", "tally-2", "score-1", "score-2"):
        await append(store, stream, 1)
    clock.advance(seconds=61)
    relay = relay_of(store, topics, clock, counts, batch=1)

    reports = [await relay.run() for _ in range(3)]

    assert [(report.settled, report.sent) for report in reports] == [(0, 2), (2, 2), (2, 0)]
    assert [m.id for _, m in topics.sent] == ["tally-1@1", "score-1@1", "tally-2@1", "score-2@1"]


async def test_a_run_that_finds_nothing_costs_a_query_for_each_category(relay: Relay, counts: OperationCounts) -> None:
    """And one checkpoint for all of them; nothing is written."""
    meter = Meter(counts)
    await relay.run()

    await meter.of("idle", relay.run())

    nothing = OperationCounts(rpcs={"BatchGetDocuments": 1, "RunQuery": 2}, documents_read=3)
    assert meter.found["idle"].counts == nothing
