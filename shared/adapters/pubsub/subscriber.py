"""Pulling in batches, for the relay."""

import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import grpc
import grpc.aio
from google.protobuf.empty_pb2 import Empty

from shared.adapters.pubsub.channel import PubSubChannel, unavailable
from shared.adapters.pubsub.messages import SCHEMA
from shared.eventsourcing.event_store import OperationCounts

_PullRequest = SCHEMA["PullRequest"]
_PullResponse = SCHEMA["PullResponse"]
_AcknowledgeRequest = SCHEMA["AcknowledgeRequest"]

_BATCH = 1000
_CONNECT = 2.0
_ACKNOWLEDGE = 2.0
_EMPTY_AFTER_CLOUD = 2.0
_EMPTY_AFTER_EMULATOR = 1.0


@dataclass(frozen=True, slots=True)
class PulledMessage:
    """A `Received` message of Pub/Sub."""

    ack_id: str
    data: bytes
    attributes: dict[str, str]


class PubSubSubscriber:
    """The Subscriber port on Pub/Sub.

    A pull waits for messages for at most `empty_after` seconds: the cloud uses that time up before it admits that there
    is nothing, the emulator answers one second before it ends (hence the defaults: 2 s in the cloud, 1 s on the
    emulator, which is at once). `limit` (seconds) ends a pull that never runs dry because others keep publishing.
    """

    def __init__(
        self,
        channel: PubSubChannel,
        counts: OperationCounts,
        *,
        empty_after: float | None = None,
        limit: float = 20.0,
    ) -> None:
        self._channel = channel
        self._counts = counts
        default = _EMPTY_AFTER_EMULATOR if channel.emulator else _EMPTY_AFTER_CLOUD
        self._empty_after = default if empty_after is None else empty_after
        self._limit = limit

    async def pull(self, subscription: str) -> AsyncIterator[Sequence[PulledMessage]]:
        """Batches until there is nothing more for the moment; UnavailableError if Pub/Sub or the subscription is not
        there.
        """
        await self._channel.ready(_CONNECT)  # else the time that it takes would look like nothing to pull
        end = time.monotonic() + self._limit
        while time.monotonic() < end:
            batch = await self._pull_once(subscription)
            if not batch:
                return
            yield batch

    async def acknowledge(self, subscription: str, ack_ids: Sequence[str]) -> None:
        """Raises UnavailableError; what was not acknowledged comes again."""
        for start in range(0, len(ack_ids), _BATCH):
            request = _AcknowledgeRequest(
                subscription=self._channel.subscription(subscription), ack_ids=ack_ids[start : start + _BATCH]
            )
            await self._channel.insist(
                "Subscriber/Acknowledge", request, Empty, seconds=_ACKNOWLEDGE, counts=self._counts
            )

    async def _pull_once(self, subscription: str) -> list[PulledMessage]:
        request = _PullRequest(subscription=self._channel.subscription(subscription), max_messages=_BATCH)
        self._counts.rpc("pull")
        try:
            answer = await self._channel.call("Subscriber/Pull", request, _PullResponse, seconds=self._empty_after)
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
                return []
            raise unavailable(f"pull from {subscription}", error) from error
        return [
            PulledMessage(received.ack_id, received.message.data, dict(received.message.attributes))
            for received in answer.received_messages
        ]
