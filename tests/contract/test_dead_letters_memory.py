"""The dead-letter store in memory keeps the promises of the port."""

import pytest

from shared.adapters.memory import MemoryDeadLetters
from shared.testing.conformance.dead_letters import DeadLettersConformance


class TestMemoryDeadLetters(DeadLettersConformance):
    """In this process."""

    @pytest.fixture
    def store(self) -> MemoryDeadLetters:
        return MemoryDeadLetters()
