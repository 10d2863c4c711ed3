"""What an erasure waits for, with the real services on the other side: what they list is understood."""

from datetime import timedelta

import pytest

from functions.checkout.main import SERVICE as CHECKOUT
from functions.customers.effect import under_way
from functions.payments.adapters.memory import APPROVED
from shared.testing.api_spec import Reply
from shared.testing.doubles import FixedClock
from tests.unit.checkout.premises import Premises, agreed, filled_cart, stocked

ADDRESS = {"name": "Ada", "lines": ["12 Way"], "city": "Town", "postal_code": "0150", "country": "NO"}
PAUSE = timedelta(hours=1)


@pytest.fixture
async def shop() -> Premises:
    return await stocked(Premises(FixedClock()))


async def begun(shop: Premises) -> Reply:
    """A checkout of the customer 900 that nobody carries on."""
    cart = await filled_cart(shop)
    body = {"cart_id": cart, "payment_token": APPROVED, "shipping_address": ADDRESS, **await agreed(shop, cart)}
    reply = await shop.ask("900", "customer", "POST", "/checkout/v1/checkouts", body)
    await shop.project()
    return reply


async def awaited(shop: Premises, before: timedelta = timedelta()) -> list[tuple[str, str]]:
    found = await under_way(shop, "900", shop.clock() - before)
    return [(each.kind, each.id) for each in found]


async def test_a_checkout_that_runs(shop: Premises) -> None:
    """Before its order is listed."""
    checkout = (await begun(shop)).json["id"]

    assert await awaited(shop) == [("checkout", checkout)]


async def test_an_order_that_is_not_delivered(shop: Premises) -> None:
    """And its checkout, for as long as the order might not be listed yet."""
    order = (await begun(shop)).json["id"]
    await shop.run(CHECKOUT, order)
    await shop.project()

    assert await awaited(shop) == [("order", order)]
    assert await awaited(shop, before=PAUSE) == [("checkout", order), ("order", order)]


async def test_a_return_that_is_not_over(shop: Premises) -> None:
    """Until its workflow has ended."""
    order = (await begun(shop)).json["id"]
    await shop.run(CHECKOUT, order)
    lines = [{"sku": "milk", "quantity": 2}, {"sku": "tea", "quantity": 1}]
    await shop.delivered(order, "s1", lines)
    await shop.project()
    asked = {"order_id": order, "lines": [{"sku": "tea", "quantity": 1}], "reason": "damaged"}
    started = (await shop.ask("900", "customer", "POST", "/returns/v1/returns", asked)).json["id"]
    await shop.project()

    assert ("return", started) in await awaited(shop)


async def test_nothing_of_a_customer_who_never_bought(shop: Premises) -> None:
    """What others began is no business of theirs."""
    await begun(shop)

    assert await under_way(shop, "901", shop.clock()) == ()


async def test_a_checkout_of_who_leaves_is_refused(shop: Premises) -> None:
    """From the request on, without any lag."""
    await shop.ask("900", "customer", "POST", "/customers/v1/customers/900/erase", {})

    reply = await begun(shop)

    assert (reply.status, reply.json["code"]) == (409, "customer-is-leaving")
