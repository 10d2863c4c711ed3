"""What every broker promises: the ports Publisher and Subscriber.

A test module subclasses the suite and provides the fixture `broker`: an adapter with the topic `orders` and its
subscriptions `orders-one` and `orders-two`, both without a filter.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol

import pytest

from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.event_store import OperationCounts
from shared.eventsourcing.publishing import Message, Publisher, Received, Subscriber

TOPIC = "orders"
ONE = "orders-one"
TWO = "orders-two"


class Broker(Protocol):
    """The adapter under test. `expire_leases` ends all leases of a subscription."""

    @property
    def publisher(self) -> Publisher: ...
    @property
    def subscriber(self) -> Subscriber: ...
    @property
    def counts(self) -> OperationCounts: ...
    @property
    def expire_leases(self) -> Callable[[str], Awaitable[None]]: ...


def message(identity: str, data: bytes = b"{}") -> Message:
    return Message(identity, data, {"ce-id": identity})


async def pulled(broker: Broker, subscription: str) -> list[Received]:
    return [each async for batch in broker.subscriber.pull(subscription) for each in batch]


def identities(messages: list[Received]) -> list[str]:
    return sorted(each.attributes["ce-id"] for each in messages)


class BrokerConformance:
    """Run against each adapter."""

    async def test_message_reaches_every_subscription(self, broker: Broker) -> None:
        """Each subscription of a topic gets its own copy."""
        await broker.publisher.publish(TOPIC, [message("a")])

        assert identities(await pulled(broker, ONE)) == ["a"]
        assert identities(await pulled(broker, TWO)) == ["a"]

    async def test_data_and_attributes_arrive_as_sent(self, broker: Broker) -> None:
        """Bytes and attributes, in any script, survive the way."""
        sent = Message("a", b"\x00\xff{}", {"ce-id": "a", "ce-subject": "käse 🧀"})

        await broker.publisher.publish(TOPIC, [sent])

        (received,) = await pulled(broker, ONE)
        assert (received.data, received.attributes) == (sent.data, sent.attributes)

    async def test_nothing_to_pull_is_no_batch(self, broker: Broker) -> None:
        """A pull from an empty subscription ends at once and without an error."""
        assert await pulled(broker, ONE) == []

    async def test_pull_goes_on_until_empty(self, broker: Broker) -> None:
        """More messages than fit a batch all come out of one pull."""
        await broker.publisher.publish(TOPIC, [message(f"{number:04}") for number in range(250)])

        assert identities(await pulled(broker, ONE)) == [f"{number:04}" for number in range(250)]

    async def test_more_than_a_request_may_hold_is_split(self, broker: Broker) -> None:
        """1,001 messages are accepted, in as few requests as the limits allow."""
        await broker.publisher.publish(TOPIC, [message(f"{number:04}") for number in range(1001)])

        assert len(await pulled(broker, ONE)) == 1001

    async def test_large_messages_arrive(self, broker: Broker) -> None:
        """Messages of 900 KiB, the largest commit, arrive though together they exceed a request."""
        body = b"x" * 900 * 1024

        await broker.publisher.publish(TOPIC, [message(f"{number:02}", body) for number in range(12)])

        assert [len(each.data) for each in await pulled(broker, ONE)] == [len(body)] * 12

    async def test_leased_message_is_not_given_out_again(self, broker: Broker) -> None:
        """Until its deadline a message that was pulled belongs to who pulled it."""
        await broker.publisher.publish(TOPIC, [message("a")])
        await pulled(broker, ONE)

        assert await pulled(broker, ONE) == []

    async def test_unacknowledged_message_comes_again(self, broker: Broker) -> None:
        """After the deadline a message that was not acknowledged is given out again."""
        await broker.publisher.publish(TOPIC, [message("a")])
        await pulled(broker, ONE)

        await broker.expire_leases(ONE)

        assert identities(await pulled(broker, ONE)) == ["a"]

    async def test_acknowledged_message_never_comes_again(self, broker: Broker) -> None:
        """An acknowledgement is final for its subscription, and for no other."""
        await broker.publisher.publish(TOPIC, [message("a"), message("b")])
        for received in await pulled(broker, ONE):
            if received.attributes["ce-id"] == "a":
                await broker.subscriber.acknowledge(ONE, [received.ack_id])

        await broker.expire_leases(ONE)

        assert identities(await pulled(broker, ONE)) == ["b"]
        assert identities(await pulled(broker, TWO)) == ["a", "b"]

    async def test_acknowledging_twice_is_no_error(self, broker: Broker) -> None:
        """The second acknowledgement changes nothing."""
        await broker.publisher.publish(TOPIC, [message("a")])
        (received,) = await pulled(broker, ONE)

        await broker.subscriber.acknowledge(ONE, [received.ack_id])
        await broker.subscriber.acknowledge(ONE, [received.ack_id])

        assert await pulled(broker, ONE) == []

    async def test_unknown_topic_is_unavailable(self, broker: Broker) -> None:
        """A topic that is not there (yet, or after a restart) leaves the outbox to do its work."""
        with pytest.raises(UnavailableError):
            await broker.publisher.publish("nobody-made-this", [message("a")])

    async def test_unknown_subscription_is_unavailable(self, broker: Broker) -> None:
        """A subscription that is not there can be pulled later."""
        with pytest.raises(UnavailableError):
            await pulled(broker, "nobody-made-this")

    async def test_publishing_nothing_asks_for_nothing(self, broker: Broker) -> None:
        """No messages, no request."""
        await broker.publisher.publish(TOPIC, [])

        assert "publish" not in broker.counts.rpcs

    async def test_a_commits_messages_are_one_request(self, broker: Broker) -> None:
        """However many messages go to a topic, they are one request: counted, since it is the price."""
        await broker.publisher.publish(TOPIC, [message("a"), message("b"), message("c")])

        assert broker.counts.rpcs["publish"] == 1
