"""A checkout and a return with the real services on the other side: what one asks for the others understand."""

from dataclasses import replace
from typing import Any

import pytest

from functions.checkout.main import SERVICE as CHECKOUT
from functions.payments.adapters.memory import APPROVED, DECLINED
from functions.returns.main import SERVICE as RETURNS
from shared.eventsourcing.workflow.state import Status
from shared.testing.doubles import FixedClock
from tests.unit.checkout.premises import Premises, agreed, filled_cart, good, stocked, usd

ADDRESS = {"name": "Ada", "lines": ["12 Way"], "city": "Town", "postal_code": "0150", "country": "NO"}


@pytest.fixture
async def shop() -> Premises:
    """Milk and tea on the shelf, priced; a coupon for milk."""
    return await stocked(Premises(FixedClock()))


async def check_out(shop: Premises, cart: str, token: str = APPROVED, **more: Any) -> tuple[str, Status]:
    coupons = more.get("coupons", ["TEN"])
    seen = {} if "expected_total" in more else await agreed(shop, cart, coupons)
    body = {"cart_id": cart, "payment_token": token, "shipping_address": ADDRESS, "coupons": coupons, **seen, **more}
    reply = await shop.ask("900", "customer", "POST", "/checkout/v1/checkouts", body)
    assert reply.status == 202, reply.body
    checkout_id = reply.json["id"]
    advanced = await shop.run(CHECKOUT, checkout_id)
    await shop.project()
    return checkout_id, advanced.status


async def shown(shop: Premises, url: str) -> Any:
    return (await good(shop, "GET", url)).json


async def test_a_checkout_is_understood_by_everybody(shop: Premises) -> None:
    """The cart is sold, the coupon used, the goods allocated, the money captured, the order placed."""
    cart = await filled_cart(shop)

    checkout_id, status = await check_out(shop, cart)

    assert status is Status.COMPLETED, (await shown(shop, f"/checkout/v1/checkouts/{checkout_id}"))["timeline"]
    order = await shown(shop, f"/orders/v1/orders/{checkout_id}")
    assert (order["status"], order["subtotal"], order["total"]) == ("placed", usd(899), usd(849))
    assert (await shown(shop, f"/payments/v1/payments/{checkout_id}"))["status"] == "captured"
    assert (await shown(shop, f"/inventory/v1/reservations/{checkout_id}"))["status"] == "allocated"
    assert (await shown(shop, f"/promotions/v1/redemptions/{checkout_id}"))["status"] == "redeemed"
    assert (await shown(shop, f"/cart/v1/carts/{cart}"))["status"] == "checked-out"


async def test_a_declined_card_leaves_nothing_behind(shop: Premises) -> None:
    """Everything is undone: the same cart can be checked out again, with the same coupon."""
    cart = await filled_cart(shop)

    declined, status = await check_out(shop, cart, min(DECLINED))

    assert status is Status.FAILED
    reason = (await shown(shop, f"/checkout/v1/checkouts/{declined}"))["reason"]
    assert (reason["step"], reason["code"]) == ("authorize_payment", "card-declined")
    assert (await shown(shop, f"/orders/v1/orders/{declined}"))["status"] == "cancelled"
    assert (await shown(shop, f"/inventory/v1/reservations/{declined}"))["status"] == "released"
    assert (await shown(shop, "/inventory/v1/stock/milk"))["available"] == 10
    assert (await check_out(shop, cart))[1] is Status.COMPLETED


async def test_goods_that_are_short_leave_nothing_behind(shop: Premises) -> None:
    """The coupon is free again, the cart open, no card was asked."""
    await good(shop, "POST", "/inventory/v1/stock/tea/adjustments", {"delta": -5, "reason": "count"})
    cart = await filled_cart(shop)

    checkout_id, status = await check_out(shop, cart)

    reason = (await shown(shop, f"/checkout/v1/checkouts/{checkout_id}"))["reason"]
    assert (status, reason["code"]) == (Status.FAILED, "out-of-stock")
    assert (await shown(shop, f"/promotions/v1/redemptions/{checkout_id}"))["status"] == "released"
    assert (await shown(shop, f"/cart/v1/carts/{cart}"))["status"] == "open"


async def test_a_cart_that_coupons_pay_for_asks_no_card(shop: Premises) -> None:
    """The order is placed, and there is no payment."""
    terms = {
        "campaign_id": "spring",
        "skus": ["milk", "tea"],
        "discount": {"kind": "percent", "percent": 100},
        "starts_at": "2026-01-01T00:00:00Z",
        "ends_at": "2027-01-01T00:00:00Z",
    }
    await good(shop, "PUT", "/promotions/v1/coupons/ALL", terms)
    cart = await filled_cart(shop)

    checkout_id, status = await check_out(shop, cart, coupons=["ALL"])

    assert status is Status.COMPLETED
    assert (await shown(shop, f"/orders/v1/orders/{checkout_id}"))["status"] == "placed"
    assert (await shop.ask("7", "operator", "GET", f"/payments/v1/payments/{checkout_id}")).status == 404


async def test_a_price_that_changes_after_the_preview_is_not_charged(shop: Premises) -> None:
    """Shown 8.99, raised to 10.99 right before "buy": the checkout turns back, and no card is asked."""
    cart = await filled_cart(shop)
    seen = await agreed(shop, cart)
    await good(shop, "PUT", "/pricing/v1/prices/milk", {"price": usd(350)})
    await shop.project()

    checkout_id, status = await check_out(shop, cart, coupons=[], **seen)

    reason = (await shown(shop, f"/checkout/v1/checkouts/{checkout_id}"))["reason"]
    assert (seen["expected_total"], status, reason["code"]) == (usd(899), Status.FAILED, "total-differs")
    assert (await shown(shop, f"/cart/v1/carts/{cart}"))["status"] == "open"
    assert (await shop.ask("7", "operator", "GET", f"/payments/v1/payments/{checkout_id}")).status == 404


async def test_an_item_that_is_put_in_after_buy_is_not_sold(shop: Premises) -> None:
    """The checkout is about what the customer saw: it turns back with the version that the cart has."""
    cart = await filled_cart(shop)
    body = {"cart_id": cart, "payment_token": APPROVED, "shipping_address": ADDRESS, **await agreed(shop, cart)}
    checkout_id = (await shop.ask("900", "customer", "POST", "/checkout/v1/checkouts", body)).json["id"]
    await shop.ask("900", "customer", "POST", f"/cart/v1/carts/{cart}/items", {"sku": "tea", "quantity": 3})

    await shop.run(CHECKOUT, checkout_id)
    await shop.project()

    reason = (await shown(shop, f"/checkout/v1/checkouts/{checkout_id}"))["reason"]
    assert (reason["step"], reason["code"], "4" in reason["detail"]) == ("check_out_cart", "version-mismatch", True)
    assert (await shown(shop, f"/cart/v1/carts/{cart}"))["status"] == "open"


async def test_a_coupon_that_takes_off_less_than_shown_is_not_used(shop: Premises) -> None:
    """It is free again, and the cart open."""
    cart = await filled_cart(shop)
    seen = await agreed(shop, cart, ["TEN"])
    period = {"starts_at": "2026-01-01T00:00:00Z", "ends_at": "2027-01-01T00:00:00Z"}
    less = {"campaign_id": "spring", "skus": ["milk"], "discount": {"kind": "percent", "percent": 5}, **period}
    await good(shop, "PUT", "/promotions/v1/coupons/TEN", less)

    checkout_id, status = await check_out(shop, cart, **seen)

    assert status is Status.FAILED
    assert (await shown(shop, f"/promotions/v1/redemptions/{checkout_id}"))["status"] == "released"
    assert (await check_out(shop, cart))[1] is Status.COMPLETED


async def test_a_delisted_product_is_not_sold(shop: Premises) -> None:
    """Preview and checkout refuse it by its name, the cart says so, and it is not added again."""
    cart = await filled_cart(shop)
    seen = await agreed(shop, cart)
    await good(shop, "DELETE", "/catalog/v1/products/milk")

    checkout_id, status = await check_out(shop, cart, coupons=[], **seen)
    preview = await shop.ask("900", "customer", "POST", "/checkout/v1/previews", {"cart_id": cart, "country": "US"})
    added = await shop.ask("900", "customer", "POST", f"/cart/v1/carts/{cart}/items", {"sku": "milk", "quantity": 1})
    told = await shop.ask("900", "customer", "GET", f"/cart/v1/carts/{cart}/availability")

    reason = (await shown(shop, f"/checkout/v1/checkouts/{checkout_id}"))["reason"]
    assert (status, reason["code"], "Fine milk" in reason["detail"]) == (Status.FAILED, "product-not-sold", True)
    assert {(each.status, each.json["code"]) for each in (preview, added)} == {(409, "product-not-sold")}
    assert [each["name"] for each in told.json["unavailable"]] == ["Fine milk"]


async def test_a_product_that_was_never_listed_is_not_added(shop: Premises) -> None:
    """Whatever it costs, and whatever is on the shelf."""
    await good(shop, "PUT", "/pricing/v1/prices/rye", {"price": usd(99)})
    cart = await filled_cart(shop)

    reply = await shop.ask("900", "customer", "POST", f"/cart/v1/carts/{cart}/items", {"sku": "rye", "quantity": 1})

    assert (reply.status, reply.json["code"], reply.fields_at_fault) == (409, "product-not-sold", ["sku"])


async def test_a_till_sells_what_the_catalog_does_not_list(shop: Premises) -> None:
    """The customer has it in their hand."""
    opening = {"currency": "USD", "customer_id": "901"}
    cart = (await shop.ask("till-1", "pos", "POST", "/cart/v1/carts", opening)).json["id"]
    await good(shop, "DELETE", "/catalog/v1/products/milk")
    item = {"sku": "milk", "quantity": 1, "charged": usd(250)}
    assert (await shop.ask("till-1", "pos", "POST", f"/cart/v1/carts/{cart}/items", item)).status == 202
    body = {
        "cart_id": cart,
        "cart_version": 2,
        "expected_total": usd(250),
        "customer_id": "901",
        "payment_token": APPROVED,
        "shipping_address": ADDRESS,
    }

    reply = await shop.ask("till-1", "pos", "POST", "/checkout/v1/checkouts", body)

    assert (await shop.run(CHECKOUT, reply.json["id"])).status is Status.COMPLETED


@pytest.mark.parametrize("coupons", [[], ["TEN"]])
async def test_a_preview_changes_nothing(shop: Premises, coupons: list[str]) -> None:
    """However often it is asked, no coupon is used and no version moves. A used coupon is refused as at checkout."""
    cart = await filled_cart(shop)

    seen = [await agreed(shop, cart, coupons) for _ in range(3)]
    _, status = await check_out(shop, cart, coupons=coupons, **seen[0])
    other = await filled_cart(shop)
    body = {"cart_id": other, "coupons": ["TEN"], "country": "US"}
    then = await shop.ask("900", "customer", "POST", "/checkout/v1/previews", body)

    assert (len({repr(each) for each in seen}), status) == (1, Status.COMPLETED)
    assert then.json.get("code") == ("coupon-used" if coupons else None)


async def test_every_undo_may_come_first(shop: Premises) -> None:
    """Asked for what never was, each undo is done, leaves its tombstone, and the call that comes later is refused."""
    cart = await filled_cart(shop)
    data = {
        "checkout_id": "k1",
        "cart_id": cart,
        "cart_version": 3,
        "expected_total": usd(849),
        "customer_id": "900",
        "payment_token": "sealed:v1:x",
        "shipping_address": "sealed:v1:x",
        "country": "US",
        "coupons": [{"code": "TEN"}],
        "at": None,
        "started_at": shop.clock().isoformat(),
        "currency": "USD",
        "lines": [{"sku": "milk", "quantity": 2, "total": usd(500)}],
        "total": usd(450),
    }
    for step in (each for each in CHECKOUT.workflow.steps if each.undo):
        assert step.undo is not None
        undone = await shop.call(replace(step.undo.call(data), key=f"{step.name}/undo"))
        again = await shop.call(replace(step.undo.call(data), key=f"{step.name}/undo-again"))
        late = await shop.call(replace(step.call(data), key=step.name))

        too_late = 412 if step.name == "check_out_cart" else 409
        assert (step.name, undone.status, again.status, late.status) == (step.name, 202, 202, too_late)


async def test_goods_come_back(shop: Premises) -> None:
    """A delivered order is returned in part: refunded as the order says, on the shelf again. Nothing moves before."""
    checkout_id, _ = await check_out(shop, await filled_cart(shop))
    await deliver(shop, checkout_id)

    body = {"order_id": checkout_id, "lines": [{"sku": "tea", "quantity": 1}], "reason": "not-as-described"}
    reply = await shop.ask("900", "customer", "POST", "/returns/v1/returns", body)
    return_id = reply.json["id"]
    asked = (await shop.run(RETURNS, return_id)).status
    received = {"lines": [{"sku": "tea", "sound": 1, "damaged": 0, "missing": 0}]}
    for step, said in (("approve", {}), ("receive", received)):
        assert (await shown(shop, f"/payments/v1/payments/{checkout_id}"))["refunds"] == []
        await good(shop, "POST", f"/returns/v1/returns/{return_id}/{step}", said)
    status = (await shop.run(RETURNS, return_id)).status
    await shop.project()

    assert asked is Status.WAITING
    view = await shown(shop, f"/returns/v1/returns/{return_id}")
    assert status is Status.COMPLETED, view["timeline"]
    (refund,) = (await shown(shop, f"/payments/v1/payments/{checkout_id}"))["refunds"]
    assert (await shown(shop, "/inventory/v1/stock/tea"))["available"] == 5
    (returned,) = (await shown(shop, f"/orders/v1/orders/{checkout_id}"))["returns"]
    assert (returned["return_id"], returned["status"]) == (return_id, "completed")
    assert refund["amount"] == view["refund"] == returned["refund"]


async def deliver(shop: Premises, order_id: str) -> None:
    """As fulfillment's news would do it."""
    lines = [{"sku": "milk", "quantity": 2}, {"sku": "tea", "quantity": 1}]
    body = {"shipment_id": "s1", "lines": lines}
    await good(shop, "POST", f"/inventory/v1/reservations/{order_id}/ship", body)
    await shop.delivered(order_id, "s1", lines)
    await shop.project()


async def test_a_checkout_keeps_its_first_answer(shop: Premises) -> None:
    """Also when the customer was erased since, and the address in it can be sealed no more."""
    cart = await filled_cart(shop)
    body = {"cart_id": cart, "payment_token": APPROVED, "shipping_address": ADDRESS, **await agreed(shop, cart)}
    key = {"Idempotency-Key": "k"}
    first = await shop.ask("900", "customer", "POST", "/checkout/v1/checkouts", body, **key)
    await shop.erase("900")
    assert (await shop.ask("900", "customer", "POST", "/customers/v1/customers/900/erase", {})).status == 202

    again = await shop.ask("900", "customer", "POST", "/checkout/v1/checkouts", body, **key)

    assert (again.status, again.body) == (202, first.body)
