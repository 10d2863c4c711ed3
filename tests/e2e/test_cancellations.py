"""Cancelled or shipped, never both: a placed order is cancelled when its shipments are stopped."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from shared.adapters.system import new_id
from tests.e2e.embedded_shop import DISPATCH, PRICE, SKU, Json, Shop, opened, together
from tests.e2e.rig import held
from tests.e2e.shop_contradictions import contradictions

RACES = 50
GONE = ("shipment-is-dispatched", "order-is-shipped")
"""What fulfillment says, and what the order says as soon as it has heard of it."""

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    """With goods for everybody."""
    async with held(opened(tmp_path_factory.mktemp("cancellations"), pause=0.25)) as shop:
        await shop.ask("POST", f"/inventory/v1/stock/{SKU}/receipts", {"quantity": 1000, "reference": new_id()})
        await shop.platform.caught_up()
        yield shop


async def race(shop: Shop, customer: str) -> tuple[int, Json]:
    """An order is dispatched and cancelled at the same time: how the dispatch was answered, and the cancellation."""
    order = await shop.buy(customer, 1)
    shipment = await shop.pack(order)
    dispatched, cancelled = await asyncio.gather(
        shop.send("POST", f"{shipment}/dispatch", DISPATCH), shop.cancel(order)
    )
    return dispatched[0], cancelled


async def test_an_order_is_dispatched_or_cancelled_and_never_both(shop: Shop) -> None:
    """Fifty races: who loses is told so, and goods, money and stock agree."""
    ends = await together(race(shop, f"racer-{number}") for number in range(RACES))
    await shop.platform.caught_up()

    assert {(status, body["status"]) for status, body in ends} <= {(202, "refused"), (409, "completed")}
    assert {body["reason"]["code"] for _, body in ends if body["reason"]} <= {*GONE}
    assert await contradictions(shop) == []


async def test_what_has_left_is_not_cancelled(shop: Shop) -> None:
    """The cancellation is refused, and changes nothing."""
    order = await shop.buy("920", 1)
    await shop.dispatch(order)

    refused = await shop.cancel(order)
    await shop.platform.caught_up()

    seen = await shop.ask("GET", f"/orders/v1/orders/{order}")
    assert (refused["status"], refused["reason"]["code"] in GONE) == ("refused", True)
    assert (seen["status"], seen["refunded"]["amount"], seen["cancellations"]) == ("shipped", 0, [])


async def test_the_unshipped_rest_is_cancelled_by_line(shop: Shop) -> None:
    """One of three has left: of the others one is cancelled, then the rest; what is paid is what has left."""
    order = await shop.buy("921", 3)
    first = f"/fulfillment/v1/shipments/{order}-1"
    await shop.becomes(first, lambda body: body["id"])
    await shop.ask("POST", f"{first}/split", {"lines": [{"sku": SKU, "quantity": 2}]})
    await shop.dispatch(order)
    before = await shop.stock()

    await shop.becomes(f"/orders/v1/orders/{order}", lambda body: body["lines"][0]["shipped"] == 1)
    asked = {"lines": [{"sku": SKU, "quantity": 3}], "reason": "fraud"}
    too_many = await shop.send("POST", f"/orders/v1/orders/{order}/cancel", asked)
    one, rest = await shop.cancel(order, 1), await shop.cancel(order)
    seen = await shop.becomes(f"/orders/v1/orders/{order}", lambda body: body["refunded"]["amount"] == 2 * PRICE)
    await shop.platform.caught_up()

    assert (too_many[0], too_many[1]["code"]) == (409, "not-cancellable")
    assert [each["refund"]["amount"] for each in (one, rest)] == [PRICE, PRICE]
    assert (seen["status"], seen["lines"][0]["cancelled"], seen["lines"][0]["shipped"]) == ("shipped", 2, 1)
    assert (await shop.stock())[1] == before[1] + 2
    await shop.ask("POST", f"{first}/deliver")
    await shop.becomes(f"/orders/v1/orders/{order}", lambda body: body["status"] == "delivered")
    assert await contradictions(shop) == []


async def test_a_parcel_that_is_lost_is_refunded_and_may_turn_up(shop: Shop) -> None:
    """Its money goes back, its goods do not. Then it is delivered all the same: one piece of it is returned, goes to
    the shelf, and gives nothing back any more.
    """
    order = await shop.buy("922", 2)
    shipment = await shop.dispatch(order)
    await shop.platform.caught_up()
    before = await shop.stock()

    await shop.ask("POST", f"{shipment}/lose")
    seen = await shop.becomes(f"/orders/v1/orders/{order}", lambda body: body["refunded"]["amount"] == 2 * PRICE)
    unmoved = await shop.stock()
    await shop.ask("POST", f"{shipment}/deliver")
    found = await shop.becomes(f"/orders/v1/orders/{order}", lambda body: body["status"] == "delivered")
    await shop.receives(await shop.asks_to_return(order, "922", 1), sound=1)
    await shop.platform.caught_up()

    assert (seen["status"], seen["lines"][0]["lost"], seen["shipments"][0]["status"]) == ("lost", 2, "lost")
    assert (found["lines"][0]["lost"], found["shipments"][0]["status"]) == (0, "delivered")
    payment = await shop.ask("GET", f"/payments/v1/payments/{order}")
    assert (payment["left"]["amount"], len(payment["refunds"])) == (0, 1)
    assert unmoved == before
    assert (await shop.stock())[0] == before[0] + 1
    assert await contradictions(shop) == []
