"""The delivery service between a memory broker and functions that answer by script, on virtual time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from emulators.delivery.faults import NO_FAULTS, Faults
from emulators.delivery.service import DeliveryService
from emulators.delivery.sources import MemorySource
from emulators.delivery.stats import SubscriptionStats
from shared.adapters.memory.broker import MemoryBroker
from shared.eventsourcing.publishing import Message
from shared.testing.virtual_time import virtual_now
from shared.topology import Function, Maturity, Push, Service, Subscription, Topic

Answer = Callable[[str], Awaitable[int]]


def pushed(name: str = "fast", *, filter_text: str = "", concurrency: int = 80) -> Service:
    """A service with a topic `<name>` that is pushed to its function, and a pulled subscription beside it."""
    return Service(
        name=name,
        description="for the test",
        maturity=Maturity.EVENT_SOURCED,
        functions=(
            Function(
                name="projector",
                trigger=Push((f"{name}-sub",)),
                permissions=(),
                description="",
                concurrency=concurrency,
            ),
        ),
        topics=(Topic(name, ""),),
        subscriptions=(
            Subscription(
                name=f"{name}-sub", topic=name, filter=filter_text, ack_deadline=30, max_attempts=5, max_backoff=4.0
            ),
            Subscription(name=f"{name}-pulled", topic=name),
        ),
    )


@dataclass
class Functions:
    """Stands for the functions: records requests with their times, and answers what the test says, by message id."""

    answers: dict[str, Answer] = field(default_factory=dict)
    requests: list[tuple[float, str, Mapping[str, str], bytes]] = field(default_factory=list)
    running: int = 0
    most_running: int = 0

    async def send(self, service: str, function: str, path: str, headers: Mapping[str, str], body: bytes) -> int:
        identity = headers["ce-id"]
        self.requests.append((asyncio.get_running_loop().time(), f"{service}/{function}{path}", headers, body))
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            return await self.answers[identity](identity) if identity in self.answers else 200
        finally:
            self.running -= 1

    def times(self, identity: str) -> list[float]:
        return [round(at, 3) for at, _, headers, _ in self.requests if headers["ce-id"] == identity]

    @property
    def order(self) -> list[str]:
        return [headers["ce-id"] for _, _, headers, _ in self.requests]


async def until(condition: Callable[[], bool], within: float) -> None:
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 - on virtual time looking again costs nothing
            await asyncio.sleep(0.01)


@dataclass
class World:
    broker: MemoryBroker
    source: MemorySource
    functions: Functions
    delivery: DeliveryService

    async def publish(self, *identities: str, topic: str = "fast", **attributes: str) -> None:
        messages = [Message(each, each.encode(), {"ce-id": each, **attributes}) for each in identities]
        await self.broker.publish(topic, messages)

    async def settled(self, within: float = 600.0) -> SubscriptionStats:
        await until(self.delivery.idle, within)
        return self.delivery.stats()["fast-sub"]


@asynccontextmanager
async def world(
    *services: Service,
    source: type[MemorySource] = MemorySource,
    faults: Faults = NO_FAULTS,
    max_concurrency: int = 16,
    max_held: int = 1000,
) -> AsyncIterator[World]:
    broker, functions = MemoryBroker(virtual_now), Functions()
    declared = services or (pushed(),)
    broker.declare(declared)
    messages = source(broker, declared)
    delivery = DeliveryService(
        declared,
        messages,
        broker,
        functions.send,
        lambda: "Bearer token",
        clock=virtual_now,
        project="test",
        faults=faults,
        max_concurrency=max_concurrency,
        max_held=max_held,
    )
    running = asyncio.create_task(delivery.run())
    yield World(broker, messages, functions, delivery)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


def status(*codes: int) -> Answer:
    """These, one a request; the last one stays."""
    left = list(codes)

    async def answer(_: str) -> int:
        return left.pop(0) if len(left) > 1 else left[0]

    return answer


def taking(seconds: float) -> Answer:
    async def answer(_: str) -> int:
        await asyncio.sleep(seconds)
        return 200

    return answer


async def hanging(_: str) -> int:
    await asyncio.Event().wait()
    return 200
