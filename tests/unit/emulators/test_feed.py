"""The feed: what becomes of a basket, what is counted, what fails a run."""

import pytest

from emulators.feed.dataset import Line
from emulators.feed.tills import FedCart, FeedError, RefusedLine, feed
from tests.unit.emulators.cart_in_miniature import EMPTY, FULL, CartInMiniature, fed, till


async def test_a_basket_becomes_a_checked_out_cart_with_its_sold_lines() -> None:
    """A cart is opened for the household, filled line by line, and checked out, all at the basket's own time."""
    platform = CartInMiniature()

    result = await fed(platform, FULL)

    assert result.carts == {"1": FedCart("cbasket-1-open", "900", 4, checked_out=True)}
    assert [body for _, _, body in platform.seen] == [
        {"currency": "USD", "customer_id": "900", "opened_at": "2017-03-06T12:00:00Z"},
        *(
            {"sku": sku, "quantity": n, "charged": {"amount": cents, "currency": "USD"}, "at": "2017-03-06T12:00:00Z"}
            for sku, n, cents in (("11", 1, 50), ("12", 0, 7), ("13", 28502, 6999))
        ),
        {"at": "2017-03-06T12:00:00Z"},
    ]


async def test_lines_of_quantity_0_are_sent_refused_and_counted() -> None:
    """A refused line is reported with its basket; it is no accepted command."""
    result = await fed(CartInMiniature(), FULL)

    assert result.refused_lines == [RefusedLine("1", Line("12", 0, 7))]
    assert (result.commands, result.accepted, result.refused) == (5, 4, 1)


async def test_a_basket_without_sold_lines_leaves_an_empty_cart_that_cannot_be_checked_out() -> None:
    """The check-out of an empty cart is refused, and counted as such."""
    result = await fed(CartInMiniature(), EMPTY)

    assert result.carts["2"] == FedCart("cbasket-2-open", "900", 1, checked_out=False)
    assert (result.commands, result.accepted, result.empty_carts) == (3, 1, 1)


async def test_the_same_feed_again_sends_the_same_keys_and_changes_nothing() -> None:
    """A feed can be repeated: its keys follow from the baskets."""
    platform = CartInMiniature()
    first = await fed(platform, FULL, EMPTY)
    keys = sorted(key for _, key, _ in platform.seen)
    platform.seen.clear()

    again = await fed(platform, FULL, EMPTY)

    assert again.carts == first.carts
    assert (first.replayed, again.replayed) == (0, again.accepted)
    assert sorted(key for _, key, _ in platform.seen) == keys


async def test_latencies_are_kept_by_kind() -> None:
    """Each command is timed here, each append and publish by the platform itself."""
    result = await fed(CartInMiniature(), FULL)

    assert len(result.command_times) == 5
    assert result.append_times == [2.5] * 4
    assert result.publish_times == [1.5] * 4


@pytest.mark.parametrize("status", [400, 403, 409, 422, 500])
async def test_any_other_refusal_fails_the_run(status: int) -> None:
    """What the basket did not call for is never counted away."""
    with pytest.raises(FeedError, match=f"basket 1, open: expected 202 with an ETag, got {status}"):
        await fed(CartInMiniature(instead=[(status, {})]), FULL)


async def test_an_accepted_line_of_quantity_0_fails_the_run() -> None:
    """The platform must refuse such a line, and say why."""
    with pytest.raises(FeedError, match="line 12 of quantity 0: expected 400 naming quantity, got 202"):
        await fed(CartInMiniature(least=0), FULL)


async def test_an_accepted_check_out_of_an_empty_cart_fails_the_run() -> None:
    """Nothing can be sold by a cart without lines."""
    with pytest.raises(FeedError, match="check-out of an empty cart: expected 409 cart-is-empty, got 202"):
        await fed(CartInMiniature(sells_nothing=True), EMPTY)


async def test_progress_is_told_after_every_basket() -> None:
    """Whoever watches sees how many of how many are done."""
    told = []
    async with till(CartInMiniature()) as client:
        await feed(client, [FULL, EMPTY], concurrency=1, progress=lambda *args: told.append(args))

    assert told == [("baskets", 1, 2), ("baskets", 2, 2)]
