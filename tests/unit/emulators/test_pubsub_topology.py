"""What the Pub/Sub emulator is told to have, and in which order."""

from typing import Any

from emulators.delivery.pubsub_topology import PubSubTopology
from functions.cart.manifest import MANIFEST
from shared.adapters.pubsub import PubSubChannel
from shared.topology import relay_subscription


class Telling(PubSubChannel):
    """A channel to nowhere that tells what it was asked to create."""

    def __init__(self) -> None:
        super().__init__("p", None)
        self.created: list[str] = []

    async def ready(self, seconds: float) -> None: ...

    async def call(self, method: str, request: Any, answer: Any, *, seconds: float) -> None:
        self.created.append(request.name.rpartition("/")[2] if "Subscription" in method else "a topic")


async def test_the_relay_sees_nothing_before_everybody_can() -> None:
    """Its subscriptions come last: what a relay saw is never sent again."""
    channel = Telling()

    await PubSubTopology(channel, [MANIFEST]).ensure()

    first_relay = min(channel.created.index(relay_subscription(topic.name)) for topic in MANIFEST.topics)
    others = {subscription.name for subscription in MANIFEST.subscriptions} - set(channel.created[first_relay:])
    assert others == {"cart-projector"}
