"""Read models, dead letters and checkpoints in Firestore keep the promises of their ports, on Google's emulator."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta, timezone

import pytest

from shared.adapters.firestore import (
    FirestoreChannel,
    FirestoreCheckpoints,
    FirestoreDeadLetters,
    FirestoreReadStore,
    connect,
)
from shared.eventsourcing.errors import CorruptDataError
from shared.eventsourcing.event_store import OperationCounts
from shared.testing.conformance.checkpoints import CheckpointsConformance
from shared.testing.conformance.dead_letters import DeadLettersConformance
from shared.testing.conformance.read_store import ReadStoreConformance, row

pytestmark = pytest.mark.emulators
PATIENCE = 60.0  # the emulator's first requests are slow


@pytest.fixture
async def channel(project: str, firestore_host: str) -> AsyncIterator[FirestoreChannel]:
    channel = connect(project, firestore_host)
    yield channel
    await channel.close()


@pytest.fixture
def counts() -> OperationCounts:
    return OperationCounts()


class TestFirestoreReadStore(ReadStoreConformance):
    """Over raw gRPC."""

    @pytest.fixture
    def store(self, channel: FirestoreChannel, counts: OperationCounts) -> FirestoreReadStore:
        return FirestoreReadStore(channel, counts, PATIENCE)

    async def test_a_time_that_firestore_does_not_know_is_corrupt_data(self, store: FirestoreReadStore) -> None:
        """The first hours of the year 1 in the east lie before all times: no retry will help."""
        before_all_times = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))

        with pytest.raises(CorruptDataError):
            await store.put("carts", row("1", at=before_all_times))


class TestFirestoreDeadLetters(DeadLettersConformance):
    """Over raw gRPC."""

    @pytest.fixture
    def store(self, channel: FirestoreChannel, counts: OperationCounts) -> FirestoreDeadLetters:
        return FirestoreDeadLetters(channel, counts, PATIENCE)


class TestFirestoreCheckpoints(CheckpointsConformance):
    """Over raw gRPC."""

    @pytest.fixture
    def store(self, channel: FirestoreChannel, counts: OperationCounts) -> FirestoreCheckpoints:
        return FirestoreCheckpoints(channel, counts, PATIENCE)
