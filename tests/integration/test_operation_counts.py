"""What operations cost, counted at the adapters on Google's emulators."""

import pytest

from emulators.delivery.pubsub_topology import PubSubTopology
from functions.cart.manifest import MANIFEST
from shared.adapters import firestore, pubsub
from shared.eventsourcing.event_store import OperationCounts
from tests.bench.operations import measured
from tests.bench.priced import on_google
from tests.bench.promises import PROMISED, PROMISED_ON_GOOGLE

pytestmark = pytest.mark.emulators


async def test_every_operation_costs_what_is_promised(project: str, firestore_host: str, pubsub_host: str) -> None:
    """Requests, documents and messages, to the last one: every price in the docs stands on these."""
    counts = OperationCounts()
    store, topics = firestore.connect(project, firestore_host), pubsub.connect(project, pubsub_host)
    try:
        await PubSubTopology(topics, [MANIFEST]).ensure()

        found = await measured(on_google(store, topics, counts), counts)

        assert {name: operation.counts for name, operation in found.items()} == {**PROMISED, **PROMISED_ON_GOOGLE}
    finally:
        await store.close()
        await topics.close()
