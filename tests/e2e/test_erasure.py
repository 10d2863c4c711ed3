"""A customer who asks to be erased while an order is open: the parcel arrives, and then they are forgotten."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from shared.adapters.system import new_id
from tests.e2e import shop_rig
from tests.e2e.embedded_shop import ADDRESS, SKU, STOCK, Shop, opened
from tests.e2e.erasures import SECONDS, becomes_erased, erase, erasure, look, short_pause
from tests.e2e.rig import eventually, held

DISPATCH = {"carrier": "UPS", "tracking": "T1"}
STEPS = (("pick", None), ("pack", None), ("dispatch", DISPATCH))

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    with short_pause():
        async with held(opened(tmp_path_factory.mktemp("shop"))) as shop:
            receipt = {"quantity": 10 * STOCK, "reference": new_id()}
            await shop.ask("POST", f"/inventory/v1/stock/{SKU}/receipts", receipt)
            await shop.becomes(f"/inventory/v1/stock/{SKU}", lambda body: body["available"])
            yield shop


async def waits_for(shop: Shop, customer: str, *kinds: str) -> list[dict[str, str]]:
    """What the customer is told, once a look has found things of these kinds."""
    found: list[dict[str, str]] = []

    async def waits() -> bool:
        await look(shop.platform)
        found[:] = (await shop.ask("GET", erasure(customer), customer=customer))["waits_for"]
        return {each["kind"] for each in found} == set(kinds)

    await eventually(waits)
    return found


async def test_an_open_order_keeps_its_address_until_it_is_delivered(shop: Shop) -> None:
    """The customer sees what is waited for, buys nothing more, has the parcel, and is erased."""
    order = await shop.buy("920", 1)
    cart = (await shop.ask("POST", "/cart/v1/carts", {"currency": "USD"}, customer="920"))["id"]
    filled = await shop.ask("POST", f"/cart/v1/carts/{cart}/items", {"sku": SKU, "quantity": 1}, customer="920")
    seen = await shop.agreed(cart, filled["version"], customer="920")
    await erase(shop, "920")
    assert await waits_for(shop, "920", "order") == [{"kind": "order", "id": order}]

    more = {"cart_id": cart, "payment_token": "pm_card_visa", "shipping_address": ADDRESS, **seen}
    refused = await shop.send("POST", "/checkout/v1/checkouts", more, customer="920")
    label = await shop.send("GET", f"/fulfillment/v1/shipments/{order}-1/label")
    await shop.deliver(order)
    await becomes_erased(shop, "920")

    assert (refused[0], refused[1]["code"], label[0]) == (409, "customer-is-leaving", 200)
    gone = await shop.send("GET", f"/fulfillment/v1/shipments/{order}-1/label")
    assert (gone[0], gone[1]["code"]) == (409, "address-erased")


async def test_a_cancelled_order_is_not_waited_for(shop: Shop) -> None:
    """Nothing is sent any more."""
    order = await shop.buy("921", 1)
    await erase(shop, "921")
    await waits_for(shop, "921", "order")

    await shop.ask("POST", f"/orders/v1/orders/{order}/cancel", {"reason": "changed-mind"})

    await becomes_erased(shop, "921")


async def test_who_has_nothing_under_way_is_erased_at_the_first_look(shop: Shop) -> None:
    """Asked twice, once."""
    for _ in range(2):
        await erase(shop, "922")

    await becomes_erased(shop, "922")


async def test_a_checkout_that_is_on_its_way_comes_to_its_end(shop: Shop) -> None:
    """Asked for between two of its steps: the order is placed and waited for, and the parcel has an address."""
    cart = (await shop.ask("POST", "/cart/v1/carts", {"currency": "USD"}, customer="923"))["id"]
    line = {"sku": SKU, "quantity": 1}
    filled = await shop.ask("POST", f"/cart/v1/carts/{cart}/items", line, customer="923")
    order = await shop.check_out(cart, filled["version"], customer="923")
    await erase(shop, "923")

    await waits_for(shop, "923", "checkout", "order")
    await shop.deliver(order)

    await becomes_erased(shop, "923")


async def test_many_that_leave_while_they_buy_keep_their_address(shop: Shop) -> None:
    """Checkout and erasure in the same moment: it is refused, or it can be sent."""

    async def race(customer: str) -> str | None:
        cart = (await shop.ask("POST", "/cart/v1/carts", {"currency": "USD"}, customer=customer))["id"]
        line = {"sku": SKU, "quantity": 1}
        filled = await shop.ask("POST", f"/cart/v1/carts/{cart}/items", line, customer=customer)
        seen = await shop.agreed(cart, filled["version"], customer=customer)
        body = {"cart_id": cart, "payment_token": "pm_card_visa", "shipping_address": ADDRESS, **seen}
        bought, _ = await asyncio.gather(
            shop.send("POST", "/checkout/v1/checkouts", body, customer=customer),
            erase(shop, customer),
        )
        assert bought[0] == 202 or bought[1]["code"] == "customer-is-leaving"
        return str(bought[1]["id"]) if bought[0] == 202 else None

    customers = [f"racer-{number}" for number in range(12)]
    orders = dict(zip(customers, await asyncio.gather(*map(race, customers)), strict=True))
    await asyncio.sleep(SECONDS)
    await look(shop.platform)

    for customer, order in orders.items():
        if order is not None:
            await shop.deliver(order)
        await becomes_erased(shop, customer)


@pytest.mark.emulators
@pytest.mark.timeout(300)
async def test_on_the_emulators_an_open_order_is_delivered_first(tmp_path: Path) -> None:
    """The same over processes and Firestore: waits, is dispatched with its address, delivered, erased."""
    names = ("catalog", "pricing", "promotions", "cart", "inventory", "orders", "payments", "checkout", "customers")
    chosen = shop_rig.services(*names, "fulfillment", "returns")
    with short_pause():
        async with shop_rig.opened(tmp_path, chosen) as shop:
            await shop.offer({"milk": 5})
            order = await shop.check_out("930", await shop.fill_cart("930", {"milk": 1}, name="930"), name="930")
            await shop.must("POST", "/customers/v1/customers/930/erase", {}, by="930", key="erase")
            await shop.ended(order)
            shipment = f"/fulfillment/v1/shipments/{order}-1"
            await _until(shop, shipment, lambda body: body["id"])
            await _looked(shop, lambda body: [each["kind"] for each in body["waits_for"]][-1:] == ["order"])

            label = await shop.insist("GET", f"{shipment}/label")
            for step, body in (*STEPS, ("deliver", None)):
                await shop.must("POST", f"{shipment}/{step}", body, key=f"{order}/{step}")
            await _looked(shop, lambda body: body["status"] == "erased")

            gone = await shop.insist("GET", f"{shipment}/label")
            assert (label.status, gone.status, gone.body["code"]) == (200, 409, "address-erased")


async def _until(shop: shop_rig.Shop, path: str, wanted: Any) -> None:
    async def there() -> bool:
        answer = await shop.send("GET", path)
        return answer.status == 200 and bool(wanted(answer.body))

    await shop_rig.until(there)


async def _looked(shop: shop_rig.Shop, wanted: Any) -> None:
    async def found() -> bool:
        await look(shop.platform)
        return bool(wanted((await shop.insist("GET", erasure("930"), by="930")).body))

    await shop_rig.until(found)
