"""The whole platform, and who shops there: in this process, or on the emulators with `SHOP_RUNTIME=emulators`."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import aiohttp

from emulators.platform import LocalPlatform
from emulators.processes.ports import free_ports
from emulators.settings import PROJECT, USER_AUDIENCE, Options, RuntimeChoice
from shared import bootstrap
from shared.adapters.firestore import FirestoreReadStore
from shared.adapters.firestore import connect as connect_firestore
from shared.adapters.system import new_id
from shared.eventsourcing.event_store import EventStore, OperationCounts
from shared.eventsourcing.ids import subject_id
from shared.eventsourcing.projection import ReadStore
from tests.e2e.rig import eventually

SKU, PRICE, STOCK = "111", 250, 10
RACES = int(os.environ.get("RACES", "12"))
"""How many orders are raced over at a time."""
STREET, EMAIL, NAME, PHONE = "17 Never Told Street", "ann.unheard@example.com", "Ann Unheard-Of", "+47 2122 0150"
ADDRESS = {"name": NAME, "lines": [STREET], "city": "Oslo", "postal_code": "0150", "country": "NO", "phone": PHONE}
PROFILE = {
    "name": NAME,
    "email": EMAIL,
    "addresses": [
        {"label": "home", **{name: ADDRESS[name] for name in ("lines", "city", "postal_code", "country", "phone")}}
    ],
    "mail_preferences": {},
}
DISPATCH = {"carrier": "UPS", "tracking": "T1"}
ACCEPTED, CONFLICT = 202, 409
PATIENCE = 120.0
RUNTIME = RuntimeChoice(os.environ.get("SHOP_RUNTIME", RuntimeChoice.EMBEDDED))
NOT_NOW = 503
AT_A_TIME = 10
NOTHING_ELSE: Mapping[str, int] = {}
T = TypeVar("T")
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shop:
    """The whole platform, and who talks to it."""

    platform: LocalPlatform
    session: aiohttp.ClientSession
    rows: ReadStore
    pause: float = 0.05
    """Seconds between two looks at what is waited for."""

    async def send(
        self, method: str, path: str, body: object = None, *, customer: str | None = None
    ) -> tuple[int, Json]:
        """The final answer: the same request again while it is "not now", as on a machine that has much to do."""
        subject, role = (customer, "customer") if customer else ("op", "operator")
        token = self.platform.users.mint(subject, roles=(role,), audience=USER_AUDIENCE)
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": new_id()}
        url, answers = self.platform.origin + path, list[tuple[int, Json]]()

        async def answered() -> bool:
            async with self.session.request(method, url, json=body, headers=headers) as answer:
                answers.append((answer.status, await answer.json()))
            return answers[-1][0] != NOT_NOW

        await eventually(answered, pause=0.5)
        return answers[-1]

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

        await eventually(there, within=PATIENCE, pause=self.pause)
        return found[-1]

    async def buy(
        self,
        customer: str,
        quantity: int,
        *,
        also: Mapping[str, int] = NOTHING_ELSE,
        coupons: tuple[str, ...] = (),
        stated: Mapping[str, int] = NOTHING_ELSE,
    ) -> str:
        """The id of a placed order, of so many of the one product and `also` of others; `stated` are cents by the
        coupons of a till, which then asks for the customer.
        """
        await self.ask("PUT", f"/customers/v1/customers/{subject_id(customer)}", PROFILE, customer=customer)
        cart = (await self.ask("POST", "/cart/v1/carts", {"currency": "USD"}, customer=customer))["id"]
        for sku, pieces in {SKU: quantity, **also}.items():
            line = {"sku": sku, "quantity": pieces}
            filled = await self.ask("POST", f"/cart/v1/carts/{cart}/items", line, customer=customer)
        checkout = await self.check_out(cart, filled["version"], customer=customer, coupons=coupons, stated=stated)
        await self.becomes(f"/checkout/v1/checkouts/{checkout}", lambda body: body["status"] == "completed")
        return str(checkout)

    async def agreed(self, cart: str, version: int, *, customer: str, coupons: tuple[str, ...] = ()) -> Json:
        """What the customer is shown of a cart at this version, as a checkout states it."""
        asked = {"cart_id": cart, "min_version": version, "country": ADDRESS["country"], "coupons": coupons}
        seen = await self.ask("POST", "/checkout/v1/previews", asked, customer=customer)
        return {"cart_version": seen["cart_version"], "expected_total": seen["total"]}

    async def check_out(
        self,
        cart: str,
        version: int,
        *,
        customer: str,
        coupons: tuple[str, ...] = (),
        stated: Mapping[str, int] = NOTHING_ELSE,
    ) -> str:
        """The id of a checkout, at the total that the customer is shown, less what is `stated`."""
        seen = await self.agreed(cart, version, customer=customer, coupons=coupons)
        asked = {"cart_id": cart, "payment_token": "pm_card_visa", "shipping_address": ADDRESS, **seen}
        asked["expected_total"]["amount"] -= sum(stated.values())
        asked["coupons"] = [*coupons, *({"code": each, "stated": usd(cents)} for each, cents in stated.items())]
        if stated:
            return str((await self.ask("POST", "/checkout/v1/checkouts", {**asked, "customer_id": customer}))["id"])
        return str((await self.ask("POST", "/checkout/v1/checkouts", asked, customer=customer))["id"])

    async def pack(self, order: str) -> str:
        """The path of its first shipment, which is ready to leave."""
        shipment = f"/fulfillment/v1/shipments/{order}-1"
        await self.becomes(shipment, lambda body: body["id"])
        for step in ("pick", "pack"):
            await self.ask("POST", f"{shipment}/{step}")
        return shipment

    async def dispatch(self, order: str) -> str:
        """The path of its first shipment, which has left."""
        shipment = await self.pack(order)
        await self.ask("POST", f"{shipment}/dispatch", DISPATCH)
        return shipment

    async def cancel(self, order: str, quantity: int | None = None, *, sku: str = SKU) -> Json:
        """So many of its pieces of a product, or all that have not left: the cancellation, once it is over. It is
        refused at once where the order has heard already that they have left.
        """
        lines = {} if quantity is None else {"lines": [{"sku": sku, "quantity": quantity}]}
        status, asked = await self.send("POST", f"/orders/v1/orders/{order}/cancel", {"reason": "fraud", **lines})
        if status == CONFLICT:
            return {"status": "refused", "reason": asked}
        assert status == ACCEPTED, asked
        return await self.becomes(
            f"/orders/v1/cancellations/{asked['id']}", lambda body: body["status"] in ("completed", "refused")
        )

    async def deliver(self, order: str) -> None:
        await self.ask("POST", f"{await self.dispatch(order)}/deliver")
        await self.becomes(f"/orders/v1/orders/{order}", lambda body: body["status"] == "delivered")

    async def asks_to_return(self, order: str, customer: str | None, quantity: int, **more: object) -> str:
        """The id of a return, once it waits for what staff says; asked for by staff if no customer is named."""
        asked = {"order_id": order, "lines": [{"sku": SKU, "quantity": quantity}], "reason": "damaged", **more}
        started = (await self.ask("POST", "/returns/v1/returns", asked, customer=customer))["id"]
        await self.becomes(f"/returns/v1/returns/{started}", lambda body: body["waits_for"] == "approval")
        return str(started)

    async def receives(self, return_id: str, sound: int, damaged: int = 0, missing: int = 0) -> Json:
        """The return at its end, after staff approved it, and found these pieces in the parcel."""
        path = f"/returns/v1/returns/{return_id}"
        await self.ask("POST", f"{path}/approve")
        await self.ask("POST", f"{path}/receive", reception(sound, damaged, missing))
        return await self.becomes(path, lambda body: body["status"] == "completed")

    # --- as the books read it

    @property
    def log(self) -> EventStore:
        return self.platform.parts.log

    async def get(self, path: str) -> Any:
        return await self.ask("GET", path)

    async def listed(self, path: str) -> list[Any]:
        """All pages of a list; `path` has a query string already."""
        found: list[Any] = []
        cursor: str | None = ""
        while cursor is not None:
            page = await self.ask("GET", f"{path}&limit=100" + (f"&cursor={quote(cursor)}" if cursor else ""))
            found, cursor = found + page["items"], page["next"]
        return found

    # --- what is left, and what was told

    async def stock(self) -> tuple[int, int]:
        """What is on hand, and what of it can be sold."""
        found = await self.ask("GET", f"/inventory/v1/stock/{SKU}")
        return found["on_hand"], found["available"]

    async def mails(self, word: str) -> list[Json]:
        sent = await self.ask("GET", "/_local/mails")
        return [mail for mail in sent["mails"] if word in mail["subject"]]


def usd(cents: int) -> Json:
    return {"amount": cents, "currency": "USD"}


async def together(works: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """What all of them come to, in order; so many at a time that a small machine still answers each in time."""
    places = asyncio.Semaphore(AT_A_TIME)

    async def one(work: Coroutine[Any, Any, T]) -> T:
        async with places:
            return await work

    return await asyncio.gather(*(one(work) for work in works))


def reception(sound: int, damaged: int = 0, missing: int = 0) -> Json:
    """What staff says of a parcel with the one product."""
    return {"lines": [{"sku": SKU, "sound": sound, "damaged": damaged, "missing": missing}]}


@asynccontextmanager
async def opened(folder: Path, *, faults: str = "", pause: float = 0.05) -> AsyncIterator[Shop]:
    (port,) = free_ports(1)
    options = Options(runtime=RUNTIME, port=port, folder=folder, faults=faults)
    async with (
        LocalPlatform(options, say=lambda _: None) as platform,
        aiohttp.ClientSession() as session,
        _rows(platform) as rows,
    ):
        shop = Shop(platform, session, rows, pause)
        await shop.ask("PUT", f"/catalog/v1/products/{SKU}", {"department": "Grocery"})
        price = {"price": {"amount": PRICE, "currency": "USD"}}
        await shop.ask("PUT", f"/pricing/v1/prices/{SKU}", price)
        await shop.becomes(f"/pricing/v1/prices/{SKU}?currency=USD", lambda body: body)
        yield shop


@asynccontextmanager
async def _rows(platform: LocalPlatform) -> AsyncIterator[ReadStore]:
    """The read models, wherever they are."""
    if platform.parts.emulators is None:
        yield bootstrap.embedded().rows
        return
    store = connect_firestore(PROJECT, platform.parts.emulators.firestore.host)
    try:
        yield FirestoreReadStore(store, OperationCounts(), timeout=60.0)
    finally:
        await store.close()
