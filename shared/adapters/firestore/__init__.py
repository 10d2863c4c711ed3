"""The event store, the outbox, the read models and the dead letters in Firestore, over raw gRPC messages.

Two databases: `events` (the log: create-only) and `read-models`.
"""

from shared.adapters.firestore.channel import FirestoreChannel, connect
from shared.adapters.firestore.checkpoints import FirestoreCheckpoints
from shared.adapters.firestore.dead_letters import FirestoreDeadLetters
from shared.adapters.firestore.event_store import FirestoreEventStore
from shared.adapters.firestore.read_store import FirestoreReadStore

__all__ = [
    "FirestoreChannel",
    "FirestoreCheckpoints",
    "FirestoreDeadLetters",
    "FirestoreEventStore",
    "FirestoreReadStore",
    "connect",
]
