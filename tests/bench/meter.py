"""Counts what single operations ask of their backends, and what Pub/Sub would bill for them."""

from collections.abc import AsyncIterator, Awaitable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field

from shared.eventsourcing.event_store import OperationCounts
from shared.eventsourcing.publishing import Message, Publisher, Received, Subscriber
from tests.bench.prices import US_CENTRAL1


@dataclass(frozen=True, slots=True)
class Measured:
    """One operation. `billed_bytes` are Pub/Sub's."""

    counts: OperationCounts
    billed_bytes: int


@dataclass
class Meter:
    """`counts` are those of all adapters in use; messages must go through `publisher` and `subscriber`."""

    counts: OperationCounts
    found: dict[str, Measured] = field(default_factory=dict, init=False)
    billed_bytes: int = field(default=0, init=False)

    async def of(self, name: str, operation: Awaitable[object]) -> None:
        """What happens until it is done is called `name`."""
        before, billed = deepcopy(self.counts), self.billed_bytes
        await operation
        self.found[name] = Measured(_difference(self.counts, before), self.billed_bytes - billed)

    def bill(self, *messages: Message | Received) -> None:
        """One request with these messages."""
        self.billed_bytes += max(US_CENTRAL1.least_request, sum(map(_size, messages)))


@dataclass(frozen=True, slots=True)
class MeteredPublisher:
    """Has every request billed."""

    publisher: Publisher
    meter: Meter

    async def publish(self, topic: str, messages: Sequence[Message]) -> None:
        self.meter.bill(*messages)
        await self.publisher.publish(topic, messages)


@dataclass(frozen=True, slots=True)
class MeteredSubscriber:
    """Has every pull billed, the last one, which finds nothing, too; acknowledgements are free."""

    subscriber: Subscriber
    meter: Meter

    async def pull(self, subscription: str) -> AsyncIterator[Sequence[Received]]:
        async for batch in self.subscriber.pull(subscription):
            self.meter.bill(*batch)
            yield batch
        self.meter.bill()

    async def acknowledge(self, subscription: str, ack_ids: Sequence[str]) -> None:
        await self.subscriber.acknowledge(subscription, ack_ids)


def _size(message: Message | Received) -> int:
    return len(message.data) + sum(len(name) + len(value) for name, value in message.attributes.items())


def _difference(after: OperationCounts, before: OperationCounts) -> OperationCounts:
    rpcs = {name: count - before.rpcs.get(name, 0) for name, count in after.rpcs.items()}
    return OperationCounts(
        rpcs={name: count for name, count in sorted(rpcs.items()) if count},
        documents_read=after.documents_read - before.documents_read,
        documents_written=after.documents_written - before.documents_written,
        documents_deleted=after.documents_deleted - before.documents_deleted,
    )
