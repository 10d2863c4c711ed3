"""Cancelled or shipped, never both: a placed order is cancelled when its shipments are stopped."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from emulators.settings import RuntimeChoice
from functions.checkout.amounts import amounts
from shared.adapters.archive import reader
from shared.adapters.system import new_id
from shared.config import settings
from tests.e2e.embedded_shop import DISPATCH, PRICE, RACES, RUNTIME, SKU, Json, Shop, opened, together
from tests.e2e.rig import held
from tests.e2e.shop_contradictions import contradictions
from tests.e2e.stories import TERM

OTHER, OTHER_PRICE, GIFT = "222", 199, "333"
SHIPPING = 499 if RUNTIME is RuntimeChoice.EMBEDDED else 0
"""The rule is replaced in this process: functions in processes of their own have theirs, which is nothing."""
COUPONS = {"THIRTY": (SKU, 30), "FREE": (GIFT, 100)}
"""Product and percent."""
OF_THE_TILL = "STATED"
"""A coupon that took off nothing, as the till states."""
MIXED_TOTAL = 2 * PRICE * 7 // 10 + OTHER_PRICE + SHIPPING
GONE = ("shipment-is-dispatched", "order-is-shipped")
"""What fulfillment says, and what the order says as soon as it has heard of it."""

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    """With goods for everybody, coupons, and costs of shipping."""
    rules: Any = amounts.__kwdefaults__
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(rules, "shipping_rule", lambda _: SHIPPING)
        async with held(opened(tmp_path_factory.mktemp("cancellations"), pause=0.25)) as shop:
            await stock(shop)
            yield shop


async def stock(shop: Shop) -> None:
    """Three products on the shelf, with their prices and coupons."""
    for sku, cents in ((OTHER, OTHER_PRICE), (GIFT, 100)):
        await shop.ask("PUT", f"/catalog/v1/products/{sku}", {"department": "Grocery"})
        await shop.ask("PUT", f"/pricing/v1/prices/{sku}", {"price": {"amount": cents, "currency": "USD"}})
    for sku in (SKU, OTHER, GIFT):
        await shop.ask("POST", f"/inventory/v1/stock/{sku}/receipts", {"quantity": 1000, "reference": new_id()})
    await shop.ask("PUT", "/promotions/v1/campaigns/always", {"name": "Always", "kind": "web", **TERM})
    discounts: dict[str, tuple[str, Json]] = {
        code: (sku, {"kind": "percent", "percent": percent}) for code, (sku, percent) in COUPONS.items()
    }
    for code, (sku, discount) in {**discounts, OF_THE_TILL: (SKU, {"kind": "stated"})}.items():
        coupon = {"campaign_id": "always", "skus": [sku], "discount": discount, **TERM}
        await shop.ask("PUT", f"/promotions/v1/coupons/{code}", coupon)
    await shop.platform.caught_up()


async def buy_mixed(shop: Shop, customer: str) -> str:
    """The id of a placed order: two of the one product, one of the other and a gift, with all coupons."""
    return await shop.buy(customer, 2, also={OTHER: 1, GIFT: 1}, coupons=tuple(COUPONS), stated={OF_THE_TILL: 0})


async def sold(shop: Shop, order: str) -> list[tuple[Any, ...]]:
    """What the analytics count as sold of an order: product, pieces, gross, and what coupons took off."""
    archive = reader(settings(shop.platform.parts.environment))
    answer = await asyncio.to_thread(archive.view, "sold_lines")
    archive.close()
    rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
    return sorted((x["sku"], x["quantity"], x["gross"], x["off"]) for x in rows if x["order_id"] == order)


async def race(shop: Shop, customer: str) -> tuple[int, Json]:
    """An order is dispatched and cancelled at the same time: how the dispatch was answered, and the cancellation."""
    order = await shop.buy(customer, 1)
    shipment = await shop.pack(order)
    dispatched, cancelled = await asyncio.gather(
        shop.send("POST", f"{shipment}/dispatch", DISPATCH), shop.cancel(order)
    )
    return dispatched[0], cancelled


async def test_an_order_is_dispatched_or_cancelled_and_never_both(shop: Shop) -> None:
    """Of all races who loses is told so, and goods, money and stock agree."""
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
    seen = await shop.becomes(
        f"/orders/v1/orders/{order}", lambda body: body["refunded"]["amount"] == 2 * PRICE + SHIPPING
    )
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


async def test_an_order_that_is_cancelled_piece_by_piece_comes_to_nothing(shop: Shop) -> None:
    """Its money goes back to the cent, the shipping with the last piece. Until then its coupons are used, and only what
    is left is sold; after it all coupons can be used again, also the one that took off nothing.
    """
    order = await buy_mixed(shop, "923")

    first = await shop.cancel(order, 1)
    await shop.platform.caught_up()
    left = await sold(shop, order)
    early = await contradictions(shop)
    others = [await shop.cancel(order, 1, sku=OTHER), await shop.cancel(order)]
    seen = await shop.becomes(f"/orders/v1/orders/{order}", lambda body: body["refunded"]["amount"] == MIXED_TOTAL)
    await shop.platform.caught_up()

    assert [each["refund"]["amount"] for each in (first, *others)] == [175, OTHER_PRICE, 175 + SHIPPING]
    assert left == [(SKU, 1, PRICE, 75), (OTHER, 1, OTHER_PRICE, 0), (GIFT, 1, 100, 100)]
    assert (seen["status"], await sold(shop, order)) == ("cancelled", [])
    assert (early, await contradictions(shop)) == ([], [])
    assert await buy_mixed(shop, "923")


async def test_an_order_of_which_nothing_arrives_comes_to_nothing(shop: Shop) -> None:
    """One piece is cancelled, and the parcel with the others is lost: as if all of it had been cancelled."""
    order = await buy_mixed(shop, "924")
    await shop.cancel(order, 1, sku=OTHER)
    shipment = await shop.dispatch(order)
    await shop.platform.caught_up()
    left = await sold(shop, order)

    await shop.ask("POST", f"{shipment}/lose")
    seen = await shop.becomes(f"/orders/v1/orders/{order}", lambda body: body["refunded"]["amount"] == MIXED_TOTAL)
    await shop.platform.caught_up()

    assert left == [(SKU, 2, 2 * PRICE, 150), (GIFT, 1, 100, 100)]
    assert (seen["status"], await sold(shop, order)) == ("lost", [])
    assert await contradictions(shop) == []
    assert await buy_mixed(shop, "924")


async def test_what_is_left_of_an_order_keeps_its_coupons(shop: Shop) -> None:
    """A part is cancelled, the rest arrives, and comes back: the coupons were used for it."""
    order = await buy_mixed(shop, "925")
    for sku in (OTHER, GIFT):
        await shop.cancel(order, 1, sku=sku)
    await shop.deliver(order)
    await shop.platform.caught_up()

    await shop.receives(await shop.asks_to_return(order, "925", 2), sound=2)
    seen = await shop.becomes(f"/orders/v1/orders/{order}", lambda body: body["status"] == "returned")
    await shop.platform.caught_up()

    redemption = await shop.ask("GET", f"/promotions/v1/redemptions/{order}")
    assert (seen["refunded"]["amount"], redemption["status"]) == (MIXED_TOTAL, "redeemed")
    assert await contradictions(shop) == []
