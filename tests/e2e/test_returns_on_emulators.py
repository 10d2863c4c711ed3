"""Goods that come back, on Google's emulators, while the processes that take them back die at every turn."""

import os
import signal
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from tests.e2e.rig import held
from tests.e2e.shop_books import Pieces, differing_money, differing_read_models, owed, read_books
from tests.e2e.shop_rig import Shop, opened, services, until, usd

pytestmark = [pytest.mark.emulators, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

TO_BUY = ("catalog", "pricing", "cart", "promotions", "inventory", "customers", "checkout", "orders", "payments")
NEEDED = (*TO_BUY, "fulfillment", "returns")
CENTS, STOCK = 250, 10
PARCEL = {"lines": [{"sku": "milk", "sound": 1, "damaged": 1, "missing": 0}]}
WAY: Mapping[str, Mapping[str, str]] = {
    "pick": {},
    "pack": {},
    "dispatch": {"carrier": "Parcel", "tracking": "1"},
    "deliver": {},
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    async with held(opened(tmp_path_factory.mktemp("returns"), services(*NEEDED))) as shop:
        yield shop


async def bought(shop: Shop, customer: str, quantity: int) -> dict[str, Any]:
    """The checkout, at its end."""
    cart = await shop.fill_cart(customer, {"milk": quantity}, name=customer)
    return await shop.ended(await shop.check_out(customer, cart, name=customer))


async def seen(shop: Shop, path: str, **wanted: object) -> Any:
    """The document, once it says so."""
    found: list[Any] = []

    async def there() -> bool:
        answer = await shop.insist("GET", path)
        found.append(answer.body)
        return answer.status == 200 and all(answer.body[name] == value for name, value in wanted.items())

    await until(there, within=120)
    return found[-1]


def kill(shop: Shop) -> None:
    """Every process of the service that takes goods back."""
    for name in shop.processes.restarts:
        if name.startswith("returns"):
            os.kill(shop.processes.pid(name), signal.SIGKILL)


@dataclass(frozen=True, slots=True)
class Story:
    """What came of it: the order, the payment before anything was received, the return at its end, and the checkouts of
    two others, before and after.
    """

    order: str
    untouched: Any
    ended: Any
    greedy: Any
    fair: Any


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def story(shop: Shop) -> Story:
    """Two of ten are bought, delivered and to come back; one arrives damaged. The others want nine each."""
    await shop.offer({"milk": STOCK}, cents=CENTS)
    order = str((await bought(shop, "ann", 2))["id"])
    await deliver(shop, order)
    asked = {"order_id": order, "lines": [{"sku": "milk", "quantity": 2}], "reason": "damaged"}
    started = await shop.must("POST", "/returns/v1/returns", asked, by="ann", key="ask")
    path = f"/returns/v1/returns/{started.body['id']}"
    kill(shop)
    await seen(shop, path, waits_for="approval")
    greedy = await bought(shop, "bob", STOCK - 1)
    untouched = await shop.get(f"/payments/v1/payments/{order}")
    await shop.must("POST", f"{path}/approve", {}, key="approve")
    kill(shop)
    await shop.must("POST", f"{path}/receive", PARCEL, key="receive")
    kill(shop)
    ended = await seen(shop, path, status="completed")
    await seen(shop, f"/orders/v1/orders/{order}", status="returned", refunded=usd(2 * CENTS))
    return Story(order, untouched, ended, greedy, fair=await bought(shop, "cis", STOCK - 1))


async def deliver(shop: Shop, order: str) -> None:
    shipment = f"/fulfillment/v1/shipments/{order}-1"
    await seen(shop, shipment, status="open")
    for step, body in WAY.items():
        await shop.must("POST", f"{shipment}/{step}", body, key=f"{order}/{step}")
    await seen(shop, f"/orders/v1/orders/{order}", status="delivered")


async def test_a_customer_cannot_refund_themself(story: Story) -> None:
    """Until staff has the goods in hand nothing is refunded, and what is not here cannot be sold."""
    assert story.untouched["refunds"] == []
    assert (story.greedy["status"], story.greedy["reason"]["code"]) == ("failed", "out-of-stock")


async def test_what_arrived_is_refunded_and_what_is_sound_is_sold_again(story: Story) -> None:
    """Whatever died meanwhile."""
    assert story.ended["refund"] == usd(2 * CENTS)
    assert story.fair["status"] == "completed"


async def test_the_books_agree(shop: Shop, story: Story) -> None:
    """Pieces, money, and what the queries show of them; relays run as their schedules would."""

    async def quiet() -> bool:
        await shop.platform.scheduler.fire(lambda job: job.function in {"relay", "projector"})
        return shop.platform.delivery.idle() and not await owed(shop)

    await until(quiet, within=120, pause=1)
    books = await read_books(shop)

    assert books.contradictions == {}
    pieces = books.pieces[story.order]
    assert (pieces.delivered, pieces.refunded, pieces.restocked) == ({"milk": 2}, {"milk": 2}, {"milk": 1})
    assert await differing_money(shop, books) == {}
    assert await differing_read_models(shop) == {}


async def test_the_books_tell_what_was_not_there() -> None:
    """What is refunded or sold again before it is here contradicts them."""
    shown = Pieces()
    shown.delivered.update(milk=2)
    shown.refunded.update(milk=1)
    shown.restocked.update(milk=1)

    assert shown.contradictions == ["1 of milk refunded, 0 received", "1 of milk restocked, 0 received sound"]
