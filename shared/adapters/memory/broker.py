"""A message broker in this process: topics, filtered subscriptions, leases, redelivery. At least once, as the cloud."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Protocol

from shared.adapters.memory.filters import Filter, compile_filter
from shared.adapters.system import utc_now
from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.event_store import OperationCounts
from shared.eventsourcing.publishing import Message

_BATCH = 1000
_DEAD_LETTER_ACK_DEADLINE = 60


class DeclaredTopic(Protocol):
    @property
    def name(self) -> str: ...


class DeclaredSubscription(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def topic(self) -> str: ...
    @property
    def filter(self) -> str: ...
    @property
    def ack_deadline(self) -> int: ...
    @property
    def dead_letter_topic(self) -> str: ...


class DeclaredService(Protocol):
    """What the broker reads of a manifest (`topology.Service` is one)."""

    @property
    def topics(self) -> Sequence[DeclaredTopic]: ...
    @property
    def subscriptions(self) -> Sequence[DeclaredSubscription]: ...


@dataclass(frozen=True, slots=True)
class LeasedMessage:
    """A message in somebody's hands until its acknowledgement deadline. `attempt` counts its deliveries from 1."""

    message_id: str
    ack_id: str
    data: bytes
    attributes: dict[str, str]
    published_at: datetime
    attempt: int


@dataclass(slots=True)
class _Stored:
    message_id: str
    data: bytes
    attributes: dict[str, str]
    published_at: datetime
    attempts: int = 0


@dataclass(slots=True)
class _Subscription:
    topic: str
    matches: Filter
    ack_deadline: timedelta
    waiting: deque[_Stored] = field(default_factory=deque)
    leased: dict[str, tuple[_Stored, datetime]] = field(default_factory=dict)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, messages: Iterable[_Stored]) -> None:
        self.waiting.extend(messages)
        self.news.set()

    def take_back(self, now: datetime) -> None:
        """What was not acknowledged in time waits again, before what came later."""
        expired = [ack_id for ack_id, (_, deadline) in self.leased.items() if deadline <= now]
        if expired:
            self.waiting.extendleft(self.leased.pop(ack_id)[0] for ack_id in reversed(expired))
            self.news.set()


class MemoryBroker:
    """The ports Publisher and Subscriber, and leases for the local delivery service. It has no time of its own: leases
    end by `clock`. State is in memory only.
    """

    def __init__(self, clock: Callable[[], datetime] = utc_now, counts: OperationCounts | None = None) -> None:
        self._clock = clock
        self._counts = counts or OperationCounts()
        self._topics: set[str] = set()
        self._subscriptions: dict[str, _Subscription] = {}
        self._message_ids = count(1)
        self._ack_ids = count(1)

    def declare(self, services: Iterable[DeclaredService]) -> None:
        """All topics and subscriptions of these services, and for each subscription a dead-letter topic with a pull
        subscription of the same name that keeps what arrives there. What exists stays as it is.
        """
        declared = tuple(services)
        self._topics.update(topic.name for service in declared for topic in service.topics)
        for subscription in (each for service in declared for each in service.subscriptions):
            dead = subscription.dead_letter_topic
            self._topics.add(dead)
            self._subscribe(dead, dead, "", _DEAD_LETTER_ACK_DEADLINE)
            self._subscribe(subscription.name, subscription.topic, subscription.filter, subscription.ack_deadline)

    def forget(self) -> None:
        """Lose everything, topics too: what a restart does to a broker without a disk."""
        self._topics.clear()
        for subscription in self._subscriptions.values():
            subscription.news.set()
        self._subscriptions.clear()

    async def publish(self, topic: str, messages: Sequence[Message]) -> None:
        """Copies to every subscription of the topic whose filter they pass; UnavailableError without such a topic."""
        if not messages:
            return
        self._counts.rpc("publish")
        if topic not in self._topics:
            raise UnavailableError(f"there is no topic {topic}")
        now = self._clock()
        ids = [str(next(self._message_ids)) for _ in messages]
        for subscription in self._subscriptions.values():
            if subscription.topic == topic:
                subscription.add(
                    _Stored(message_id, message.data, dict(message.attributes), now)
                    for message_id, message in zip(ids, messages, strict=True)
                    if subscription.matches(message.attributes)
                )

    async def pull(self, subscription: str) -> AsyncIterator[Sequence[LeasedMessage]]:
        """Batches of at most 1,000 until nothing waits; UnavailableError without such a subscription."""
        self._counts.rpc("pull")
        while batch := self.lease(subscription, _BATCH):
            yield batch
            self._counts.rpc("pull")

    async def acknowledge(self, subscription: str, ack_ids: Sequence[str]) -> None:
        """Unknown and expired ids are no error, as in the cloud."""
        self._counts.rpc("acknowledge")
        leased = self._find(subscription).leased
        for ack_id in ack_ids:
            leased.pop(ack_id, None)

    def lease(self, subscription: str, most: int) -> list[LeasedMessage]:
        """Up to `most` messages for one acknowledgement deadline, at once."""
        found, now = self._find(subscription), self._clock()
        found.take_back(now)
        messages: list[LeasedMessage] = []
        while found.waiting and len(messages) < most:
            stored, ack_id = found.waiting.popleft(), str(next(self._ack_ids))
            stored.attempts += 1
            found.leased[ack_id] = (stored, now + found.ack_deadline)
            messages.append(
                LeasedMessage(
                    stored.message_id, ack_id, stored.data, stored.attributes, stored.published_at, stored.attempts
                )
            )
        return messages

    def extend(self, subscription: str, ack_ids: Iterable[str], seconds: float) -> None:
        """New deadlines, counted from now; 0 gives the messages back."""
        found, now = self._find(subscription), self._clock()
        for ack_id in ack_ids:
            if ack_id in found.leased:
                found.leased[ack_id] = (found.leased[ack_id][0], now + timedelta(seconds=seconds))
        found.take_back(now)

    async def wait(self, subscription: str) -> None:
        """Until something may wait here: a message came, a lease ran out, or the broker forgot everything."""
        found = self._find(subscription)
        found.news.clear()
        if found.waiting:
            return
        deadlines = [deadline for _, deadline in found.leased.values()]
        pause = (min(deadlines) - self._clock()).total_seconds() if deadlines else None
        try:
            async with asyncio.timeout(pause):
                await found.news.wait()
        except TimeoutError:
            return

    def backlog(self, subscription: str) -> int:
        """Messages that are not acknowledged, leased or not."""
        found = self._find(subscription)
        return len(found.waiting) + len(found.leased)

    def _subscribe(self, name: str, topic: str, filter_text: str, ack_deadline: int) -> None:
        if name not in self._subscriptions:
            self._subscriptions[name] = _Subscription(
                topic, compile_filter(filter_text), timedelta(seconds=ack_deadline)
            )

    def _find(self, subscription: str) -> _Subscription:
        if subscription not in self._subscriptions:
            raise UnavailableError(f"there is no subscription {subscription}")
        return self._subscriptions[subscription]
