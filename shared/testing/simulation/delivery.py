"""Pub/Sub's pushes: every message of a pushed subscription comes to its function, late, twice or never."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from shared.adapters.memory.broker import LeasedMessage
from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.publishing import Message
from shared.testing.simulation.faults import Kind
from shared.testing.simulation.identities import PLATFORM
from shared.testing.simulation.pool import Pool
from shared.testing.simulation.stage import Stage
from shared.topology import Function, Service, Subscription

PACE = 0.02
_LATEST = 90.0
_BATCH = 1000
_OK = range(200, 300)


class Delivery:
    """Pumps all subscriptions that are pushed."""

    def __init__(self, stage: Stage, pool: Pool) -> None:
        self.taken: dict[str, set[str]] = {}
        """By subscription: the ids of the events that its function has accepted."""
        self._broker = stage.backend.broker
        self._pool = pool
        self._faults = stage.faults
        self._story = stage.story
        self._dice = stage.dice("delivery")
        self._under_way: dict[str, dict[asyncio.Task[None], None]] = {}
        self._healed = {service.domain_topic for service in stage.services}
        """Sweeps find in the log what is lost behind these. Behind the others nothing is lost: Pub/Sub promises it."""
        self._lanes = [
            (service, function, subscription)
            for service in stage.services
            for subscription in service.subscriptions
            if (function := service.pushed_to(subscription.name)) is not None
        ]

    def pumps(self) -> list[Coroutine[Any, Any, None]]:
        return [self._pump(*lane) for lane in self._lanes]

    @property
    def is_quiet(self) -> bool:
        """No message is on its way."""
        waiting = any(self._broker.backlog(subscription.name) for _, _, subscription in self._lanes)
        return not waiting and not any(self._under_way.values())

    def accepted(self, subscription: str, identity: str) -> None:
        """The function has taken this event, pushed or re-driven."""
        self.taken.setdefault(subscription, set()).add(identity)

    async def _pump(self, service: Service, function: Function, subscription: Subscription) -> None:
        name = subscription.name
        under_way = self._under_way.setdefault(name, {})
        heals = subscription.topic in self._healed
        while True:
            batch = self._broker.lease(name, _BATCH)
            await self._broker.acknowledge(name, [each.ack_id for each in batch])
            for message in batch:
                if heals and self._faults.strikes(Kind.SUBSCRIPTION_FORGETS, name):
                    for task in list(under_way):
                        task.cancel()
                if heals and self._faults.strikes(Kind.MESSAGE_LOST, f"{name} {message.attributes.get('ce-id', '')}"):
                    continue
                for _ in range(2 if self._faults.strikes(Kind.MESSAGE_TWICE, name) else 1):
                    work = self._deliver(service.name, function.name, subscription, message)
                    task = asyncio.get_running_loop().create_task(work)
                    under_way[task] = None
                    task.add_done_callback(under_way.pop)
            await self._broker.wait(name)

    async def _deliver(self, service: str, function: str, subscription: Subscription, message: LeasedMessage) -> None:
        identity = message.attributes.get("ce-id", "")
        who = f"{subscription.name} {identity}"
        seconds = self._dice.expovariate(1 / PACE)
        if self._faults.strikes(Kind.MESSAGE_LATE, who):
            seconds += self._dice.uniform(0.0, _LATEST)
        await asyncio.sleep(seconds)
        attempt = 1
        while True:
            accepted = await self._push(service, function, subscription, message, attempt) in _OK
            if accepted:
                self.accepted(subscription.name, identity)
            if accepted and not self._faults.strikes(Kind.ACK_LOST, who):
                return
            if attempt >= subscription.max_attempts and not accepted:
                self._story.tell(who, "becomes a dead letter")
                await self._broker.publish(subscription.dead_letter_topic, [_letter(message, subscription, attempt)])
                return
            backoff = min(subscription.min_backoff * 2.0 ** min(attempt - 1, 30), subscription.max_backoff)
            await asyncio.sleep(subscription.ack_deadline if accepted else backoff)
            attempt += 1

    async def _push(
        self, service: str, function: str, subscription: Subscription, message: LeasedMessage, attempt: int
    ) -> int:
        headers = {
            **message.attributes,
            "x-goog-pubsub-subscription-name": f"projects/test/subscriptions/{subscription.name}",
            "x-goog-pubsub-message-id": message.message_id,
            "x-goog-pubsub-publish-time": message.published_at.isoformat(),
            "x-goog-pubsub-delivery-attempt": str(attempt),
            "authorization": PLATFORM,
        }
        who, what = subscription.name, f"{message.attributes.get('ce-type', '')} {message.attributes.get('ce-id', '')}"
        try:
            instance = self._pool.pick(service, function)
            who = instance.name
            self._story.tell(who, f"=> {what} (attempt {attempt})")
            async with asyncio.timeout(subscription.ack_deadline):
                reply = await instance.serve("POST", "/", headers, message.data)
        except (TimeoutError, UnavailableError) as error:
            self._story.tell(who, f"<= no answer to {what}: {error!r}")
            return 503
        self._story.tell(who, f"<= {reply.status} {reply.headers.get('outcome', '')} to {what}")
        return reply.status


def _letter(message: LeasedMessage, subscription: Subscription, attempts: int) -> Message:
    source = {
        "CloudPubSubDeadLetterSourceSubscription": subscription.name,
        "CloudPubSubDeadLetterSourceSubscriptionProject": "test",
        "CloudPubSubDeadLetterSourceDeliveryCount": str(attempts),
        "CloudPubSubDeadLetterSourceTopicPublishTime": message.published_at.isoformat(),
    }
    return Message(message.message_id, message.data, {**message.attributes, **source})
