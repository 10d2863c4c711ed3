"""What the local runtimes make of the same manifests: what they ask Pub/Sub for, and which functions they call."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from emulators.delivery.pubsub_topology import PubSubTopology
from emulators.delivery.service import DeliveryService
from emulators.delivery.sources import MemorySource
from emulators.edge.scheduler import Scheduler
from infra.pulumi.deployment import Deployment
from shared.adapters.memory.broker import LeasedMessage, MemoryBroker
from shared.adapters.pubsub import PubSubChannel
from shared.testing.virtual_time import START, on_virtual_time, virtual_now

ATTRIBUTES = {"ce-id": "cart-1@1", "ce-type": "commerce.cart.commit.v1", "content-type": "application/json"}


class Call(NamedTuple):
    """One request to a function."""

    service: str
    function: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    def url(self, given: Deployment) -> str:
        """Where the same function is in the cloud."""
        return given.url(self.service, self.function) + self.path


@dataclass
class Calls:
    """Stands for all functions: takes every call with `status`, and notes when it came."""

    status: int = 200
    made: list[Call] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    async def __call__(self, service: str, function: str, path: str, headers: Mapping[str, str], body: bytes) -> int:
        self.made.append(Call(service, function, path, headers, body))
        self.times.append((virtual_now() - START).total_seconds())
        return self.status


class _Recording(PubSubChannel):
    """A channel to nowhere."""

    def __init__(self, given: Deployment) -> None:
        super().__init__(given.config.project, None, given.prefix)
        self.requests: dict[str, list[Any]] = {}

    async def ready(self, seconds: float) -> None: ...

    async def call(self, method: str, request: Any, answer: Any, *, seconds: float) -> None:
        self.requests.setdefault(method, []).append(request)


@dataclass(frozen=True, slots=True)
class Asked:
    """For topics and subscriptions, by their full names, as Google's own messages."""

    topics: Mapping[str, Any]
    subscriptions: Mapping[str, Any]


@on_virtual_time
async def asked(given: Deployment) -> Asked:
    """All that the emulator is asked for, under the names of the cloud."""
    channel = _Recording(given)
    await PubSubTopology(channel, given.services).ensure()
    topics, subscriptions = channel.requests["Publisher/CreateTopic"], channel.requests["Subscriber/CreateSubscription"]
    return Asked({each.name: each for each in topics}, {each.name: each for each in subscriptions})


@on_virtual_time
async def pushes(given: Deployment) -> dict[str, Call]:
    """The call that one message of each pushed subscription leads to."""
    functions, broker = Calls(), MemoryBroker(virtual_now)
    source = MemorySource(broker, given.services)
    delivery = DeliveryService(
        given.services,
        source,
        broker,
        functions,
        lambda: "Bearer token",
        clock=virtual_now,
        project=given.config.project,
    )
    for lane in delivery._lanes.values():
        await lane._courier.attempt(LeasedMessage("1", "1", b"{}", ATTRIBUTES, START, 1), 1)
    return dict(zip(delivery._lanes, functions.made, strict=True))


@on_virtual_time
async def scheduled(given: Deployment) -> dict[str, Call]:
    """The call of each schedule."""
    functions = Calls()
    await Scheduler(given.services, functions, lambda: "Bearer token", virtual_now).fire(lambda _: True)
    return {call.headers["X-CloudScheduler-JobName"]: call for call in functions.made}
