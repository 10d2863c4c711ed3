"""The checkpoints in memory keep the promises of the port."""

import pytest

from shared.adapters.memory import MemoryCheckpoints
from shared.testing.conformance.checkpoints import CheckpointsConformance


class TestMemoryCheckpoints(CheckpointsConformance):
    """In this process."""

    @pytest.fixture
    def store(self) -> MemoryCheckpoints:
        return MemoryCheckpoints()
