"""What comes after a sale, across all services: goods come back, a paid order is cancelled, a customer is forgotten."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from emulators.settings import RuntimeChoice
from shared import bootstrap
from shared.adapters.system import new_id
from tests.e2e.embedded_shop import EMAIL, NAME, PHONE, PRICE, RUNTIME, SKU, STOCK, STREET, Shop, opened
from tests.e2e.erasures import becomes_erased, erase, short_pause
from tests.e2e.rig import held

WORDS = "it smells of my late uncle Theodor"
CARD = "pm_card_visa"

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    with short_pause():
        async with held(opened(tmp_path_factory.mktemp("shop"))) as shop:
            yield shop


@pytest_asyncio.fixture(loop_scope="module")
async def stocked(shop: Shop) -> Shop:
    """With goods that nobody else has bought."""
    await shop.ask("POST", f"/inventory/v1/stock/{SKU}/receipts", {"quantity": STOCK, "reference": new_id()})
    await shop.platform.caught_up()
    return shop


async def test_goods_that_come_back_are_refunded_and_on_the_shelf(stocked: Shop) -> None:
    """One of two pieces: half the money, one piece more to sell, and one mail about it."""
    order = await stocked.buy("900", 2)
    await stocked.deliver(order)
    await stocked.platform.caught_up()
    before, told = await stocked.stock(), len(await stocked.mails("refund"))

    await stocked.receives(await stocked.asks_to_return(order, "900", 1), sound=1)
    await stocked.platform.caught_up()

    ledger = await stocked.ask("GET", f"/payments/v1/ledger/{order}")
    seen = await stocked.ask("GET", f"/orders/v1/orders/{order}")
    assert seen["refunded"]["amount"] == PRICE
    assert sum(ledger["balances"].values()) == 0
    assert await stocked.stock() == (before[0] + 1, before[1] + 1)
    assert len(await stocked.mails("refund")) == told + 1


async def test_a_placed_order_that_is_cancelled_leaves_nothing_behind(stocked: Shop) -> None:
    """The money goes back, the goods are free, the shipment never leaves, and the customer is told of both."""
    before = await stocked.stock()
    order = await stocked.buy("901", 3)

    await stocked.cancel(order)
    payment = await stocked.becomes(
        f"/payments/v1/payments/{order}", lambda body: (body["refunded"] or {}).get("amount")
    )
    await stocked.becomes(f"/fulfillment/v1/shipments/{order}-1", lambda body: body["status"] == "cancelled")
    await stocked.platform.caught_up()

    assert payment["refunded"] == payment["amount"] == {"amount": 3 * PRICE, "currency": "USD"}
    assert await stocked.stock() == before
    assert any(order in mail["subject"] for mail in await stocked.mails("cancelled"))


@pytest.mark.skipif(RUNTIME is not RuntimeChoice.EMBEDDED, reason="it looks into the stores of this process")
async def test_a_forgotten_customer_is_in_no_store(stocked: Shop) -> None:
    """Name, mail address, street and card are in no log, message, read model, answer or file; the order still counts
    what it did. Nor is there a word of the customer's own about what they sent back.
    """
    order = await stocked.buy("902", 1)
    await stocked.deliver(order)
    asked = {"order_id": order, "lines": [{"sku": SKU, "quantity": 1}], "reason": WORDS}
    told, problem = await stocked.send("POST", "/returns/v1/returns", asked, customer="902")
    assert (told, problem["errors"][0]["field"]) == (400, "reason")
    assert WORDS not in repr(problem)
    returned = await stocked.asks_to_return(order, "902", 1)
    await stocked.receives(returned, sound=1)
    await stocked.platform.caught_up()
    before = await stocked.ask("GET", f"/orders/v1/orders/{order}")

    await erase(stocked, "902")
    await becomes_erased(stocked, "902")
    await stocked.platform.caught_up()

    label, refused = await stocked.send("GET", f"/fulfillment/v1/shipments/{order}-1/label")
    assert (label, refused["code"]) == (409, "address-erased")
    assert await stocked.ask("GET", f"/orders/v1/orders/{order}") == before
    kept = await _everything(stocked)
    assert all(order.encode() in kept[store] for store in ("log", "read models", "files"))
    typed = (STREET, EMAIL, NAME, PHONE, WORDS)
    assert [(text, store) for text in typed for store in kept if text.encode() in kept[store]] == []
    assert [store for store in kept.keys() - {"files"} if CARD.encode() in kept[store]] == []
    history = [await stocked.ask("GET", path) for path in _histories(order, returned)]
    assert [text for text in (*typed, CARD) if text in repr(history)] == []


def _histories(order: str, returned: str) -> list[str]:
    """Of all that the customer left behind."""
    theirs = ("checkout/v1/checkouts", "orders/v1/orders", "payments/v1/payments", "payments/v1/ledger")
    streams = [*(f"/{each}/{order}" for each in theirs), f"/returns/v1/returns/{returned}"]
    return [f"{stream}/{way}" for stream in streams for way in ("history", "provenance")]


async def _everything(shop: Shop) -> dict[str, bytes]:
    """All that the platform keeps, wherever it keeps it; not what it sent out into the world."""
    stores = bootstrap.embedded()
    folder = shop.platform.options.folder
    files = await asyncio.to_thread(lambda: [file.read_bytes() for file in folder.rglob("*") if _kept(file)])
    return {
        "log": repr(vars(stores.events)).encode(),
        "read models": repr(vars(stores.rows)).encode(),
        "dead letters": repr(vars(stores.dead_letters)).encode(),
        "broker": repr(vars(stores.broker)).encode(),
        "files": b"".join(files),
    }


def _kept(file: Path) -> bool:
    return file.is_file() and "archives" not in file.parts
