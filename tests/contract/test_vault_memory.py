"""The vault in memory keeps the promises of the port."""

import pytest

from shared.adapters.memory.vault import MemoryVault
from shared.eventsourcing.event_store import OperationCounts
from shared.testing.conformance.vault import VaultConformance


class TestMemoryVault(VaultConformance):
    """In this process."""

    @pytest.fixture
    def counts(self) -> OperationCounts:
        return OperationCounts()

    @pytest.fixture
    def vault(self, counts: OperationCounts) -> MemoryVault:
        return MemoryVault(counts)
