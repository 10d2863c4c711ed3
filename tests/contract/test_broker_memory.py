"""The memory broker keeps what every broker promises, and what only it can show: filters and leases on a clock."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from shared.adapters.memory.broker import MemoryBroker
from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.event_store import OperationCounts
from shared.eventsourcing.publishing import Message
from shared.testing.conformance.broker import ONE, TOPIC, TWO, BrokerConformance, message
from shared.topology import Maturity, Service, Subscription, Topic

DEADLINE = 30


@dataclass
class MemoryCase:
    """The broker under test and the time it is given."""

    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    counts: OperationCounts = field(default_factory=OperationCounts)

    def __post_init__(self) -> None:
        self.publisher = self.subscriber = MemoryBroker(lambda: self.now, self.counts)

    async def expire_leases(self, subscription: str) -> None:
        self.now += timedelta(seconds=DEADLINE)


def orders(*subscriptions: Subscription) -> Service:
    return Service(
        name="orders",
        description="for the test",
        maturity=Maturity.EVENT_SOURCED,
        functions=(),
        topics=(Topic(TOPIC, "for the test"),),
        subscriptions=subscriptions,
    )


@pytest.fixture
def broker() -> MemoryCase:
    case = MemoryCase()
    subscriptions = (Subscription(name=name, topic=TOPIC, ack_deadline=DEADLINE) for name in (ONE, TWO))
    case.publisher.declare([orders(*subscriptions)])
    return case


class TestMemoryBroker(BrokerConformance):
    pass


async def test_filter_keeps_messages_out(broker: MemoryCase) -> None:
    """A message that does not pass a subscription's filter is never given out there, and is no backlog."""
    memory = broker.publisher
    memory.declare([orders(Subscription(name="only-b", topic=TOPIC, filter='attributes.ce-id = "b"'))])

    await memory.publish(TOPIC, [message("a"), message("b")])

    assert [leased.attributes["ce-id"] for leased in memory.lease("only-b", 10)] == ["b"]
    assert memory.backlog("only-b") == 1


async def test_attempts_are_counted(broker: MemoryCase) -> None:
    """Each time a message is given out its delivery attempt is one more."""
    await broker.publisher.publish(TOPIC, [message("a")])

    (first,) = broker.publisher.lease(ONE, 10)
    await broker.expire_leases(ONE)
    (second,) = broker.publisher.lease(ONE, 10)

    assert (first.attempt, second.attempt) == (1, 2)
    assert first.message_id == second.message_id


async def test_returned_message_comes_first(broker: MemoryCase) -> None:
    """A message that is given back by a deadline of 0 is given out before what came later."""
    await broker.publisher.publish(TOPIC, [message("a")])
    (leased,) = broker.publisher.lease(ONE, 10)
    await broker.publisher.publish(TOPIC, [message("b")])

    broker.publisher.extend(ONE, [leased.ack_id], 0)

    assert [each.attributes["ce-id"] for each in broker.publisher.lease(ONE, 10)] == ["a", "b"]


async def test_extended_lease_outlives_its_deadline(broker: MemoryCase) -> None:
    """A lease that was extended is not given to anybody else."""
    await broker.publisher.publish(TOPIC, [message("a")])
    (leased,) = broker.publisher.lease(ONE, 10)

    broker.publisher.extend(ONE, [leased.ack_id], 2 * DEADLINE)
    await broker.expire_leases(ONE)

    assert broker.publisher.lease(ONE, 10) == []


async def test_dead_letters_are_kept(broker: MemoryCase) -> None:
    """Every subscription has a dead-letter topic, and a subscription of the same name that keeps what arrives there."""
    await broker.publisher.publish(f"{ONE}-dead", [Message("a", b"", {})])

    assert broker.publisher.backlog(f"{ONE}-dead") == 1


async def test_declaring_again_keeps_messages(broker: MemoryCase) -> None:
    """Putting the topology back leaves what exists as it is."""
    await broker.publisher.publish(TOPIC, [message("a")])

    broker.publisher.declare([orders(Subscription(name=ONE, topic=TOPIC))])

    assert broker.publisher.backlog(ONE) == 1


async def test_forgetful_broker_has_no_topics(broker: MemoryCase) -> None:
    """A broker that lost its memory takes no message until its topics are declared again."""
    broker.publisher.forget()

    with pytest.raises(UnavailableError):
        await broker.publisher.publish(TOPIC, [message("a")])
