"""Read models, dead letters and checkpoints in Firestore keep the promises of their ports, on Google's emulator."""

from collections.abc import AsyncIterator

import pytest

from shared.adapters.firestore import (
    FirestoreChannel,
    FirestoreCheckpoints,
    FirestoreDeadLetters,
    FirestoreReadStore,
    connect,
)
from shared.eventsourcing.event_store import OperationCounts
from shared.testing.conformance.checkpoints import CheckpointsConformance
from shared.testing.conformance.dead_letters import DeadLettersConformance
from shared.testing.conformance.read_store import ReadStoreConformance

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
