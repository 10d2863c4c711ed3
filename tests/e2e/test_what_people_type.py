"""What people type and are told: coupons, addresses, cards; and where their parcels are. On the whole platform."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from shared.adapters.system import new_id
from tests.e2e.embedded_shop import ADDRESS, SKU, STOCK, Shop, opened
from tests.e2e.rig import held

pytestmark = pytest.mark.asyncio(loop_scope="module")
YEAR = {"starts_at": "2020-01-01T00:00:00Z", "ends_at": "2100-01-01T00:00:00Z"}
AGREED = {"cart_version": 1, "expected_total": {"amount": 250, "currency": "USD"}}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    async with held(opened(tmp_path_factory.mktemp("shop"))) as shop:
        await shop.ask("POST", f"/inventory/v1/stock/{SKU}/receipts", {"quantity": STOCK, "reference": new_id()})
        yield shop


async def campaign_of(shop: Shop, campaign: str, *codes: str) -> None:
    """A campaign of the test's own (the tests of a file run in any order), with coupons of a tenth off."""
    await shop.ask("PUT", f"/promotions/v1/campaigns/{campaign}", {"name": campaign, "kind": "web", **YEAR})
    tenth = {"campaign_id": campaign, "skus": [SKU], **YEAR, "discount": {"kind": "percent", "percent": 10}}
    for code in codes:
        await shop.ask("PUT", f"/promotions/v1/coupons/{code}", tenth)


async def checked_out(shop: Shop, customer: str, **stated: object) -> tuple[str, str]:
    """How a checkout of one piece ended: its id, and `completed` or why not."""
    cart = (await shop.ask("POST", "/cart/v1/carts", {"currency": "USD"}, customer=customer))["id"]
    await shop.ask("POST", f"/cart/v1/carts/{cart}/items", {"sku": SKU, "quantity": 1}, customer=customer)
    seen = await shop.agreed(cart, 2, customer=customer)
    asked = {"cart_id": cart, "payment_token": "pm_card_visa", "shipping_address": ADDRESS, **seen, **stated}
    checkout = (await shop.ask("POST", "/checkout/v1/checkouts", asked, customer=customer))["id"]
    ended = await shop.becomes(f"/checkout/v1/checkouts/{checkout}", lambda body: body["ended_at"])
    return str(checkout), (ended["reason"] or {"code": ended["status"]})["code"]


async def test_a_code_is_typed_as_one_likes(shop: Shop) -> None:
    """It takes off what it takes off, once a customer, and is shown in upper case."""
    await campaign_of(shop, "summer", "Save10")
    order, ended = await checked_out(shop, "910", coupons=["sAve10"], expected_total={"amount": 225, "currency": "USD"})

    assert ended == "completed"
    seen = await shop.becomes(f"/orders/v1/orders/{order}", lambda body: body["placed_at"])
    assert [(each["code"], each["amount"]["amount"]) for each in seen["discounts"]] == [("SAVE10", 25)]
    assert (await checked_out(shop, "910", coupons=["SAVE10"]))[1] == "coupon-used"


async def test_what_was_ended_takes_nothing_off(shop: Shop) -> None:
    """A coupon that was withdrawn, and then all of a campaign that is over."""
    await campaign_of(shop, "autumn", "Later", "Never")
    await shop.ask("DELETE", "/promotions/v1/coupons/never")
    assert (await checked_out(shop, "911", coupons=["never"]))[1] == "coupon-withdrawn"

    over = {"name": "autumn", "kind": "web", **YEAR, "ends_at": "2021-01-01T00:00:00Z"}
    await shop.ask("PUT", "/promotions/v1/campaigns/autumn", over)

    assert (await checked_out(shop, "911", coupons=["later"]))[1] == "coupon-expired"


async def test_a_parcel_goes_where_there_are_no_postal_codes(shop: Shop) -> None:
    """The label has what was stated; elsewhere the code is asked for, by name."""
    address = {
        "name": "Ada",
        "lines": ["1 Queen's Road"],
        "region": "Kowloon",
        "country": "HK",
        "phone": "+852 21234567",
    }
    order, ended = await checked_out(shop, "912", shipping_address=address)
    await shop.becomes(f"/fulfillment/v1/shipments/{order}-1", lambda body: body["id"])

    label = await shop.ask("GET", f"/fulfillment/v1/shipments/{order}-1/label")

    assert ended == "completed"
    assert all(part in label["address"] for part in ("Kowloon", "+852 21234567"))
    elsewhere = {**address, "country": "NO"}
    asked = {"cart_id": "c", "payment_token": "pm_card_visa", "shipping_address": elsewhere, **AGREED}
    status, problem = await shop.send("POST", "/checkout/v1/checkouts", asked, customer="912")
    fields = {error["field"] for error in problem["errors"]}
    assert (status, fields) == (400, {"shipping_address.city", "shipping_address.postal_code"})


async def test_whoever_tries_cards_is_slowed_down(shop: Shop) -> None:
    """After five that were declined; somebody else is not."""
    declined = [await checked_out(shop, "913", payment_token="pm_card_visa_chargeDeclined") for _ in range(5)]  # noqa: S106
    assert {ended for _, ended in declined} == {"card-declined"}

    cart = (await shop.ask("POST", "/cart/v1/carts", {"currency": "USD"}, customer="913"))["id"]
    asked = {"cart_id": cart, "payment_token": "pm_card_visa", "shipping_address": ADDRESS, **AGREED}
    status, problem = await shop.send("POST", "/checkout/v1/checkouts", asked, customer="913")

    assert (status, problem["code"]) == (429, "too-many-attempts")
    assert (await checked_out(shop, "914"))[1] == "completed"


async def test_a_customer_and_the_shop_find_an_order(shop: Shop) -> None:
    """The customer where it is, the shop among all of its status and time, and the customer among all customers."""
    order = await shop.buy("https://id.example/915", 1)
    await shop.deliver(order)

    mine = await shop.ask("GET", f"/fulfillment/v1/shipments?order_id={order}", customer="https://id.example/915")
    delivered = await shop.ask("GET", "/orders/v1/orders?status=delivered&since=2020-01-01T00:00:00Z")
    before = await shop.ask("GET", "/orders/v1/orders?until=2020-01-01T00:00:00Z")
    customers = await shop.ask("GET", "/customers/v1/customers?status=known")

    assert [(each["carrier"], each["tracking"]) for each in mine["items"]] == [("UPS", "T1")]
    assert ([each["id"] for each in delivered["items"]], before["items"]) == ([order], [])
    assert "https:~2F~2Fid.example~2F915" in [each["id"] for each in customers["items"]]
