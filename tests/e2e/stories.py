"""What may happen to orders, in any order and at the same time: deeds of customers, staff and banks, and the books."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from shared.adapters.system import new_id
from tests.e2e.embedded_shop import ADDRESS, PRICE, PROFILE, Json, Shop
from tests.e2e.erasures import erasure, look
from tests.e2e.stripe_desk import StripeDesk

PIECES = 8
"""Of a story's product."""
PATIENCE = 3.0
"""Seconds that staff try for what may be on its way."""
DISPATCH = {"carrier": "UPS", "tracking": "T1"}
_SUCCESS = range(200, 300)


@dataclass
class Return:
    """Pieces that a customer wants to give back."""

    id: str
    quantity: int


@dataclass
class Sale:
    """An order that was placed. Of the pieces that came back, `sound` are those to be sold again."""

    order: str
    quantity: int
    parts: int = 1
    sound: int = 0
    back: int = 0
    returns: list[Return] = field(default_factory=list)
    disputes: list[str] = field(default_factory=list)


@dataclass
class Story:
    """Of one customer and one product. `told` is what happened, `troubles` what must not have."""

    shop: Shop
    desk: StripeDesk
    name: str = field(default_factory=lambda: f"story-{new_id()[:12]}")
    sales: list[Sale] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    @property
    def sku(self) -> str:
        return self.name

    @property
    def coupon(self) -> str:
        return self.name.upper()

    async def begin(self) -> None:
        """The product is on the shelf, with a coupon for it; the customer says who they are."""
        await self.shop.ask("PUT", f"/catalog/v1/products/{self.sku}", {"department": "Grocery"})
        price = {"price": {"amount": PRICE, "currency": "USD"}}
        await self.shop.ask("PUT", f"/pricing/v1/prices/{self.sku}", price)
        receipt = {"quantity": PIECES, "reference": "first"}
        await self.shop.ask("POST", f"/inventory/v1/stock/{self.sku}/receipts", receipt)
        coupon = {"campaign_id": "always", "skus": [self.sku], "discount": {"kind": "percent", "percent": 30}, **TERM}
        await self.shop.ask("PUT", f"/promotions/v1/coupons/{self.coupon}", coupon)
        await self.shop.ask("PUT", f"/customers/v1/customers/{self.name}", PROFILE, customer=self.name)
        await self.shop.becomes(f"/pricing/v1/prices/{self.sku}?currency=USD", lambda body: body)

    async def send(self, method: str, path: str, body: object = None, *, own: bool = False) -> tuple[int, Json]:
        """Whatever is asked is done or refused."""
        status, answer = await self.shop.send(method, path, body, customer=self.name if own else None)
        if method != "GET":
            self.told.append(f"{method} {path} {body or ''}: {status} {answer.get('code', '')}")
        if status >= 500:
            self.troubles.append(f"{method} {path}: {status}")
        return status, answer

    async def persist(self, method: str, path: str, body: object = None) -> bool:
        """What may not be possible yet is tried for a while."""
        end = time.monotonic() + PATIENCE
        while True:
            status, _ = await self.send(method, path, body)
            if status in _SUCCESS or status >= 500 or time.monotonic() > end:
                return status in _SUCCESS
            self.told.pop()
            await asyncio.sleep(0.2)

    # --- buying

    async def buy(self, quantity: int, *, with_coupon: bool) -> None:
        cart = (await self.send("POST", "/cart/v1/carts", {"currency": "USD"}, own=True))[1]["id"]
        line = {"sku": self.sku, "quantity": quantity}
        filled = (await self.send("POST", f"/cart/v1/carts/{cart}/items", line, own=True))[1]
        coupons = {"coupons": [self.coupon] if with_coupon else []}
        preview = {"cart_id": cart, "min_version": filled["version"], "country": ADDRESS["country"], **coupons}
        status, seen = await self.send("POST", "/checkout/v1/previews", preview, own=True)
        if status not in _SUCCESS:
            return
        body = {
            "cart_id": cart,
            "cart_version": seen["cart_version"],
            "expected_total": seen["total"],
            "payment_token": "pm_card_visa",
            "shipping_address": ADDRESS,
            **coupons,
        }
        status, begun = await self.send("POST", "/checkout/v1/checkouts", body, own=True)
        if status in _SUCCESS:
            path = f"/checkout/v1/checkouts/{begun['id']}"
            ended = await self.shop.becomes(path, lambda body: body["status"] != "running")
            self.told.append(f"{begun['id']}: {ended['status']}")
            if ended["status"] == "completed":
                self.sales.append(Sale(begun["id"], quantity))

    # --- what became of it

    async def quiet(self) -> None:
        """Webhooks, messages and workflows have come to their end."""
        for _ in range(8):
            await asyncio.sleep(1.3)  # the local Stripe tells of what others did a second later
            assert await self.shop.platform.caught_up(), "messages are still on their way"
            running = [await self._running(path) for path in WORKFLOWS]
            if not any(running):
                return
        self.troubles.append(f"workflows are not over: {running}")

    async def _running(self, path: str) -> list[Any]:
        _, page = await self.shop.send("GET", f"{path}?customer_id={self.name}")
        return [each["id"] for each in page.get("items", ()) if each["status"] in {"running", "stuck"}]


WORKFLOWS = ("/checkout/v1/checkouts", "/returns/v1/returns", "/orders/v1/cancellations")
TERM = {"starts_at": "2000-01-01T00:00:00Z", "ends_at": "2100-01-01T00:00:00Z"}
Deed = Callable[[Story, Sale, int], Awaitable[None]]
"""What somebody does about a sale; the number makes it one of several."""

# --- the warehouse


def _part(sale: Sale, number: int) -> str:
    return f"/fulfillment/v1/shipments/{sale.order}-{1 + number % sale.parts}"


async def split(story: Story, sale: Sale, _: int) -> None:
    lines = {"lines": [{"sku": story.sku, "quantity": 1}]}
    sale.parts += (await story.send("POST", f"{_part(sale, 0)}/split", lines))[0] in _SUCCESS


async def pack(story: Story, sale: Sale, number: int) -> None:
    if await story.persist("POST", f"{_part(sale, number)}/pick"):
        await story.send("POST", f"{_part(sale, number)}/pack")


async def dispatch(story: Story, sale: Sale, number: int) -> None:
    """What leaves has an address."""
    await pack(story, sale, number)
    status, _ = await story.send("POST", f"{_part(sale, number)}/dispatch", DISPATCH)
    if status in _SUCCESS and (await story.send("GET", f"{_part(sale, number)}/label"))[0] != 200:
        story.troubles.append(f"{_part(sale, number)} was dispatched without an address")


async def deliver(story: Story, sale: Sale, number: int) -> None:
    await story.send("POST", f"{_part(sale, number)}/deliver")


async def ship(story: Story, sale: Sale, number: int) -> None:
    """All the way."""
    await dispatch(story, sale, number)
    await deliver(story, sale, number)


async def lose(story: Story, sale: Sale, number: int) -> None:
    await story.send("POST", f"{_part(sale, number)}/lose", {})


# --- staff


async def cancel(story: Story, sale: Sale, _: int) -> None:
    await story.send("POST", f"/orders/v1/orders/{sale.order}/cancel", {"reason": "customer-request"})


async def cancel_a_piece(story: Story, sale: Sale, _: int) -> None:
    body = {"reason": "out-of-stock", "lines": [{"sku": story.sku, "quantity": 1}]}
    await story.send("POST", f"/orders/v1/orders/{sale.order}/cancel", body)


async def refund_here(story: Story, sale: Sale, number: int) -> None:
    amount = {"amount": 1 + 60 * number, "currency": "USD"}
    body = {"refund_id": f"goodwill-{new_id()[:8]}", "amount": amount, "reason": "arrived-late"}
    await story.send("POST", f"/payments/v1/payments/{sale.order}/refunds", body)


# --- the provider


async def refund_there(story: Story, sale: Sale, number: int) -> None:
    with suppress(AssertionError):  # refused by Stripe
        story.told.append(f"dashboard: {await story.desk.refund(sale.order, 1 + 60 * number)}")


async def dispute(story: Story, sale: Sale, _: int) -> None:
    if not sale.disputes:
        sale.disputes.append(await story.desk.dispute(sale.order))
        story.told.append(f"{sale.order} is disputed")


async def decide(story: Story, sale: Sale, number: int) -> None:
    if sale.disputes and sale.disputes[-1]:
        await story.desk.decide(sale.disputes[-1], ("won", "lost")[number % 2])
        story.told.append(f"the dispute of {sale.order} is {('won', 'lost')[number % 2]}")
        sale.disputes.append("")


# --- returns


async def ask_return(story: Story, sale: Sale, number: int) -> None:
    quantity = 1 + number % sale.quantity
    asked = {"order_id": sale.order, "lines": [{"sku": story.sku, "quantity": quantity}], "reason": "damaged"}
    status, begun = await story.send("POST", "/returns/v1/returns", asked, own=True)
    if status in _SUCCESS:
        sale.returns.append(Return(begun["id"], quantity))


async def approve(story: Story, sale: Sale, _: int) -> None:
    for each in sale.returns[-1:]:
        await story.persist("POST", f"/returns/v1/returns/{each.id}/approve", {})


async def refuse(story: Story, sale: Sale, _: int) -> None:
    for each in sale.returns[-1:]:
        await story.send("POST", f"/returns/v1/returns/{each.id}/refuse", {"reason": "other"})


async def receive(story: Story, sale: Sale, number: int) -> None:
    """All sound, all damaged, one missing, or nothing in the parcel."""
    for each in sale.returns[-1:]:
        missing = (0, 0, 1, each.quantity)[number % 4]
        damaged = each.quantity if number % 4 == 1 else 0
        sound = each.quantity - missing - damaged
        line = {"sku": story.sku, "sound": sound, "damaged": damaged, "missing": missing}
        path = f"/returns/v1/returns/{each.id}"
        if await story.persist("POST", f"{path}/receive", {"lines": [line]}):
            ended = await story.shop.becomes(path, lambda body: body["ended_at"])
            story.told.append(f"{each.id}: {ended['status']}")
            if ended["status"] == "completed":  # the order refuses what another return has brought back
                sale.sound, sale.back = sale.sound + sound, sale.back + sound + damaged
            sale.returns.remove(each)


async def take_back(story: Story, sale: Sale, number: int) -> None:
    """A return from its beginning to its end."""
    for step in (ask_return, approve, receive):
        await step(story, sale, number)


# --- the customer


async def buy_more(story: Story, _: Sale, number: int) -> None:
    await story.buy(1 + number % 2, with_coupon=number % 2 == 1)


async def leave(story: Story, _: Sale, __: int) -> None:
    await story.send("POST", f"/customers/v1/customers/{story.name}/erase", {}, own=True)


async def time_passes(story: Story, _: Sale, __: int) -> None:
    """Long enough for an erasure that can be carried out."""
    await asyncio.sleep(1.0)
    await look(story.shop.platform)


DEEDS: tuple[Deed, ...] = (
    split,
    pack,
    dispatch,
    deliver,
    ship,
    lose,
    cancel,
    cancel_a_piece,
    refund_here,
    refund_there,
    dispute,
    decide,
    ask_return,
    approve,
    refuse,
    receive,
    take_back,
    buy_more,
    leave,
    time_passes,
)
BEGINNINGS: tuple[tuple[Deed, ...], ...] = ((), (split,), (ship,), (ship, take_back))
"""What happens first, so that what comes later is often possible."""


async def is_erased(story: Story) -> bool:
    return bool((await story.send("GET", erasure(story.name)))[1]["status"] == "erased")
