"""Every operation's exact counts, and what a million of it cost."""

from collections.abc import Mapping
from typing import Any

from shared.adapters import firestore, pubsub
from shared.adapters.system import utc_now
from shared.bootstrap import Dependencies
from shared.eventsourcing.event_store import OperationCounts
from shared.testing.memory_platform import memory_personal
from tests.bench.figures import Figure, Result, rounded
from tests.bench.meter import Measured
from tests.bench.operations import SETTLED, SETTLING, measured
from tests.bench.prices import US_CENTRAL1
from tests.bench.surroundings import Surroundings

_TIMEOUT = 60.0


async def run(around: Surroundings) -> Result:
    async with around.project() as (store, topics):
        counts = OperationCounts()
        found = await measured(on_google(store, topics, counts), counts)
    return Result(
        title=f"Operations and what a million of them cost, in USD (list prices of us-central1, {US_CENTRAL1.as_of})",
        figures=[_all_told(found)],
        records=[_record(name, operation) for name, operation in found.items()],
        notes=[
            "Store and messages only; processor time is priced with the throughput, storage and network are not in."
        ],
    )


def on_google(store: firestore.FirestoreChannel, topics: pubsub.PubSubChannel, counts: OperationCounts) -> Dependencies:
    """The adapters as functions have them, patient: a slow emulator must not look like one that is down."""
    events = firestore.FirestoreEventStore(store, counts, _TIMEOUT)
    return Dependencies(
        events=events,
        outbox=events,
        states=events,
        rows=firestore.FirestoreReadStore(store, counts, _TIMEOUT),
        dead_letters=firestore.FirestoreDeadLetters(store, counts, _TIMEOUT),
        checkpoints=firestore.FirestoreCheckpoints(store, counts, _TIMEOUT),
        publisher=pubsub.PubSubPublisher(topics, counts, _TIMEOUT),
        subscriber=pubsub.PubSubSubscriber(topics, counts),
        personal=memory_personal(utc_now),
    )


def _record(name: str, operation: Measured) -> dict[str, Any]:
    counts = operation.counts
    return {
        "operation": name,
        "requests": ", ".join(f"{count} {rpc}" for rpc, count in counts.rpcs.items()) or "none",
        "read": counts.documents_read,
        "written": counts.documents_written,
        "deleted": counts.documents_deleted,
        "Pub/Sub bytes": operation.billed_bytes,
        "USD per million": rounded(_price(operation)),
    }


def _all_told(found: Mapping[str, Measured]) -> Figure:
    """A warm command with what it sets off: its projection, and its part of a relay run."""
    one = sum(_price(found[name]) for name in ("AddItem, warm", "projection, warm"))
    total = one + _price(found[SETTLING]) / SETTLED
    return Figure(name="a million times AddItem, projection and relay included", unit="USD", value=total)


def _price(operation: Measured) -> float:
    """USD per million."""
    return US_CENTRAL1.per_million(
        read=operation.counts.documents_read,
        written=operation.counts.documents_written,
        deleted=operation.counts.documents_deleted,
        pubsub_bytes=operation.billed_bytes,
    )
