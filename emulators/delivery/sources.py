"""Where the delivery service gets its messages: streamed from Google's emulator, or from the broker of this process."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC
from typing import Any, Protocol

import grpc
import grpc.aio
from google.protobuf.empty_pb2 import Empty

from emulators.delivery.pubsub_topology import PubSubTopology
from shared.adapters.memory.broker import LeasedMessage, MemoryBroker
from shared.adapters.pubsub import PubSubChannel
from shared.adapters.pubsub.channel import unavailable
from shared.adapters.pubsub.messages import SCHEMA
from shared.eventsourcing.errors import UnavailableError
from shared.topology import Service

_StreamingPullRequest = SCHEMA["StreamingPullRequest"]
_StreamingPullResponse = SCHEMA["StreamingPullResponse"]
_AcknowledgeRequest = SCHEMA["AcknowledgeRequest"]
_ModifyAckDeadlineRequest = SCHEMA["ModifyAckDeadlineRequest"]

_TIMEOUT = 5.0
_SHORTEST_DEADLINE = 10
_BATCH = 100


class SubscriptionMissingError(UnavailableError):
    """The broker answers and does not know the subscription: it forgot its topology."""


class MessageSource(Protocol):
    """The port to the broker. Its methods raise UnavailableError when the broker does not answer."""

    def stream(self, subscription: str, ack_deadline: int) -> AsyncGenerator[Sequence[LeasedMessage], None]:
        """Batches as they come, leased for `ack_deadline` seconds; never ends by itself. Raises
        SubscriptionMissingError.
        """
        ...

    async def acknowledge(self, subscription: str, ack_ids: Sequence[str]) -> None: ...

    async def extend(self, subscription: str, ack_ids: Sequence[str], seconds: int) -> None:
        """New deadlines, counted from now."""
        ...

    async def restore(self) -> None:
        """Give the broker its topics and subscriptions back; what exists stays."""
        ...

    def backlog(self, subscription: str) -> int | None:
        """What is not acknowledged yet, None if the broker does not tell."""
        ...


class MemorySource:
    """From the broker of this process."""

    def __init__(self, broker: MemoryBroker, services: Sequence[Service]) -> None:
        self._broker = broker
        self._services = services

    async def stream(self, subscription: str, ack_deadline: int) -> AsyncGenerator[Sequence[LeasedMessage], None]:  # noqa: ARG002 - the broker knows it
        try:
            while True:
                if batch := self._broker.lease(subscription, _BATCH):
                    yield batch
                else:
                    await self._broker.wait(subscription)
        except UnavailableError as error:
            raise SubscriptionMissingError(str(error)) from error

    async def acknowledge(self, subscription: str, ack_ids: Sequence[str]) -> None:
        await self._broker.acknowledge(subscription, ack_ids)

    async def extend(self, subscription: str, ack_ids: Sequence[str], seconds: int) -> None:
        self._broker.extend(subscription, ack_ids, seconds)

    async def restore(self) -> None:
        self._broker.declare(self._services)

    def backlog(self, subscription: str) -> int | None:
        return self._broker.backlog(subscription)


class PubSubSource:
    """By streaming pull, from Google's emulator. It polls every 0.1 s inside and ignores flow control: a batch that
    nobody asks for yet stays in the connection.

    A restarted emulator counts acknowledgement ids from 1 again; an old one is ignored as long as its namesake was not
    leased here, and after that does no harm.
    """

    def __init__(self, channel: PubSubChannel, topology: PubSubTopology) -> None:
        self._channel = channel
        self._topology = topology

    async def stream(self, subscription: str, ack_deadline: int) -> AsyncGenerator[Sequence[LeasedMessage], None]:
        call = self._open()
        try:
            await call.write(
                _StreamingPullRequest(
                    subscription=self._channel.subscription(subscription),
                    stream_ack_deadline_seconds=max(ack_deadline, _SHORTEST_DEADLINE),
                    client_id="delivery",
                )
            )
            while (answer := await call.read()) is not grpc.aio.EOF:
                yield [_leased(received) for received in answer.received_messages]
        except asyncio.InvalidStateError as error:
            raise UnavailableError(f"the stream from {subscription} could not be opened") from error
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.NOT_FOUND:
                raise SubscriptionMissingError(f"there is no subscription {subscription}") from error
            raise unavailable(f"stream from {subscription}", error) from error
        finally:
            call.cancel()
        raise UnavailableError(f"the stream from {subscription} ended")

    async def acknowledge(self, subscription: str, ack_ids: Sequence[str]) -> None:
        request = _AcknowledgeRequest(subscription=self._channel.subscription(subscription), ack_ids=ack_ids)
        await self._ask("Subscriber/Acknowledge", request)

    async def extend(self, subscription: str, ack_ids: Sequence[str], seconds: int) -> None:
        name = self._channel.subscription(subscription)
        request = _ModifyAckDeadlineRequest(subscription=name, ack_ids=ack_ids, ack_deadline_seconds=seconds)
        await self._ask("Subscriber/ModifyAckDeadline", request)

    async def restore(self) -> None:
        await self._topology.ensure()

    def backlog(self, subscription: str) -> int | None:  # noqa: ARG002 - the emulator has no such number
        return None

    def _open(self) -> Any:
        return self._channel.grpc.stream_stream(
            "/google.pubsub.v1.Subscriber/StreamingPull",
            request_serializer=_StreamingPullRequest.SerializeToString,
            response_deserializer=_StreamingPullResponse.FromString,
        )()

    async def _ask(self, method: str, request: Any) -> None:
        try:
            await self._channel.call(method, request, Empty, seconds=_TIMEOUT)
        except grpc.aio.AioRpcError as error:
            raise unavailable(method, error) from error


def _leased(received: Any) -> LeasedMessage:
    message = received.message
    return LeasedMessage(
        message_id=message.message_id,
        ack_id=received.ack_id,
        data=message.data,
        attributes=dict(message.attributes),
        published_at=message.publish_time.ToDatetime(tzinfo=UTC),
        attempt=max(received.delivery_attempt, 1),
    )
