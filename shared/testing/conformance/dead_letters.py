"""The port `DeadLetters`."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

from shared.eventsourcing.projector import DeadLetters, Parked
from shared.testing.conformance.samples import collected

PARKED = Parked(
    projection="cart.carts",
    stream="cart-42",
    version=7,
    error="ValueError: no such thing",
    body=b"\x00{",
    parked_at=datetime(2017, 1, 1, 12, 0, 0, 123456, tzinfo=UTC),
    held=(),
)


class DeadLettersConformance:
    """Every dead-letter store keeps these promises. Fixtures to provide: `store`."""

    async def test_nothing_is_parked_at_first(self, store: DeadLetters) -> None:
        """None, and an empty list."""
        assert await store.parked("cart.carts", "cart-42") is None
        assert await collected(store.list("cart")) == []

    async def test_a_parked_stream_is_found(self, store: DeadLetters) -> None:
        """With the commit at fault, the reason and the time."""
        await store.park(PARKED)

        assert await store.parked("cart.carts", "cart-42") == PARKED

    async def test_the_first_to_park_a_stream_wins(self, store: DeadLetters) -> None:
        """Another try changes nothing."""
        await store.park(PARKED)

        await store.park(replace(PARKED, version=9, error="other"))

        assert await store.parked("cart.carts", "cart-42") == PARKED

    async def test_a_stream_is_parked_for_one_projection(self, store: DeadLetters) -> None:
        """The others, and other streams, go on."""
        await store.park(PARKED)

        assert await store.parked("cart.history", "cart-42") is None
        assert await store.parked("cart.carts", "cart-4") is None

    async def test_later_versions_queue_behind_it(self, store: DeadLetters) -> None:
        """In order and once each, however they arrive."""
        await store.park(PARKED)

        await asyncio.gather(*(store.hold("cart.carts", "cart-42", version) for version in (9, 8, 10, 9)))

        assert await store.parked("cart.carts", "cart-42") == replace(PARKED, held=(8, 9, 10))

    async def test_versions_that_waited_when_it_was_parked_are_kept(self, store: DeadLetters) -> None:
        """`held` is stored with the rest."""
        await store.park(replace(PARKED, held=(8,)))

        await store.hold("cart.carts", "cart-42", 9)

        assert await store.parked("cart.carts", "cart-42") == replace(PARKED, held=(8, 9))

    async def test_nothing_queues_behind_a_stream_that_goes_on(self, store: DeadLetters) -> None:
        """To hold a version of a stream that is not parked does nothing."""
        await store.hold("cart.carts", "cart-42", 8)

        assert await store.parked("cart.carts", "cart-42") is None

    async def test_a_released_stream_is_parked_no_more(self, store: DeadLetters) -> None:
        """Releasing twice is no error, and it can be parked again."""
        await store.park(PARKED)

        await store.release("cart.carts", "cart-42")
        await store.release("cart.carts", "cart-42")

        assert await store.parked("cart.carts", "cart-42") is None
        await store.park(replace(PARKED, version=9))
        assert await store.parked("cart.carts", "cart-42") == replace(PARKED, version=9)

    async def test_a_category_lists_its_own(self, store: DeadLetters) -> None:
        """All projections of the category, and no other category's streams."""
        carts = [PARKED, replace(PARKED, projection="cart.history"), replace(PARKED, stream="cart-a/b")]
        for parked in (*carts, replace(PARKED, projection="orders.orders", stream="orders-1")):
            await store.park(parked)

        found = await collected(store.list("cart"))

        assert sorted(found, key=repr) == sorted(carts, key=repr)

    async def test_a_message_can_be_buried_again(self, store: DeadLetters) -> None:
        """Any id, any body, any number of times: what cannot be read must not come back for ever."""
        at = PARKED.parked_at
        for message_id in ("m-1", "m-1", "a/b", "", "."):
            await store.bury(message_id, error="no JSON", body=b"\xff", at=at)

        await store.bury("m-2", error="too large", body=b"x" * 2_000_000, at=at)
