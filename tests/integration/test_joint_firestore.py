"""Commands to several streams on Google's emulator: all or nothing, and nothing is sold twice."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from shared.adapters.firestore import FirestoreEventStore, connect
from shared.eventsourcing.errors import DomainError
from shared.eventsourcing.event_store import OperationCounts
from shared.testing.doubles import RecordingPublisher
from tests.unit.kit.conftest import context
from tests.unit.kit.store_room import answering, joint_on, left, moving, reserving

pytestmark = pytest.mark.emulators
PATIENCE = 60.0  # the emulator's first requests are slow


@pytest.fixture
def counts() -> OperationCounts:
    return OperationCounts()


@pytest.fixture
async def store(project: str, firestore_host: str, counts: OperationCounts) -> AsyncIterator[FirestoreEventStore]:
    channel = connect(project, firestore_host)
    yield FirestoreEventStore(channel, counts, PATIENCE)
    await channel.close()


@pytest.mark.parametrize("keeps_state", [False, True])
async def test_nothing_is_sold_twice(store: FirestoreEventStore, keeps_state: bool) -> None:
    """Of 40 reservations of ten pieces each of two goods, at two instances at once, exactly ten are made."""
    topics = RecordingPublisher()
    instances = [joint_on(store, topics, keeps_state=keeps_state, attempts=200, deadline=PATIENCE) for _ in range(2)]
    await instances[0].handle(moving(("a", 10), ("b", 10)), context("k"))

    results = await asyncio.gather(
        *(instances[n % 2].handle(reserving(f"r{n}", "a", "b"), context(f"k{n}")) for n in range(40)),
        return_exceptions=True,
    )

    assert sum(isinstance(result, DomainError) for result in results) == 30
    made = [n for n in range(40) if (await store.load(f"reservation-r{n}")).position.version]
    assert (len(made), await left(store, "a"), await left(store, "b")) == (10, 0, 0)


@pytest.mark.parametrize("keeps_state", [False, True])
async def test_several_warm_streams_cost_one_request(
    store: FirestoreEventStore, counts: OperationCounts, keeps_state: bool
) -> None:
    """Also where states are kept: what an append returned is good for the next one."""
    joint = joint_on(store, RecordingPublisher(), keeps_state=keeps_state)
    for number in range(3):
        await joint.handle(moving(("a", 1), ("b", 1)), context(f"k{number}"), answer=answering(f"a{number}"))
        if number == 0:
            counts.rpcs.clear()

    assert counts.rpcs == {"Commit": 2}
    assert await left(store, "a") == 3
