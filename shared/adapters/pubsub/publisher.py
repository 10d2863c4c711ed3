"""Publishing over one unary call: no client library, no batching thread that would outlive the request."""

from collections.abc import Iterator, Sequence

from shared.adapters.pubsub.channel import PubSubChannel
from shared.adapters.pubsub.messages import SCHEMA
from shared.eventsourcing.event_store import OperationCounts
from shared.eventsourcing.publishing import Message

_PubsubMessage = SCHEMA["PubsubMessage"]
_PublishRequest = SCHEMA["PublishRequest"]
_PublishResponse = SCHEMA["PublishResponse"]

MAX_REQUEST_MESSAGES = 1000
MAX_REQUEST_BYTES = 10_000_000
_ROOM_FOR_NAMES = 4096
_FRAMING = 8


class PubSubPublisher:
    """The Publisher port on Pub/Sub. `timeout` in seconds bounds a request together with its one retry."""

    def __init__(self, channel: PubSubChannel, counts: OperationCounts, timeout: float = 2.0) -> None:
        self._channel = channel
        self._counts = counts
        self._timeout = timeout

    async def publish(self, topic: str, messages: Sequence[Message]) -> None:
        """One request, or as few as Pub/Sub's limits allow (1,000 messages, 10 MB).

        Raises UnavailableError for whatever keeps Pub/Sub from accepting, a missing topic included: the outbox stands.
        """
        for batch in _batches(messages):
            request = _PublishRequest(topic=self._channel.topic(topic), messages=batch)
            await self._channel.insist(
                "Publisher/Publish", request, _PublishResponse, seconds=self._timeout, counts=self._counts
            )


def _batches(messages: Sequence[Message]) -> Iterator[list[object]]:
    batch: list[object] = []
    room = MAX_REQUEST_BYTES - _ROOM_FOR_NAMES
    for message in messages:
        encoded = _PubsubMessage(data=message.data, attributes=message.attributes)
        size = encoded.ByteSize() + _FRAMING
        if batch and (len(batch) == MAX_REQUEST_MESSAGES or size > room):
            yield batch
            batch, room = [], MAX_REQUEST_BYTES - _ROOM_FOR_NAMES
        batch.append(encoded)
        room -= size
    if batch:
        yield batch
