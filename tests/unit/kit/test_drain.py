"""What Pub/Sub gave up comes into the dead-letter store, and nothing of it is lost on the way."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from shared.adapters.memory.broker import MemoryBroker
from shared.adapters.memory.dead_letters import MemoryDeadLetters
from shared.eventsourcing.dead_letters import Buried, Origin
from shared.eventsourcing.drain import Drain, DrainReport, Pipe
from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.publishing import Message
from shared.testing.doubles import FixedClock
from shared.topology import ReactsTo, consumer

BOOKS = consumer("books", description="", reacts_to=(ReactsTo("orders"), ReactsTo("cart")), permissions=())
ON_ORDERS = Pipe(keeper="books-on-orders-dead", subscription="books-on-orders", function="consumer")
ON_CART = Pipe(keeper="books-on-cart-dead", subscription="books-on-cart", function="consumer")
SOURCE = {
    "CloudPubSubDeadLetterSourceSubscription": "books-on-orders",
    "CloudPubSubDeadLetterSourceDeliveryCount": "20",
}


class Interrupted(MemoryBroker):
    """A broker that is not told that a message was taken: whoever wanted to tell it was killed."""

    async def acknowledge(self, subscription: str, ack_ids: Sequence[str]) -> None:
        raise UnavailableError(f"{subscription}: killed before {len(ack_ids)} were acknowledged")


@dataclass
class World:
    clock: FixedClock
    broker: MemoryBroker
    dead_letters: MemoryDeadLetters = field(default_factory=MemoryDeadLetters)

    async def give_up(self, *ids: str, keeper: str = ON_ORDERS.keeper, **attributes: str) -> None:
        """As Pub/Sub does when the attempts are spent."""
        messages = [Message(each, b"{}", {"ce-id": each, **SOURCE, **attributes}) for each in ids]
        await self.broker.publish(keeper, messages)

    def drain(self, *pipes: Pipe) -> Drain:
        return Drain(
            service="books",
            pipes=pipes or (ON_ORDERS, ON_CART),
            subscriber=self.broker,
            dead_letters=self.dead_letters,
            clock=self.clock,
        )

    @property
    def buried(self) -> list[Buried]:
        return list(self.dead_letters.buried.values())


@pytest.fixture
def world(clock: FixedClock) -> World:
    broker = MemoryBroker(clock)
    broker.declare([BOOKS])
    return World(clock, broker)


async def test_a_message_comes_into_the_store(world: World) -> None:
    """With its attributes, how often it was tried, and who takes it."""
    await world.give_up("order-1@1.0", traceparent="00-1-2-01")

    assert await world.drain().run() == DrainReport(buried=1, dropped=0)

    (letter,) = world.buried
    assert letter.place == ("books", "books-on-orders", "order-1@1.0")
    assert (letter.function, letter.origin, letter.attempts) == ("consumer", Origin.DEAD_LETTER_TOPIC, 20)
    assert letter.attributes == {"ce-id": "order-1@1.0", "traceparent": "00-1-2-01", **SOURCE}
    assert letter.error == "not accepted in 20 attempts; the function's log says why"


async def test_what_is_in_the_store_is_acknowledged(world: World) -> None:
    """The topic is empty, and the next run finds nothing."""
    await world.give_up("order-1@1.0")
    await world.drain().run()
    world.clock.advance(hours=1)

    assert await world.drain().run() == DrainReport(buried=0, dropped=0)
    assert world.broker.backlog(ON_ORDERS.keeper) == 0


async def test_all_topics_are_drained(world: World) -> None:
    """Each message is kept for its own subscription, the same one for two of them."""
    await world.give_up(*(f"order-{number}@1.0" for number in range(120)))
    await world.give_up("order-1@1.0", keeper=ON_CART.keeper)

    assert await world.drain().run() == DrainReport(buried=121, dropped=0)
    assert len(world.buried) == 121


async def test_killed_before_it_acknowledges_it_keeps_a_message_once(clock: FixedClock) -> None:
    """The message comes again, and is known."""
    broker = Interrupted(clock)
    broker.declare([BOOKS])
    world = World(clock, broker)
    await world.give_up("order-1@1.0")
    with pytest.raises(UnavailableError):
        await world.drain(ON_ORDERS).run()
    world.broker.__class__ = MemoryBroker  # the next run lives
    clock.advance(seconds=61)

    await world.drain(ON_ORDERS).run()

    (letter,) = world.buried
    assert (letter.times, letter.last_at - letter.first_at) == (2, timedelta(seconds=61))
    assert world.broker.backlog(ON_ORDERS.keeper) == 0


async def test_what_the_store_did_not_take_stays_in_the_topic(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is acknowledged that was not kept."""

    async def down(_: Buried) -> None:
        raise UnavailableError("down")

    await world.give_up("order-1@1.0")
    monkeypatch.setattr(world.dead_letters, "bury", down)

    with pytest.raises(UnavailableError):
        await world.drain(ON_ORDERS).run()
    assert world.broker.backlog(ON_ORDERS.keeper) == 1


async def test_one_topic_that_is_not_there_keeps_no_other(world: World) -> None:
    """The others are drained, and then the trouble is told."""
    missing = Pipe(keeper="nowhere-dead", subscription="nowhere", function="consumer")
    await world.give_up("order-1@1.0")

    with pytest.raises(UnavailableError):
        await world.drain(missing, ON_ORDERS).run()
    assert len(world.buried) == 1


async def test_what_is_no_loss_is_dropped(world: World) -> None:
    """It is acknowledged, counted and kept nowhere."""
    relay = Pipe(keeper=ON_CART.keeper, subscription="books-events-relay", function="", kept=False)
    await world.give_up("books-1@1", keeper=ON_CART.keeper)

    assert await world.drain(relay).run() == DrainReport(buried=0, dropped=1)
    assert (world.buried, world.broker.backlog(ON_CART.keeper)) == ([], 0)


async def test_a_reason_of_pubsub_is_kept(world: World) -> None:
    """Some subscriptions say why; and a count that is none is no count."""
    await world.give_up(
        "order-1@1.0",
        CloudPubSubDeadLetterSourceDeliveryErrorMessage="no such table",
        CloudPubSubDeadLetterSourceDeliveryCount="many",
    )
    await world.drain().run()

    (letter,) = world.buried
    assert (letter.attempts, letter.error) == (None, "not accepted in many attempts; no such table")
