"""The log in memory keeps the promises of the ports."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.adapters.memory import MemoryEventStore
from shared.adapters.system import utc_now
from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.event_store import Appended, OperationCounts, Position
from shared.testing.conformance.event_store import EventStoreConformance
from shared.testing.conformance.loading import Spoil
from shared.testing.conformance.outbox import OutboxConformance
from shared.testing.conformance.samples import new_commit
from shared.testing.faults import Fault, FaultyEventStore, LossyConnection

NOON = datetime(2017, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def counts() -> OperationCounts:
    return OperationCounts()


@pytest.fixture
def store(counts: OperationCounts) -> MemoryEventStore:
    return MemoryEventStore(utc_now, counts)


@pytest.fixture
def connection(store: MemoryEventStore) -> LossyConnection:
    store.connection = LossyConnection(UnavailableError("lost"))
    return store.connection


@pytest.fixture
def spoil(store: MemoryEventStore) -> Spoil:
    async def spoil(stream: str, version: int) -> None:
        recorded_at, _ = store._streams[stream][version - 1]
        store._streams[stream][version - 1] = (recorded_at, b"{")

    return spoil


class TestMemoryEventStore(EventStoreConformance):
    """In this process."""


class TestMemoryOutbox(OutboxConformance):
    """In this process."""


class TestFaultyEventStore(EventStoreConformance):
    """The fault injector is invisible as long as nothing is asked of it."""

    @pytest.fixture
    def store(self, counts: OperationCounts) -> FaultyEventStore:
        return FaultyEventStore(MemoryEventStore(utc_now, counts))

    @pytest.fixture
    def connection(self, store: FaultyEventStore) -> LossyConnection:
        connection = LossyConnection(UnavailableError("lost"))
        store._log.connection = connection  # type: ignore[attr-defined] # it is the one in memory
        return connection

    @pytest.fixture
    def spoil(self, store: FaultyEventStore) -> Spoil:
        async def spoil(stream: str, version: int) -> None:
            streams = store._log._streams  # type: ignore[attr-defined] # it is the one in memory
            streams[stream][version - 1] = (streams[stream][version - 1][0], b"{")

        return spoil


async def test_recorded_at_is_the_clock_in_milliseconds() -> None:
    """The first append of a millisecond has the clock's time, cut to it."""
    store = MemoryEventStore(lambda: NOON, OperationCounts())

    result = await store.append([new_commit(Position("cart-1", 0))])

    assert isinstance(result, Appended)
    assert result.recorded_at == NOON.replace(microsecond=123000)


async def test_recorded_at_always_grows() -> None:
    """Also within a millisecond, and when the clock is set back."""
    times = iter([NOON, NOON, NOON - timedelta(hours=1), NOON + timedelta(seconds=1)])
    store = MemoryEventStore(lambda: next(times), OperationCounts())

    recorded = []
    for version in range(4):
        result = await store.append([new_commit(Position("cart-1", version))])
        assert isinstance(result, Appended)
        recorded.append(result.recorded_at)

    assert recorded == sorted(set(recorded))


@pytest.mark.parametrize(("fault", "version"), [(Fault.BEFORE, 0), (Fault.AFTER, 1)])
async def test_an_injected_fault_does_what_it_says(fault: Fault, version: int) -> None:
    """Unavailable both times; the log has the commit only if the acknowledgement alone was lost."""
    store = FaultyEventStore(MemoryEventStore(utc_now, OperationCounts()))
    store.next_appends = [fault]

    with pytest.raises(UnavailableError):
        await store.append([new_commit(Position("cart-1", 0))])

    assert (await store.load("cart-1")).position.version == version
    assert isinstance(await store.append([new_commit(Position("cart-1", 0))]), Appended)


async def test_a_log_that_is_down_is_down() -> None:
    """Until it is up again."""
    store = FaultyEventStore(MemoryEventStore(utc_now, OperationCounts()))
    store.down = True

    with pytest.raises(UnavailableError):
        await store.load("cart-1")
