"""Goods that come back, on Google's emulators, while the processes that take them back die at every turn."""

import os
import signal
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
import pytest_asyncio

from tests.e2e.rig import held
from tests.e2e.shop_books import Pieces, differing_money, differing_read_models, owed, read_books
from tests.e2e.shop_rig import Shop, opened, services, until

pytestmark = [pytest.mark.emulators, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

NEEDED = (
    "catalog",
    "pricing",
    "cart",
    "promotions",
    "inventory",
    "checkout",
    "orders",
    "payments",
    "fulfillment",
    "returns",
)
CENTS, STOCK = 250, 10
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


async def test_a_customer_cannot_refund_themself(shop: Shop) -> None:
    """Buy 2 of 10, ask to return: 8 can be sold and nothing is refunded until staff has them in hand; then what arrived
    is refunded, and what is sound can be sold. Whatever dies meanwhile.
    """
    await shop.offer({"milk": STOCK}, cents=CENTS)
    order = (await bought(shop, "ann", 2))["id"]
    shipment = f"/fulfillment/v1/shipments/{order}-1"
    await seen(shop, shipment, status="open")
    for step, body in WAY.items():
        await shop.must("POST", f"{shipment}/{step}", body, key=f"{order}/{step}")
    await seen(shop, f"/orders/v1/orders/{order}", status="delivered")

    lines = [{"sku": "milk", "quantity": 2}]
    asked = {"order_id": order, "lines": lines, "reason": "damaged"}
    started = (await shop.must("POST", "/returns/v1/returns", asked, by="ann", key="ask")).body["id"]
    path = f"/returns/v1/returns/{started}"
    kill(shop)
    await seen(shop, path, waits_for="approval")
    greedy = await bought(shop, "bob", STOCK - 1)
    untouched = await shop.get(f"/payments/v1/payments/{order}")
    await shop.must("POST", f"{path}/approve", {}, key="approve")
    kill(shop)
    found = {"lines": [{"sku": "milk", "sound": 1, "damaged": 1, "missing": 0}]}
    await shop.must("POST", f"{path}/receive", found, key="receive")
    kill(shop)
    ended = await seen(shop, path, status="completed")
    await seen(shop, f"/orders/v1/orders/{order}", status="returned", refunded={"amount": 2 * CENTS, "currency": "USD"})
    fair = await bought(shop, "cis", STOCK - 1)

    assert (greedy["status"], greedy["reason"]["code"]) == ("failed", "out-of-stock")
    assert untouched["refunds"] == []
    assert ended["refund"]["amount"] == 2 * CENTS
    assert fair["status"] == "completed"


async def test_the_books_agree(shop: Shop) -> None:
    """Pieces, money, and what the queries show of them."""

    async def quiet() -> bool:
        return shop.platform.delivery.idle() and not await owed(shop)

    await until(quiet, within=120)
    books = await read_books(shop)
    (returned,) = {books.returns[each] for each in books.returns}

    assert books.contradictions == {}
    pieces = books.pieces[returned]
    assert (pieces.delivered, pieces.refunded, pieces.restocked) == ({"milk": 2}, {"milk": 2}, {"milk": 1})
    assert await differing_money(shop, books) == {}
    assert await differing_read_models(shop) == {}


def test_the_books_tell_what_was_not_there() -> None:
    """What is refunded or sold again before it is here contradicts them."""
    shown = Pieces()
    shown.delivered.update(milk=2)
    shown.refunded.update(milk=1)
    shown.restocked.update(milk=1)

    assert shown.contradictions == ["1 of milk refunded, 0 received", "1 of milk restocked, 0 received sound"]
