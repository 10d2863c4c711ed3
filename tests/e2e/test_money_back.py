"""Money that goes back, whoever sends it: never more than came in, and orders, shipments and customers hear of it."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from shared.adapters.system import new_id
from tests.e2e.embedded_shop import DISPATCH, PRICE, SKU, STOCK, Shop, opened
from tests.e2e.rig import held
from tests.e2e.stripe_desk import StripeDesk

pytestmark = pytest.mark.asyncio(loop_scope="module")
TWO = 2 * PRICE


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    async with held(opened(tmp_path_factory.mktemp("shop"))) as shop:
        yield shop


@pytest_asyncio.fixture(loop_scope="module")
async def desk(shop: Shop) -> StripeDesk:
    """Of a shop with goods that nobody else has bought."""
    await shop.ask("POST", f"/inventory/v1/stock/{SKU}/receipts", {"quantity": STOCK, "reference": new_id()})
    await shop.platform.caught_up()
    return StripeDesk(shop)


async def payment_is(shop: Shop, order: str, status: str) -> None:
    """Its first dispute."""
    await shop.becomes(
        f"/payments/v1/payments/{order}", lambda body: [each["status"] for each in body["disputes"]] == [status]
    )


async def order_is(shop: Shop, order: str, *disputes: str) -> None:
    path = f"/orders/v1/orders/{order}"
    await shop.becomes(path, lambda body: [each["status"] for each in body["disputes"]] == list(disputes))


async def returned(shop: Shop, order: str, customer: str, quantity: int) -> None:
    await shop.receives(await shop.asks_to_return(order, customer, quantity), sound=quantity)


async def test_a_disputed_order_stays_until_it_is_won(shop: Shop, desk: StripeDesk) -> None:
    """The shipment is packed and held; the order and the list of what needs a person say why."""
    order = await shop.buy("910", 2)
    shipment = f"/fulfillment/v1/shipments/{order}-1"
    await shop.becomes(shipment, lambda body: body["id"])
    for step in ("pick", "pack"):
        await shop.ask("POST", f"{shipment}/{step}")

    dispute = await desk.dispute(order)
    await shop.becomes(shipment, lambda body: body["held_by"] == [dispute])
    await order_is(shop, order, "open")
    refused = await shop.send("POST", f"{shipment}/dispatch", DISPATCH)
    waiting = await shop.ask("GET", "/payments/v1/payments?attention=disputed")
    await desk.decide(dispute, "won")
    await shop.becomes(shipment, lambda body: body["held_by"] == [])

    assert (refused[0], refused[1]["code"]) == (409, "shipment-is-held")
    assert [each["id"] for each in waiting["items"]] == [order]
    await shop.ask("POST", f"{shipment}/dispatch", DISPATCH)


async def test_money_goes_back_once_after_a_chargeback(shop: Shop, desk: StripeDesk) -> None:
    """500 in, lost at the bank, cancelled: 500 out."""
    order = await shop.buy("911", 2)
    dispute = await desk.dispute(order)
    await payment_is(shop, order, "open")
    await desk.decide(dispute, "lost")
    await payment_is(shop, order, "lost")

    await shop.cancel(order)
    await shop.platform.caught_up()

    payment = await shop.ask("GET", f"/payments/v1/payments/{order}")
    assert (payment["refunds"], payment["left"]["amount"], await desk.refunds(order)) == ([], 0, [])


async def test_a_cancelled_order_waits_for_its_dispute(shop: Shop, desk: StripeDesk) -> None:
    """The shop wins, and gives the money back itself: the customer is not out of pocket."""
    order = await shop.buy("912", 2)
    dispute = await desk.dispute(order)
    await payment_is(shop, order, "open")
    await shop.cancel(order)
    payments = f"/payments/v1/payments/{order}"
    await shop.becomes(payments, lambda body: [each["status"] for each in body["refunds"]] == ["deferred"])

    await desk.decide(dispute, "won")

    await shop.becomes(payments, lambda body: body["refunded"]["amount"] == TWO)
    await shop.becomes(f"/orders/v1/orders/{order}", lambda body: body["refunded"]["amount"] == TWO)
    assert [each["amount"] for each in await desk.refunds(order)] == [TWO]


async def test_a_refund_of_the_dashboard_counts(shop: Shop, desk: StripeDesk) -> None:
    """300 of 500 there, then the order is cancelled: 200 here, and the order says 500."""
    order = await shop.buy("913", 2)
    await desk.refund(order, 300)

    await shop.cancel(order)

    seen = await shop.becomes(f"/orders/v1/orders/{order}", lambda body: body["refunded"]["amount"] == TWO)
    assert sorted(each["amount"]["amount"] for each in seen["refunds"]) == [200, 300]
    assert sorted(each["amount"] for each in await desk.refunds(order)) == [200, 300]


async def test_a_goodwill_of_one_cent_leaves_a_return_possible(shop: Shop, desk: StripeDesk) -> None:
    """Both pieces come back, for what is left of their money."""
    order = await shop.buy("914", 2)
    await shop.deliver(order)
    cent = {"refund_id": "goodwill", "amount": {"amount": 1, "currency": "USD"}, "reason": "arrived-late"}
    await shop.ask("POST", f"/payments/v1/payments/{order}/refunds", cent)

    await returned(shop, order, "914", 2)

    seen = await shop.becomes(f"/orders/v1/orders/{order}", lambda body: body["refunded"]["amount"] == TWO)
    assert seen["status"] == "returned"
    assert sorted(each["amount"] for each in await desk.refunds(order)) == [1, TWO - 1]


async def test_a_refund_that_the_bank_sends_back_is_told_to_everybody(shop: Shop, desk: StripeDesk) -> None:
    """Payment, order, return and customer; staff has it on a list until somebody has dealt with it."""
    order = await shop.buy("915", 1)
    await shop.deliver(order)
    await returned(shop, order, "915", 1)
    await shop.becomes(f"/orders/v1/orders/{order}", lambda body: body["refunded"]["amount"] == PRICE)
    (made,) = await desk.refunds(order)

    await desk.send_back(made["id"])
    seen = await shop.becomes(f"/orders/v1/orders/{order}", lambda body: body["refunded"]["amount"] == 0)
    listed = await shop.ask("GET", "/payments/v1/payments?attention=refund-failed")
    resolve = f"/payments/v1/payments/{order}/refunds/{listed['items'][0]['refunds'][0]['refund_id']}/resolve"
    await shop.ask("POST", resolve, {"paid_otherwise": True, "reason": "other"})
    await shop.becomes(f"/orders/v1/orders/{order}", lambda body: body["refunded"]["amount"] == PRICE)
    await shop.platform.caught_up()

    assert (seen["returns"][0]["refund_failed"], seen["refunds"][0]["code"]) == (True, "expired_or_canceled_card")
    assert [each["id"] for each in listed["items"]] == [order]
    assert (await shop.ask("GET", "/payments/v1/payments?attention=refund-failed"))["items"] == []
    assert [
        mail for mail in await shop.mails("refund") if order in mail["subject"] and "not reach you" in mail["subject"]
    ]
