"""The event store, the outbox, the read models, the dead letters and the key vault in Firestore, over raw gRPC
messages.

Three databases: `events` (the log: create-only, but for the states that are kept), `read-models` and `key-vault`.
"""

from shared.adapters.firestore.channel import FirestoreChannel, connect
from shared.adapters.firestore.checkpoints import FirestoreCheckpoints
from shared.adapters.firestore.dead_letters import FirestoreDeadLetters
from shared.adapters.firestore.event_store import FirestoreEventStore
from shared.adapters.firestore.read_store import FirestoreReadStore
from shared.adapters.firestore.vault import FirestoreVault

__all__ = [
    "FirestoreChannel",
    "FirestoreCheckpoints",
    "FirestoreDeadLetters",
    "FirestoreEventStore",
    "FirestoreReadStore",
    "FirestoreVault",
    "connect",
]
