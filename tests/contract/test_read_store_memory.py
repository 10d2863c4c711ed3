"""The read models in memory keep the promises of the port."""

import pytest

from shared.adapters.memory import MemoryReadStore
from shared.eventsourcing.event_store import OperationCounts
from shared.testing.conformance.read_store import ReadStoreConformance


class TestMemoryReadStore(ReadStoreConformance):
    """In this process."""

    @pytest.fixture
    def counts(self) -> OperationCounts:
        return OperationCounts()

    @pytest.fixture
    def store(self, counts: OperationCounts) -> MemoryReadStore:
        return MemoryReadStore(counts)
