"""The checkpoints in memory keep the promises of the port."""

import pytest

from shared.adapters.memory import MemoryCheckpoints
from shared.eventsourcing.event_store import OperationCounts
from shared.testing.conformance.checkpoints import CheckpointsConformance


class TestMemoryCheckpoints(CheckpointsConformance):
    """In this process."""

    @pytest.fixture
    def counts(self) -> OperationCounts:
        return OperationCounts()

    @pytest.fixture
    def store(self, counts: OperationCounts) -> MemoryCheckpoints:
        return MemoryCheckpoints(counts)
