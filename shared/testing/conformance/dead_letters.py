"""The port `DeadLetters`."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.eventsourcing.dead_letters import MAX_KEPT_BYTES, Buried, DeadLetters, Origin, Parked, Place
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
LATER = PARKED.parked_at + timedelta(hours=1)
BURIED = Buried(
    service="mail",
    function="reactor",
    subscription="mail-on-orders",
    message_id="orders-1@5.0",
    attributes={"ce-id": "orders-1@5.0", "ce-type": "commerce.orders.OrderPlaced.v1", "traceparent": ""},
    body=b"\xff{",
    error="ValueError: no such thing",
    origin=Origin.DEAD_LETTER_TOPIC,
    attempts=20,
    first_at=PARKED.parked_at,
    last_at=PARKED.parked_at,
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

    async def test_nothing_is_buried_at_first(self, store: DeadLetters) -> None:
        """None, and an empty list."""
        assert await store.message(BURIED.place) is None
        assert await collected(store.messages("mail")) == []

    async def test_a_buried_message_is_found(self, store: DeadLetters) -> None:
        """With all that it takes to deliver it again, and why it was given up."""
        await store.bury(BURIED)

        assert await store.message(BURIED.place) == BURIED

    async def test_who_gave_it_up_may_not_count_attempts(self, store: DeadLetters) -> None:
        """A function is not always told which one it is."""
        given_up = replace(BURIED, origin=Origin.HANDLER, attempts=None, attributes={})

        await store.bury(given_up)

        assert await store.message(BURIED.place) == given_up

    async def test_the_same_message_again_only_counts(self, store: DeadLetters) -> None:
        """With its time, and the reason of now."""
        await store.bury(BURIED)
        await store.failed(BURIED.place, error="in vain", at=BURIED.last_at)

        for error in ("other", "another"):
            await store.bury(replace(BURIED, error=error, first_at=LATER, last_at=LATER))

        expected = replace(BURIED, error="another", times=3, redrives=1, last_at=LATER)
        assert await store.message(BURIED.place) == expected

    @pytest.mark.parametrize(
        "newer",
        [
            {"body": b"the good copy"},
            {"attributes": {"ce-id": "orders-1@5.0"}},
            {"attributes": {}, "body": b"", "origin": Origin.HANDLER, "attempts": None, "function": "consumer"},
        ],
    )
    async def test_the_newest_copy_of_a_message_is_kept(self, store: DeadLetters, newer: dict[str, Any]) -> None:
        """The first one may have been garbled on its way: it must not keep a good one out."""
        await store.bury(BURIED)

        await store.bury(replace(BURIED, error="other", first_at=LATER, last_at=LATER, **newer))

        expected = replace(BURIED, error="other", times=2, last_at=LATER, **newer)
        assert await store.message(BURIED.place) == expected

    async def test_a_whole_copy_replaces_one_that_was_cut(self, store: DeadLetters) -> None:
        """And it can be delivered again."""
        await store.bury(replace(BURIED, body=b"x" * 2_000_000))

        await store.bury(BURIED)

        assert await store.message(BURIED.place) == replace(BURIED, times=2)

    async def test_a_message_is_buried_for_one_subscription(self, store: DeadLetters) -> None:
        """What one function cannot take another one may have taken."""
        await store.bury(BURIED)

        assert await store.message(Place("mail", "mail-on-payments", BURIED.message_id)) is None
        assert await store.message(Place("stock", BURIED.subscription, BURIED.message_id)) is None

    async def test_a_service_lists_its_own(self, store: DeadLetters) -> None:
        """By subscription and id, whatever the ids are, and no other service's messages."""
        ids = ("orders-1@5.0", "a/b", "", ".", "__x__", "ü")
        mine = [replace(BURIED, message_id=each) for each in ids]
        mine.append(replace(BURIED, subscription="mail-on-payments"))
        for message in (*mine, replace(BURIED, service="stock", subscription="stock-on-orders")):
            await store.bury(message)

        found = await collected(store.messages("mail"))

        assert sorted(found, key=repr) == sorted(mine, key=repr)
        assert [each.subscription for each in found] == sorted(each.subscription for each in mine)

    async def test_a_message_that_fails_again_says_so(self, store: DeadLetters) -> None:
        """The reason of now, when, and how often it was tried in vain; the rest stays."""
        await store.bury(BURIED)

        for error in ("KeyError: 'a'", "KeyError: 'b'"):
            await store.failed(BURIED.place, error=error, at=LATER)

        assert await store.message(BURIED.place) == replace(BURIED, error="KeyError: 'b'", last_at=LATER, redrives=2)

    async def test_a_message_that_is_gone_cannot_fail(self, store: DeadLetters) -> None:
        """Somebody else may have released it meanwhile."""
        await store.failed(BURIED.place, error="late", at=LATER)

        assert await store.message(BURIED.place) is None

    async def test_a_released_message_is_buried_no_more(self, store: DeadLetters) -> None:
        """Releasing twice is no error, and it can be buried again, for the first time."""
        await store.bury(replace(BURIED, error="old"))

        await store.release_message(BURIED.place)
        await store.release_message(BURIED.place)

        assert await store.message(BURIED.place) is None
        await store.bury(BURIED)
        assert await store.message(BURIED.place) == BURIED

    async def test_a_message_that_is_too_large_is_cut(self, store: DeadLetters) -> None:
        """Its beginning is kept, and that it was cut; attributes count, and the largest commit is kept whole."""
        large = replace(BURIED, body=b"x" * 2_000_000, attributes={f"a{n:02}": "y" * 1000 for n in range(100)})
        whole = replace(BURIED, message_id="whole", body=b"x" * (900 * 1024))

        await store.bury(large)
        await store.bury(whole)

        kept = await store.message(large.place)
        assert kept is not None
        assert (kept.cut, kept.attributes) == (True, large.attributes)
        assert len(kept.body) == MAX_KEPT_BYTES - 100 * 1003
        assert await store.message(whole.place) == whole
