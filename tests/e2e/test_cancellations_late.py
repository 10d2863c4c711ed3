"""The same as `test_cancellations`, where every message between services comes three seconds late."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from shared.adapters.system import new_id
from tests.e2e.embedded_shop import DISPATCH, RACES, SKU, Json, Shop, opened, together
from tests.e2e.rig import held
from tests.e2e.shop_contradictions import contradictions

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    """With goods for everybody."""
    async with held(opened(tmp_path_factory.mktemp("late"), faults="delay=1:3s", pause=0.5)) as shop:
        await shop.ask("POST", f"/inventory/v1/stock/{SKU}/receipts", {"quantity": 1000, "reference": new_id()})
        yield shop


async def cancelled_at_once(shop: Shop, customer: str) -> Json:
    """Fulfillment may not have heard of the order yet."""
    return await shop.cancel(await shop.buy(customer, 1))


async def cancelled_after_the_dispatch(shop: Shop, customer: str) -> Json:
    """Nobody but fulfillment has heard of the dispatch yet."""
    order = await shop.buy(customer, 1)
    await shop.dispatch(order)
    return await shop.cancel(order)


async def cancelled_meanwhile(shop: Shop, customer: str) -> Json:
    """At the same time."""
    order = await shop.buy(customer, 1)
    shipment = await shop.pack(order)
    _, cancelled = await asyncio.gather(shop.send("POST", f"{shipment}/dispatch", DISPATCH), shop.cancel(order))
    return cancelled


async def refused(shop: Shop) -> list[Json]:
    found: list[Json] = (await shop.ask("GET", "/orders/v1/cancellations?status=refused&limit=100"))["items"]
    return found


async def test_late_news_change_nothing(shop: Shop) -> None:
    """Orders that are cancelled before fulfillment hears of them, after they have left, and while they leave."""
    ways = (cancelled_at_once, cancelled_after_the_dispatch, cancelled_meanwhile)

    ends = await together(ways[number % 3](shop, f"buyer-{number}") for number in range(RACES))
    await shop.platform.caught_up()

    assert {body["status"] for body in ends[0::3]} == {"completed"}
    assert {body["status"] for body in ends[1::3]} == {"refused"}
    assert {body["reason"]["code"] for body in ends[1::3]} == {"shipment-is-dispatched"}
    named = [each["reason"]["detail"] for each in await refused(shop)]
    assert all(f"{each['order_id']}-1 left already" in each["reason"]["detail"] for each in await refused(shop)), named
    assert await contradictions(shop) == []
