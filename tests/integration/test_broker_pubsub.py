"""Pub/Sub's adapters keep what every broker promises, on Google's emulator; and what happens when it is not there."""

import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import pytest
from google.protobuf.empty_pb2 import Empty

from emulators.delivery.pubsub_topology import PubSubTopology
from emulators.processes.ports import free_ports
from shared.adapters import pubsub
from shared.adapters.pubsub.messages import SCHEMA
from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.event_store import OperationCounts
from shared.testing.conformance.broker import ONE, TOPIC, TWO, BrokerConformance, identities, message, pulled
from shared.topology import Maturity, Service, Subscription, Topic

pytestmark = pytest.mark.emulators

ORDERS = Service(
    name="orders",
    description="for the test",
    maturity=Maturity.EVENT_SOURCED,
    functions=(),
    topics=(Topic(TOPIC, "for the test"),),
    subscriptions=tuple(
        Subscription(name=name, topic=TOPIC, ack_deadline=10, min_backoff=0.0, max_backoff=0.0) for name in (ONE, TWO)
    ),
)


class RememberingSubscriber(pubsub.PubSubSubscriber):
    """Keeps the acknowledgement ids, so that the test can end their leases."""

    seen: list[str]

    async def pull(self, subscription: str) -> AsyncIterator[Sequence[pubsub.PulledMessage]]:
        async for batch in super().pull(subscription):
            self.seen.extend(pulled.ack_id for pulled in batch)
            yield batch


@dataclass
class PubSubCase:
    channel: pubsub.PubSubChannel
    counts: OperationCounts = field(default_factory=OperationCounts)

    def __post_init__(self) -> None:
        self.publisher = pubsub.PubSubPublisher(self.channel, self.counts)
        self.subscriber = RememberingSubscriber(self.channel, self.counts)
        self.subscriber.seen = []

    async def expire_leases(self, subscription: str) -> None:
        request = SCHEMA["ModifyAckDeadlineRequest"](
            subscription=self.channel.subscription(subscription), ack_ids=self.subscriber.seen, ack_deadline_seconds=0
        )
        await self.channel.call("Subscriber/ModifyAckDeadline", request, Empty, seconds=5)


@pytest.fixture
async def broker(pubsub_host: str, project: str) -> AsyncIterator[PubSubCase]:
    channel = pubsub.connect(project, pubsub_host)
    await PubSubTopology(channel, [ORDERS]).ensure()
    yield PubSubCase(channel)
    await channel.close()


class TestPubSubBroker(BrokerConformance):
    pass


async def test_topology_is_put_back_beside_what_exists(broker: PubSubCase) -> None:
    """Creating the topology again changes nothing and loses no message."""
    await broker.publisher.publish(TOPIC, [message("a")])

    await PubSubTopology(broker.channel, [ORDERS]).ensure()

    assert identities(await pulled(broker, ONE)) == ["a"]


async def test_dead_letters_are_kept(broker: PubSubCase) -> None:
    """Every subscription has a dead-letter topic, and a subscription of the same name that keeps what arrives there."""
    await broker.publisher.publish(f"{ONE}-dead", [message("a")])

    assert identities(await pulled(broker, f"{ONE}-dead")) == ["a"]


async def test_declaration_arrives_whole(broker: PubSubCase) -> None:
    """The emulator knows deadline, dead-letter topic and backoff of a subscription as the manifest has them."""
    stored = await broker.channel.call(
        "Subscriber/GetSubscription",
        SCHEMA["PullRequest"](subscription=broker.channel.subscription(ONE)),
        SCHEMA["Subscription"],
        seconds=5,
    )
    assert stored.topic == broker.channel.topic(TOPIC)
    assert stored.ack_deadline_seconds == 10
    assert stored.dead_letter_policy.dead_letter_topic == broker.channel.topic(f"{ONE}-dead")
    assert stored.dead_letter_policy.max_delivery_attempts == 20


async def test_broker_that_is_down_is_unavailable_within_the_timeout() -> None:
    """Publishing to a broker that does not run fails within its timeout, not after a client library's minute."""
    (port,) = free_ports(1)
    channel = pubsub.connect("nobody", f"127.0.0.1:{port}")
    started = time.monotonic()

    with pytest.raises(UnavailableError):
        await pubsub.PubSubPublisher(channel, OperationCounts(), timeout=0.5).publish(TOPIC, [message("a")])

    assert time.monotonic() - started < 1.5
    await channel.close()
