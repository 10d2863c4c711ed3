"""What comes before a sale, across all services: what a customer is shown is what they get, or nothing is sold."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from shared.adapters.system import new_id
from tests.e2e.embedded_shop import ADDRESS, PRICE, SKU, Json, Shop, opened
from tests.e2e.rig import held

CARTS, CHECKOUTS, PREVIEWS = "/cart/v1/carts", "/checkout/v1/checkouts", "/checkout/v1/previews"
CUSTOMER = "910"

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    async with held(opened(tmp_path_factory.mktemp("shop"))) as shop:
        await shop.ask("POST", f"/inventory/v1/stock/{SKU}/receipts", {"quantity": 100, "reference": "first"})
        yield shop


async def filled(shop: Shop, sku: str = SKU) -> tuple[str, int]:
    """A cart with one of a product, and its version."""
    cart = (await shop.ask("POST", CARTS, {"currency": "USD"}, customer=CUSTOMER))["id"]
    added = await shop.ask("POST", f"{CARTS}/{cart}/items", {"sku": sku, "quantity": 1}, customer=CUSTOMER)
    return cart, added["version"]


async def offered(shop: Shop, *, cents: int = PRICE) -> str:
    """A product of its own, listed, priced and in stock."""
    sku = new_id()
    await shop.ask(
        "PUT", f"/catalog/v1/products/{sku}", {"department": "Dairy", "brand": "Acme", "product_type": "Milk"}
    )
    await priced(shop, sku, cents)
    await shop.ask("POST", f"/inventory/v1/stock/{sku}/receipts", {"quantity": 9, "reference": "first"})
    return sku


async def priced(shop: Shop, sku: str, cents: int) -> None:
    await shop.ask("PUT", f"/pricing/v1/prices/{sku}", {"price": {"amount": cents, "currency": "USD"}})
    await shop.becomes(f"/pricing/v1/prices/{sku}?currency=USD", lambda body: body["price"]["amount"] == cents)


async def bought(shop: Shop, cart: str, seen: Json) -> Json:
    """The checkout, once it is over."""
    asked = {"cart_id": cart, "payment_token": "pm_card_visa", "shipping_address": ADDRESS, **seen}
    checkout = (await shop.ask("POST", CHECKOUTS, asked, customer=CUSTOMER))["id"]
    return await shop.becomes(f"{CHECKOUTS}/{checkout}", lambda body: body["ended_at"])


async def charged(shop: Shop, checkout: Json) -> object:
    """The payment's amount, None if no card was asked."""
    status, payment = await shop.send("GET", f"/payments/v1/payments/{checkout['id']}")
    return payment["amount"] if status == 200 else None


async def test_what_is_shown_is_charged(shop: Shop) -> None:
    """To the cent."""
    cart, version = await filled(shop)
    seen = await shop.agreed(cart, version, customer=CUSTOMER)

    checkout = await bought(shop, cart, seen)

    assert checkout["status"] == "completed"
    assert await charged(shop, checkout) == seen["expected_total"] == {"amount": PRICE, "currency": "USD"}


async def test_a_price_that_was_raised_meanwhile_is_not_charged(shop: Shop) -> None:
    """Shown 2.50, then 99.00: nobody pays what they did not see, and the cart is as it was."""
    sku = await offered(shop)
    cart, version = await filled(shop, sku)
    seen = await shop.agreed(cart, version, customer=CUSTOMER)
    await priced(shop, sku, 9900)

    checkout = await bought(shop, cart, seen)

    assert (checkout["status"], checkout["reason"]["code"]) == ("failed", "total-differs")
    assert "9900 USD" in checkout["reason"]["detail"]
    assert await charged(shop, checkout) is None
    assert (await shop.ask("GET", f"{CARTS}/{cart}?min_version={version}"))["status"] == "open"


async def test_what_is_put_in_meanwhile_is_not_bought(shop: Shop) -> None:
    """A checkout of an earlier version is refused, with the version that the cart has."""
    cart, version = await filled(shop)
    seen = await shop.agreed(cart, version, customer=CUSTOMER)
    await shop.ask("POST", f"{CARTS}/{cart}/items", {"sku": SKU, "quantity": 5}, customer=CUSTOMER)
    await shop.platform.caught_up()
    asked = {"cart_id": cart, "payment_token": "pm_card_visa", "shipping_address": ADDRESS, **seen}

    status, refused = await shop.send("POST", CHECKOUTS, asked, customer=CUSTOMER)

    assert (status, refused["code"]) == (412, "version-mismatch")
    assert f"version is {version + 1}" in refused["detail"]


async def test_a_preview_changes_nothing(shop: Shop) -> None:
    """A cart that was previewed has the same version, and the same goods are there to be sold."""
    cart, version = await filled(shop)
    before = await shop.stock()

    for _ in range(3):
        await shop.agreed(cart, version, customer=CUSTOMER)

    await shop.platform.caught_up()
    assert len((await shop.ask("GET", f"{CARTS}/{cart}/history"))["items"]) == version
    assert await shop.stock() == before


async def test_a_product_that_is_delisted_is_not_sold(shop: Shop) -> None:
    """It is not added, its cart says so, and neither preview nor checkout takes it: all by its name."""
    sku = await offered(shop)
    cart, version = await filled(shop, sku)
    seen = await shop.agreed(cart, version, customer=CUSTOMER)
    await shop.ask("DELETE", f"/catalog/v1/products/{sku}")

    added = await shop.send("POST", f"{CARTS}/{cart}/items", {"sku": sku, "quantity": 1}, customer=CUSTOMER)
    shown = await shop.send("POST", PREVIEWS, {"cart_id": cart, "country": "NO"}, customer=CUSTOMER)
    told = await shop.ask("GET", f"{CARTS}/{cart}/availability", customer=CUSTOMER)
    checkout = await bought(shop, cart, seen)

    assert {(status, body["code"]) for status, body in (added, shown)} == {(409, "product-not-sold")}
    assert told["unavailable"] == [{"sku": sku, "name": "Acme Milk"}]
    assert (checkout["reason"]["code"], "Acme Milk" in checkout["reason"]["detail"]) == ("product-not-sold", True)
    assert await charged(shop, checkout) is None


async def test_a_product_that_was_never_listed_is_not_added(shop: Shop) -> None:
    """Though it has a price and lies in the stock."""
    await shop.ask("PUT", "/pricing/v1/prices/unheard-of", {"price": {"amount": 1, "currency": "USD"}})
    await shop.ask("POST", "/inventory/v1/stock/unheard-of/receipts", {"quantity": 1, "reference": "found"})
    cart, _ = await filled(shop)

    line = {"sku": "unheard-of", "quantity": 1}
    status, refused = await shop.send("POST", f"{CARTS}/{cart}/items", line, customer=CUSTOMER)

    assert (status, refused["code"]) == (409, "product-not-sold")


async def test_a_customer_cannot_lock_their_cart(shop: Shop) -> None:
    """It is bought by a checkout, and stays open until then."""
    cart, version = await filled(shop)

    status, _ = await shop.send("POST", f"{CARTS}/{cart}/checkout", {}, customer=CUSTOMER)
    checkout = await bought(shop, cart, await shop.agreed(cart, version, customer=CUSTOMER))

    assert (status, checkout["status"]) == (403, "completed")


async def test_a_hundred_products_with_long_names_are_quoted_and_sold(shop: Shop) -> None:
    """No address is too short for them: the whole cart goes through the checkout."""
    skus = [f"{number:0>128}" for number in range(100)]
    listed = [{"sku": sku, "department": "Long"} for sku in skus]
    since = "2026-01-01T00:00:00Z"
    prices = [{"sku": sku, "price": {"amount": 1, "currency": "USD"}, "valid_from": since} for sku in skus]
    lines = [{"sku": sku, "quantity": 1} for sku in skus]
    imported = (await shop.ask("POST", "/catalog/v1/imports", {"products_expected": 100}))["id"]
    await shop.ask("PUT", f"/catalog/v1/imports/{imported}/chunks/1", {"products": listed})
    await shop.ask("PUT", "/pricing/v1/price-lists/long", {"prices": prices})
    await shop.ask("PUT", "/inventory/v1/receipts/long", {"lines": lines, "reason": "delivered"})
    await shop.platform.caught_up()
    cart = (await shop.ask("POST", CARTS, {"currency": "USD"}, customer=CUSTOMER))["id"]
    for line in lines:
        filled = await shop.ask("POST", f"{CARTS}/{cart}/items", line, customer=CUSTOMER)

    quoted = await shop.ask("POST", "/pricing/v1/quotes", {"items": lines}, customer=CUSTOMER)
    checkout = await bought(shop, cart, await shop.agreed(cart, filled["version"], customer=CUSTOMER))

    assert quoted["total"] == checkout["total"] == {"amount": 100, "currency": "USD"}
    assert checkout["status"] == "completed"
