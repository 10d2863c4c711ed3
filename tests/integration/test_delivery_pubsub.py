"""The local push over Google's Pub/Sub emulator: from a publish to the function's request, and through a restart."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from emulators.delivery.pubsub_topology import PubSubTopology
from emulators.delivery.service import DeliveryService
from emulators.delivery.sources import PubSubSource
from emulators.processes.google import Emulator, Installation, start_pubsub
from shared.adapters import pubsub
from shared.adapters.system import utc_now
from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.event_store import OperationCounts
from shared.eventsourcing.publishing import Message, Received
from shared.topology import Function, Maturity, Push, Service, Subscription, Topic

pytestmark = pytest.mark.emulators

PATIENCE = 20.0
ORDERS = Service(
    name="orders",
    description="for the test",
    maturity=Maturity.EVENT_SOURCED,
    functions=(Function(name="projector", trigger=Push(("orders-projector",)), permissions=(), description=""),),
    topics=(Topic("orders", ""),),
    subscriptions=(
        Subscription(
            name="orders-projector",
            topic="orders",
            filter='NOT attributes.kind = "private"',
            ack_deadline=10,
            max_attempts=5,
            min_backoff=0.05,
            max_backoff=0.1,
        ),
    ),
)


@dataclass
class Platform:
    """Delivery over one emulator to a function that accepts all but what it was told to refuse."""

    publisher: pubsub.PubSubPublisher
    subscriber: pubsub.PubSubSubscriber
    delivery: DeliveryService
    refused: set[str] = field(default_factory=set)
    requests: list[tuple[Mapping[str, str], bytes]] = field(default_factory=list)
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def publish(self, *identities: str, **attributes: str) -> None:
        messages = [Message(each, each.encode(), {"ce-id": each, **attributes}) for each in identities]
        await self.publisher.publish("orders", messages)

    async def send(self, service: str, function: str, path: str, headers: Mapping[str, str], body: bytes) -> int:
        async with self.arrived:
            self.requests.append((headers, body))
            self.arrived.notify_all()
        return 500 if headers["ce-id"] in self.refused else 204

    async def requested(self, *identities: str) -> None:
        async with asyncio.timeout(PATIENCE), self.arrived:
            await self.arrived.wait_for(lambda: {headers["ce-id"] for headers, _ in self.requests} >= set(identities))


@pytest.fixture
async def platform(pubsub_host: str, project: str) -> AsyncIterator[Platform]:
    async with delivering(pubsub_host, project) as running:
        yield running


@asynccontextmanager
async def delivering(host: str, project: str) -> AsyncIterator[Platform]:
    channel = pubsub.connect(project, host)
    topology = PubSubTopology(channel, [ORDERS])
    await topology.ensure()
    counts = OperationCounts()
    publisher = pubsub.PubSubPublisher(channel, counts)

    async def send(service: str, function: str, path: str, headers: Mapping[str, str], body: bytes) -> int:
        return await running.send(service, function, path, headers, body)

    delivery = DeliveryService(
        [ORDERS], PubSubSource(channel, topology), publisher, send, lambda: "Bearer x", clock=utc_now, project=project
    )
    running = Platform(publisher, pubsub.PubSubSubscriber(channel, counts), delivery)
    task = asyncio.create_task(delivery.run())
    yield running
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    await channel.close()


async def test_message_becomes_a_push(platform: Platform, project: str) -> None:
    """Attributes are headers, the body is raw, and Pub/Sub's own headers are there."""
    await platform.publish("a")
    await platform.requested("a")

    ((headers, body),) = platform.requests
    assert body == b"a"
    assert headers["x-goog-pubsub-subscription-name"] == f"projects/{project}/subscriptions/orders-projector"
    assert headers["x-goog-pubsub-delivery-attempt"] == "1"
    assert headers["x-goog-pubsub-message-id"]


async def test_filter_is_applied_though_the_emulator_does_not(platform: Platform) -> None:
    """What the filter keeps out is never sent."""
    await platform.publish("a", kind="private")
    await platform.publish("b", kind="public")
    await platform.requested("b")

    assert [headers["ce-id"] for headers, _ in platform.requests] == ["b"]
    assert platform.delivery.stats()["orders-projector"].counters.filtered == 1


async def test_dead_letter_is_kept(platform: Platform) -> None:
    """A message that is refused five times is found in the subscription of its dead-letter topic."""
    platform.refused.add("a")
    await platform.publish("a")

    letters: list[Received] = []
    async with asyncio.timeout(PATIENCE):
        while not letters:
            letters = [each async for batch in platform.subscriber.pull("orders-projector-dead") for each in batch]

    assert [letter.attributes["ce-id"] for letter in letters] == ["a"]
    assert letters[0].attributes["CloudPubSubDeadLetterSourceDeliveryCount"] == "5"
    assert len(platform.requests) == 5


@pytest.fixture
def own_emulator(installation: Installation, tmp_path: Path) -> Iterator[Emulator]:
    with start_pubsub(installation, log_file=tmp_path / "pubsub.log") as emulator:
        yield emulator


async def test_restart_of_the_emulator_heals(own_emulator: Emulator, project: str) -> None:
    """The emulator forgets topics, subscriptions, messages; they are put back, and what is published then arrives."""
    before, after = ([f"{when}-{number}" for number in range(20)] for when in ("before", "after"))
    async with delivering(own_emulator.host, project) as platform:
        await platform.publish(*before)
        await platform.requested(*before)

        await asyncio.to_thread(own_emulator.restart)
        await accepted(platform, *after)

        await platform.requested(*after)
        assert platform.delivery.stats()["orders-projector"].counters.restored == 1


async def accepted(platform: Platform, *identities: str) -> None:
    """Published as soon as the topic is back."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                return await platform.publish(*identities)
            except UnavailableError:
                await asyncio.sleep(0.05)
