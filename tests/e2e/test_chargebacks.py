"""A bank takes money back while the shop cancels or takes goods back: the customer has it once, whoever was first."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from shared.adapters.system import new_id
from tests.e2e.embedded_shop import PRICE, RACES, SKU, Shop, opened, together
from tests.e2e.rig import held
from tests.e2e.shop_contradictions import contradictions
from tests.e2e.stripe_desk import StripeDesk

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["", "delay=1:3s"], ids=["at once", "3 s late"])
async def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    """With goods for everybody; messages between services come at once, or three seconds late."""
    async with held(opened(tmp_path_factory.mktemp("shop"), faults=request.param, pause=0.5)) as shop:
        await shop.ask("POST", f"/inventory/v1/stock/{SKU}/receipts", {"quantity": 1000, "reference": new_id()})
        await shop.platform.caught_up()
        yield shop


async def lost_and_then_cancelled(shop: Shop, desk: StripeDesk, customer: str) -> str:
    """The news of the bank may not have come here yet."""
    order = await shop.buy(customer, 1)
    await desk.decide(await desk.dispute(order), "lost")
    await shop.cancel(order)
    return order


async def lost_while_cancelled(shop: Shop, desk: StripeDesk, customer: str) -> str:
    order = await shop.buy(customer, 1)
    dispute = await desk.dispute(order)
    await asyncio.gather(desk.decide(dispute, "lost"), shop.cancel(order))
    return order


async def lost_while_taken_back(shop: Shop, desk: StripeDesk, customer: str) -> str:
    order = await shop.buy(customer, 1)
    await shop.deliver(order)
    returned = await shop.asks_to_return(order, customer, 1)
    dispute = await desk.dispute(order)
    await asyncio.gather(desk.decide(dispute, "lost"), shop.receives(returned, sound=1))
    return order


async def test_the_customer_has_the_money_once(shop: Shop) -> None:
    """Of all orders, at the bank and here at the same time; the provider's own books and the shop's agree."""
    desk, ways = StripeDesk(shop), (lost_and_then_cancelled, lost_while_cancelled, lost_while_taken_back)

    orders = await together(ways[number % 3](shop, desk, f"payer-{number}") for number in range(RACES))
    for order in orders:
        await shop.becomes(
            f"/payments/v1/payments/{order}", lambda body: [each["status"] for each in body["disputes"]] == ["lost"]
        )
    await shop.platform.caught_up()

    assert [await desk.refunds(order) for order in orders] == [[] for _ in orders]
    assert [each["amount"] for order in orders for each in await desk.disputes(order)] == [PRICE] * RACES
    assert await contradictions(shop) == []
