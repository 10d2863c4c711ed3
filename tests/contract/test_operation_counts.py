"""What operations cost, counted in memory as Firestore would bill it."""

from functions.cart.manifest import MANIFEST
from shared.adapters.memory import MemoryCheckpoints, MemoryDeadLetters, MemoryEventStore, MemoryReadStore
from shared.adapters.memory.broker import MemoryBroker
from shared.adapters.system import utc_now
from shared.bootstrap import Dependencies
from shared.eventsourcing.event_store import OperationCounts
from shared.testing.memory_platform import memory_personal
from tests.bench.operations import measured
from tests.bench.promises import PROMISED


async def test_every_operation_costs_what_is_promised() -> None:
    """Requests, documents and messages, to the last one."""
    counts = OperationCounts()
    events, broker = MemoryEventStore(utc_now, counts), MemoryBroker(utc_now, counts)
    broker.declare([MANIFEST])
    adapters = Dependencies(
        events=events,
        outbox=events,
        states=events,
        rows=MemoryReadStore(counts),
        dead_letters=MemoryDeadLetters(),
        checkpoints=MemoryCheckpoints(counts),
        publisher=broker,
        subscriber=broker,
        personal=memory_personal(utc_now),
    )

    found = await measured(adapters, counts)

    assert {name: found[name].counts for name in PROMISED} == PROMISED
