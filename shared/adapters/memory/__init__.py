"""The ports' adapters in this process: for the embedded runtime, and for tests that need no machine beside Python."""

from shared.adapters.memory.checkpoints import MemoryCheckpoints
from shared.adapters.memory.dead_letters import MemoryDeadLetters
from shared.adapters.memory.event_store import MemoryEventStore
from shared.adapters.memory.read_store import MemoryReadStore

__all__ = ["MemoryCheckpoints", "MemoryDeadLetters", "MemoryEventStore", "MemoryReadStore"]
