"""Asking the read models: waiting for them, and booking what they answer."""

import pytest

from emulators.feed.books import BookError
from emulators.feed.catch_up import CatchUpError, caught_up
from emulators.feed.client import NoAnswerError
from emulators.feed.dataset import Basket, Line
from emulators.feed.query_book import QueryBook
from emulators.feed.reconcile import BookedCart, Entry
from emulators.feed.tills import FedCart, feed
from tests.unit.emulators.cart_in_miniature import AT, EMPTY, FULL, CartInMiniature, silent, till


async def test_waiting_goes_on_until_the_final_version_is_shown() -> None:
    """Neither a missing document nor an old version will do."""
    platform = CartInMiniature()
    async with till(platform) as client:
        result = await feed(client, [FULL], concurrency=1, progress=silent)
        platform.hidden = 3

        waited = await caught_up(client, [*result.carts.values()], within=5.0, progress=silent)

    assert len(waited.query_times) == 4


async def test_waiting_is_bounded_and_names_who_is_behind() -> None:
    """A read model that never comes is an error."""
    platform = CartInMiniature()
    async with till(platform) as client:
        result = await feed(client, [FULL], concurrency=1, progress=silent)
        platform.hidden = 10**9

        with pytest.raises(CatchUpError, match=r"1 read models are behind the log after 0\.1 s: cbasket-1-open"):
            await caught_up(client, [*result.carts.values()], within=0.1, progress=silent)


async def test_the_query_book_has_what_the_queries_say() -> None:
    """Lines, totals and states come from the cart's own query, copies from the pages of its household's list."""
    platform = CartInMiniature()
    third = Basket("3", "900", AT, [Line("11", 2, 100)])
    async with till(platform) as client:
        result = await feed(client, [FULL, EMPTY, third], concurrency=1, progress=silent)
        book = QueryBook(client, result.carts, workers=2, progress=silent)
        await book.ask()
        await book.ask_lists(before=())

    lines: dict[str, tuple[Entry, ...]] = {"11": (Entry(1, 50),), "13": (Entry(28502, 6999),)}
    assert book.carts["1"] == BookedCart(
        "900", True, lines, 1, status="checked-out", stated_total=7049, opened_at=FULL.at, checked_out_at=FULL.at
    )
    assert book.carts["2"] == BookedCart("900", False, {}, 1, status="open", stated_total=0, opened_at=EMPTY.at)
    assert book.carts["3"].copies == 1
    assert (len(book.cart_times), len(book.list_times)) == (3, 2)


async def test_a_stray_cart_is_booked_unless_it_was_there_before() -> None:
    """A cart of the feed's households that nobody fed is shown, an older one is not."""
    platform = CartInMiniature()
    async with till(platform) as client:
        result = await feed(client, [FULL], concurrency=1, progress=silent)
        for name in ("old", "stray"):
            platform.carts[name] = {**platform.carts["cbasket-1-open"], "id": name, "lines": {}}
        book = QueryBook(client, result.carts, workers=2, progress=silent)
        await book.ask()
        await book.ask_lists(before={"old"})

    assert list(book.carts) == ["1", "(none, cart stray)"]


@pytest.mark.parametrize(("opened_by", "booked"), [("customer:900", ["1"]), (None, ["1", "(none, cart stray)"])])
async def test_a_cart_that_others_opened_is_not_booked(opened_by: str | None, booked: list[str]) -> None:
    """Its history says who opened it; a cart without any history is nobody's, and a finding."""
    platform = CartInMiniature()
    async with till(platform) as client:
        result = await feed(client, [FULL], concurrency=1, progress=silent)
        platform.carts["stray"] = {**platform.carts["cbasket-1-open"], "id": "stray", "opened_by": opened_by}
        book = QueryBook(client, result.carts, workers=2, progress=silent)
        await book.ask()
        await book.ask_lists(before=())

    assert list(book.carts) == booked
    assert book.others == ({"stray"} if opened_by else set())


async def test_a_cart_that_only_the_list_knows_is_missing_and_stray() -> None:
    """A cart whose own query answers 404 is not booked under its basket."""
    platform = CartInMiniature()
    async with till(platform) as client:
        result = await feed(client, [FULL], concurrency=1, progress=silent)
        platform.hidden = 10
        book = QueryBook(client, result.carts, workers=2, progress=silent)
        await book.ask()
        await book.ask_lists(before=())

    assert list(book.carts) == ["(none, cart cbasket-1-open)"]


async def test_a_list_without_an_end_is_an_error() -> None:
    """A cursor that leads back to its own page is not followed."""
    carts = {"1": FedCart("c", "900", 1, checked_out=True)}
    async with till(CartInMiniature(endless=True)) as client:
        book = QueryBook(client, carts, workers=1, progress=silent)
        with pytest.raises(BookError, match="the list of household 900 goes on for ever"):
            await book.ask_lists(before=())


async def test_a_query_that_fails_is_an_error() -> None:
    """Only a missing cart is an answer."""
    carts = {"1": FedCart("no/such/path", "900", 1, checked_out=True)}
    async with till(CartInMiniature()) as client:
        book = QueryBook(client, carts, workers=1, progress=silent)
        with pytest.raises(NoAnswerError, match="404 without JSON"):
            await book.ask()
