"""The manifests' topics and subscriptions on the Pub/Sub emulator, put back whenever it forgot them."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

import grpc
import grpc.aio

from shared.adapters.pubsub import PubSubChannel
from shared.adapters.pubsub.channel import unavailable
from shared.adapters.pubsub.messages import SCHEMA
from shared.topology import (
    DEAD_LETTER_ACK_DEADLINE,
    DEAD_LETTER_RETENTION_DAYS,
    Service,
    Subscription,
    relay_subscription,
)

_Topic = SCHEMA["Topic"]
_Subscription = SCHEMA["Subscription"]
_DeadLetterPolicy = SCHEMA["DeadLetterPolicy"]
_RetryPolicy = SCHEMA["RetryPolicy"]

_TIMEOUT = 5.0
_DAY = 86_400


class PubSubTopology:
    """All of it, dead-letter topics and the subscriptions that keep dead letters included.

    Nothing is pushed by the emulator itself: pushed subscriptions are streamed by the delivery service.
    """

    def __init__(self, channel: PubSubChannel, services: Sequence[Service]) -> None:
        self._channel = channel
        self._services = services

    async def ensure(self) -> None:
        """Create what is missing: one small request each, in batches. What exists stays as it is. UnavailableError if
        the emulator does not answer.

        The relays' subscriptions come last: a message that a relay sees counts as published for good, so all others
        must be there to get it.
        """
        await self._channel.ready(_TIMEOUT)
        await self._create_all("Publisher/CreateTopic", self._topics())
        await self._create_all("Subscriber/CreateSubscription", self._subscriptions(relays=False))
        await self._create_all("Subscriber/CreateSubscription", self._subscriptions(relays=True))

    async def _create_all(self, method: str, resources: Iterator[Any]) -> None:
        await asyncio.gather(*(self._create(method, resource) for resource in resources))

    async def _create(self, method: str, resource: Any) -> None:
        try:
            await self._channel.call(method, resource, type(resource), seconds=_TIMEOUT)
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.ALREADY_EXISTS:
                raise unavailable(f"{method} {resource.name}", error) from error

    def _topics(self) -> Iterator[Any]:
        for service in self._services:
            for topic in service.topics:
                yield self._topic(topic.name, topic.retention_days)
            for subscription in service.subscriptions:
                yield self._topic(subscription.dead_letter_topic, DEAD_LETTER_RETENTION_DAYS)

    def _topic(self, name: str, retention_days: int) -> Any:
        return _Topic(name=self._channel.topic(name), message_retention_duration=_duration(retention_days * _DAY))

    def _subscriptions(self, *, relays: bool) -> Iterator[Any]:
        for service in self._services:
            for subscription in service.subscriptions:
                if (subscription.name == relay_subscription(subscription.topic)) is not relays:
                    continue
                yield self._subscription(subscription)
                yield self._keeper(subscription)

    def _subscription(self, declared: Subscription) -> Any:
        return _Subscription(
            name=self._channel.subscription(declared.name),
            topic=self._channel.topic(declared.topic),
            ack_deadline_seconds=declared.ack_deadline,
            filter=declared.filter,
            dead_letter_policy=_DeadLetterPolicy(
                dead_letter_topic=self._channel.topic(declared.dead_letter_topic),
                max_delivery_attempts=declared.max_attempts,
            ),
            retry_policy=_RetryPolicy(
                minimum_backoff=_duration(declared.min_backoff),
                maximum_backoff=_duration(declared.max_backoff),
            ),
        )

    def _keeper(self, declared: Subscription) -> Any:
        return _Subscription(
            name=self._channel.subscription(declared.dead_letter_subscription),
            topic=self._channel.topic(declared.dead_letter_topic),
            ack_deadline_seconds=DEAD_LETTER_ACK_DEADLINE,
        )


def _duration(seconds: float) -> dict[str, int]:
    whole = int(seconds)
    return {"seconds": whole, "nanos": round((seconds - whole) * 1e9)}
