"""A broker that forgets, or cannot be reached for a while, costs repetitions but no message."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from emulators.delivery.sources import MemorySource
from shared.adapters.memory.broker import LeasedMessage
from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.publishing import Message
from shared.testing.virtual_time import on_virtual_time
from tests.unit.emulators.delivery_world import pushed, status, taking, world


@on_virtual_time
async def test_forgotten_topology_is_put_back() -> None:
    """When the broker has lost its memory the topics are declared again, and later messages flow."""
    async with world(pushed("fast"), pushed("other")) as w:
        await w.publish("a")
        await w.settled()

        w.broker.forget()
        await asyncio.sleep(2)
        await w.publish("b")
        await w.publish("c", topic="other")
        stats = await w.settled()

    assert w.functions.order == ["a", "b", "c"]
    assert stats.counters.restored >= 1


class InterruptedSource(MemorySource):
    """A broker whose connection is lost for a while: streams, acknowledgements and extensions fail."""

    lost = False

    async def stream(self, subscription: str, ack_deadline: int) -> AsyncGenerator[Sequence[LeasedMessage], None]:
        async with aclosing(super().stream(subscription, ack_deadline)) as batches:
            async for batch in batches:
                self._check()
                yield batch

    async def acknowledge(self, subscription: str, ack_ids: Sequence[str]) -> None:
        self._check()
        await super().acknowledge(subscription, ack_ids)

    async def extend(self, subscription: str, ack_ids: Sequence[str], seconds: int) -> None:
        self._check()
        await super().extend(subscription, ack_ids, seconds)

    async def restore(self) -> None:
        self._check()
        await super().restore()

    def _check(self) -> None:
        if self.lost:
            raise UnavailableError("connection lost")


@on_virtual_time
async def test_lost_connection_loses_no_message() -> None:
    """While the broker cannot be reached nothing is acknowledged; afterwards all messages are, some sent twice."""
    async with world(source=InterruptedSource) as w:
        source = w.source
        assert isinstance(source, InterruptedSource)
        w.functions.answers["a"] = taking(25)
        await w.publish("a")
        await asyncio.sleep(1)
        source.lost = True
        await w.publish("b")
        await asyncio.sleep(60)
        source.lost = False
        stats = await w.settled()

    assert set(w.functions.order) == {"a", "b"}
    assert (stats.backlog, len(w.functions.times("a"))) == (0, 2)


@on_virtual_time
async def test_topology_is_put_back_when_the_broker_can_be_reached() -> None:
    """A restore that fails is tried again."""
    async with world(source=InterruptedSource) as w:
        assert isinstance(w.source, InterruptedSource)
        w.source.lost = True
        w.broker.forget()
        await asyncio.sleep(5)
        w.source.lost = False
        await asyncio.sleep(2)
        await w.publish("a")
        await w.settled()

    assert w.functions.order == ["a"]


@on_virtual_time
async def test_dead_letter_is_not_lost_either() -> None:
    """A message that cannot be put to the dead letters is kept and tried until it can."""
    async with world() as w:
        w.functions.answers["a"] = status(500)
        publish, w.broker.publish = w.broker.publish, unreachable  # type: ignore[method-assign] # the fault
        await publish("fast", [Message("a", b"", {"ce-id": "a"})])
        await asyncio.sleep(60)
        assert w.delivery.stats()["fast-sub"].counters.dead_lettered == 0

        w.broker.publish = publish  # type: ignore[method-assign] # and its end
        stats = await w.settled()

    assert stats.counters.dead_lettered == 1


async def unreachable(topic: str, messages: Sequence[Message]) -> None:
    raise UnavailableError(topic)
