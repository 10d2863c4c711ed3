"""Who fills the books: the data set's rows, and the log."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from emulators.feed.books import BookError, carts_in_log, data_set_book, log_book, opened_by_others
from emulators.feed.client import TILL_ACTOR
from emulators.feed.dataset import Row
from emulators.feed.reconcile import BookedCart, Entry
from emulators.feed.tills import FedCart
from functions.cart.decider import CART
from functions.cart.events import CartCheckedOut, CartEvent, CartOpened, CartRestored, Channel, ItemAddedToCart
from shared.adapters.memory.event_store import MemoryEventStore
from shared.eventsourcing.codec import encode_commit
from shared.eventsourcing.event_store import Fed, FeedCursor, NewCommit, OperationCounts, Position
from shared.eventsourcing.message import Context
from shared.eventsourcing.money import Money

AT = datetime(2017, 3, 6, 12, tzinfo=UTC)
LATER = AT + timedelta(minutes=5)


def opened(cart_id: str, household: str = "900") -> CartOpened:
    return CartOpened(cart_id=cart_id, customer_id=household, channel=Channel.POS, currency="USD", at=AT)


def added(sku: str, quantity: int, cents: int | None) -> ItemAddedToCart:
    charged = None if cents is None else Money(amount=cents, currency="USD")
    return ItemAddedToCart(sku=sku, quantity=quantity, charged=charged, at=AT)


def checked_out(cart_id: str) -> CartCheckedOut:
    return CartCheckedOut(
        checkout_id=None, cart_id=cart_id, customer_id="900", channel=Channel.POS, currency="USD", lines=(), at=LATER
    )


async def log_with(actor: str = TILL_ACTOR, /, **carts: Sequence[CartEvent]) -> MemoryEventStore:
    """A log with one commit for each event."""
    store = MemoryEventStore(lambda: AT, OperationCounts())
    for cart_id, events in carts.items():
        position = Position(f"cart-{cart_id}", 0)
        for event in events:
            command_id = f"{cart_id}-{position.version}"
            context = Context(
                command="Any", command_id=command_id, correlation_id=command_id, actor=actor, occurred_at=AT
            )
            body = encode_commit(position.stream, position.version + 1, context, CART.codec.encode([event]))
            new = NewCommit(position=position, body=body, owed=())
            appended = await store.append([new])
            position = appended.positions[0]  # type: ignore[union-attr]  # without an answer nothing is replayed
    return store


def test_the_data_set_book_has_the_sold_lines_only() -> None:
    """A line of quantity 0 is in no cart; a basket of such lines is a cart that stays open and empty."""
    rows = [Row("1", "900", "11", 1, 50, AT), Row("1", "900", "12", 0, 7, AT), Row("2", "901", "12", 0, 0, LATER)]

    assert data_set_book(rows) == {
        "1": BookedCart("900", True, {"11": (Entry(1, 50),)}, opened_at=AT, checked_out_at=AT),
        "2": BookedCart("901", checked_out=False, opened_at=LATER),
    }


async def test_the_log_book_is_folded_from_the_whole_feed() -> None:
    """Carts come by basket, with the state that their commits make."""
    names = [f"c{number}" for number in range(40)]
    histories: dict[str, Sequence[CartEvent]] = {
        name: [opened(name), added("11", 1, 50), added("11", 2, 100)] for name in names
    }
    log = await log_with(**histories)
    fed = {f"basket of {name}": FedCart(name, "900", 3, checked_out=False) for name in names}

    book = log_book(await carts_in_log(log), fed, before=())

    lines: dict[str, tuple[Entry, ...]] = {"11": (Entry(3, 150),)}
    assert book == {basket: BookedCart("900", False, lines, status="open", opened_at=AT) for basket in fed}


async def test_a_checked_out_cart_is_booked_as_such_and_a_missing_price_as_none() -> None:
    """The state of the write side is all that counts."""
    log = await log_with(c=[opened("c"), added("11", 1, None), checked_out("c")])

    book = log_book(await carts_in_log(log), {"1": FedCart("c", "900", 3, checked_out=True)}, before=())

    lines: dict[str, tuple[Entry, ...]] = {"11": (Entry(1, None),)}
    assert book == {
        "1": BookedCart("900", True, lines, status="checked-out", opened_at=AT, checked_out_at=LATER),
    }


async def test_a_restored_cart_has_no_time_of_check_out() -> None:
    """Times are those of the commits' events: what was taken back counts no more."""
    restored = CartRestored(reason="declined", at=LATER)
    log = await log_with(c=[opened("c"), added("11", 1, 50), checked_out("c"), restored])

    (cart,) = (await carts_in_log(log)).values()

    assert (cart.opened_at, cart.checked_out_at) == (AT, None)


async def test_a_cart_that_others_opened_is_not_booked() -> None:
    """A customer's cart that was opened meanwhile is counted and left alone."""
    carts = await carts_in_log(await log_with("customer:7", web=[opened("web", "7")], old=[opened("old", "7")]))

    assert log_book(carts, {}, before={"old"}) == {}
    assert opened_by_others(carts, {}, before={"old"}) == {"web"}


async def test_strays_are_booked_and_what_was_there_before_is_not() -> None:
    """A cart that the log has and nobody fed is a finding; one of an earlier run is only that if it was fed again."""
    log = await log_with(old=[opened("old")], again=[opened("again")], stray=[opened("stray", "7")])

    book = log_book(
        await carts_in_log(log), {"1": FedCart("again", "900", 1, checked_out=False)}, before={"old", "again"}
    )

    assert {name: cart.household for name, cart in book.items()} == {"1": "900", "(none, cart stray)": "7"}


class Holed(MemoryEventStore):
    """A log whose feed loses the second commit of every stream."""

    async def feed(self, category: str, *, after: FeedCursor | None = None, until: datetime) -> AsyncIterator[Fed]:
        async for fed in super().feed(category, after=after, until=until):
            if fed.found.version != 2:
                yield fed


async def test_a_hole_in_the_feed_is_an_error() -> None:
    """What is not contiguous cannot be folded."""
    log = await log_with(c=[opened("c"), added("11", 1, 50), added("12", 1, 50)])
    log.__class__ = Holed

    with pytest.raises(BookError, match="the feed has cart-c@3 where version 2 should be"):
        await carts_in_log(log)
