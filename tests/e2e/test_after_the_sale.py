"""What comes after a sale, across all services: goods come back, a paid order is cancelled, a customer is forgotten."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from emulators.platform import LocalPlatform
from emulators.processes.ports import free_ports
from emulators.settings import USER_AUDIENCE, Options, RuntimeChoice
from shared import bootstrap
from shared.adapters.system import new_id
from tests.e2e.rig import eventually, held

pytestmark = pytest.mark.asyncio(loop_scope="module")

SKU, PRICE, STOCK = "111", 250, 10
STREET, EMAIL, NAME = "17 Never Told Street", "ann.unheard@example.com", "Ann Unheard-Of"
ADDRESS = {"name": NAME, "lines": [STREET], "city": "Oslo", "postal_code": "0150", "country": "NO"}
PROFILE = {
    "name": NAME,
    "email": EMAIL,
    "addresses": [{"label": "home", **{name: ADDRESS[name] for name in ("lines", "city", "postal_code", "country")}}],
    "mail_preferences": {},
}
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shop:
    """The whole platform in this process, and who talks to it."""

    platform: LocalPlatform
    session: aiohttp.ClientSession

    async def send(
        self, method: str, path: str, body: object = None, *, customer: str | None = None
    ) -> tuple[int, Json]:
        subject, role = (customer, "customer") if customer else ("op", "operator")
        token = self.platform.users.mint(subject, roles=(role,), audience=USER_AUDIENCE)
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": new_id()}
        async with self.session.request(method, self.platform.origin + path, json=body, headers=headers) as answer:
            return answer.status, await answer.json()

    async def ask(self, method: str, path: str, body: object = None, *, customer: str | None = None) -> Json:
        """What must be answered with a success."""
        status, answer = await self.send(method, path, body, customer=customer)
        assert status < 300, (method, path, status, answer)
        return answer

    async def becomes(self, path: str, wanted: Callable[[Json], object]) -> Json:
        """The document, once it is as wanted."""
        found: list[Json] = []

        async def there() -> bool:
            status, body = await self.send("GET", path)
            found.append(body)
            return status == 200 and bool(wanted(body))

        await eventually(there)
        return found[-1]

    async def buy(self, customer: str, quantity: int) -> str:
        """The id of a placed order."""
        await self.ask("PUT", f"/customers/v1/customers/{customer}", PROFILE, customer=customer)
        cart = (await self.ask("POST", "/cart/v1/carts", {"currency": "USD"}, customer=customer))["id"]
        line = {"sku": SKU, "quantity": quantity}
        await self.ask("POST", f"/cart/v1/carts/{cart}/items", line, customer=customer)
        asked = {"cart_id": cart, "payment_token": "pm_card_visa", "shipping_address": ADDRESS}
        checkout = (await self.ask("POST", "/checkout/v1/checkouts", asked, customer=customer))["id"]
        await self.becomes(f"/checkout/v1/checkouts/{checkout}", lambda body: body["status"] == "completed")
        return str(checkout)

    async def deliver(self, order: str) -> None:
        shipment = f"/fulfillment/v1/shipments/{order}-1"
        await self.becomes(shipment, lambda body: body["id"])
        steps = {"pick": None, "pack": None, "dispatch": {"carrier": "UPS", "tracking": "T1"}, "deliver": None}
        for step, body in steps.items():
            await self.ask("POST", f"{shipment}/{step}", body)
        await self.becomes(f"/orders/v1/orders/{order}", lambda body: body["status"] == "delivered")

    async def stock(self) -> tuple[int, int]:
        """What is on hand, and what of it can be sold."""
        found = await self.ask("GET", f"/inventory/v1/stock/{SKU}")
        return found["on_hand"], found["available"]

    async def mails(self, word: str) -> list[Json]:
        sent = await self.ask("GET", "/_local/mails")
        return [mail for mail in sent["mails"] if word in mail["subject"]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    async with held(_opened(tmp_path_factory.mktemp("shop"))) as shop:
        yield shop


@asynccontextmanager
async def _opened(folder: Path) -> AsyncIterator[Shop]:
    (port,) = free_ports(1)
    options = Options(runtime=RuntimeChoice.EMBEDDED, port=port, folder=folder)
    async with LocalPlatform(options, say=lambda _: None) as platform, aiohttp.ClientSession() as session:
        shop = Shop(platform, session)
        price = {"price": {"amount": PRICE, "currency": "USD"}}
        await shop.ask("PUT", f"/pricing/v1/prices/{SKU}", price)
        await shop.becomes(f"/pricing/v1/prices/{SKU}?currency=USD", lambda body: body)
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
    asked = {"order_id": order, "lines": [{"sku": SKU, "quantity": 1}], "reason": "sour"}

    returned = (await stocked.ask("POST", "/returns/v1/returns", asked, customer="900"))["id"]
    await stocked.becomes(f"/returns/v1/returns/{returned}", lambda body: body["status"] == "completed")
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

    await stocked.ask("POST", f"/orders/v1/orders/{order}/cancel", {"reason": "changed their mind"})
    payment = await stocked.becomes(
        f"/payments/v1/payments/{order}", lambda body: (body["refunded"] or {}).get("amount")
    )
    await stocked.becomes(f"/fulfillment/v1/shipments/{order}-1", lambda body: body["status"] == "cancelled")
    await stocked.platform.caught_up()

    assert payment["refunded"] == payment["amount"] == {"amount": 3 * PRICE, "currency": "USD"}
    assert await stocked.stock() == before
    assert any(order in mail["subject"] for mail in await stocked.mails("cancelled"))


async def test_a_forgotten_customer_is_in_no_store(stocked: Shop) -> None:
    """Name, mail address and street are in no log, message, read model, answer or file; the order still counts
    what it did.
    """
    order = await stocked.buy("902", 1)
    await stocked.deliver(order)
    before = await stocked.ask("GET", f"/orders/v1/orders/{order}")

    await stocked.ask("POST", "/customers/v1/customers/902/erase", {}, customer="902")
    await stocked.platform.caught_up()

    label, refused = await stocked.send("GET", f"/fulfillment/v1/shipments/{order}-1/label")
    assert (label, refused["code"]) == (409, "address-erased")
    assert await stocked.ask("GET", f"/orders/v1/orders/{order}") == before
    kept = await _everything(stocked)
    assert all(order.encode() in kept[store] for store in ("log", "read models", "files"))
    assert [(text, store) for text in (STREET, EMAIL, NAME) for store in kept if text.encode() in kept[store]] == []


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
