"""Who uses the shop. Each actor is one small function: one session of theirs, which may end wherever nobody answers."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import wraps
from random import Random
from typing import Any

from shared.http.auth import Role
from shared.testing.api_spec import Reply
from shared.testing.simulation.client import Client, GaveUpError
from shared.testing.simulation.scenario import Actor
from shared.testing.simulation.world import World

SKUS = {"milk": 250, "tea": 399, "pen": 120}
PIECES = 12
"""Of each product in the beginning: few enough to run out."""
COUPON = "TEN"
CARDS = ("pm_card_visa", "pm_card_visa", "pm_card_visa", "pm_card_visa_chargeDeclined")
STREET = "17 Never Told Street"
_OK = range(200, 300)


def actor(session: Callable[[World, Random, str], Awaitable[None]]) -> Actor:
    """Somebody who gives up when nobody answers for long."""

    @wraps(session)
    async def come(world: World, dice: Random, name: str) -> None:
        try:
            await session(world, dice, name)
        except GaveUpError as error:
            world.story.tell(name, f"gives up: {error}")

    return come


def operator(world: World, dice: Random, name: str) -> Client:
    return Client(world, Role.OPERATOR, "op", dice, name)


def person(number: int) -> dict[str, Any]:
    """Whose name and address turn up nowhere once they are erased."""
    return {"name": f"Nobody {number} Unheard-Of", "email": f"unheard{number}@example.com"}


async def prepare(world: World) -> None:
    """Products, prices, stock and a coupon."""
    staff = operator(world, world.stage.dice("prepare"), "prepare")
    for sku, cents in SKUS.items():
        await staff.must("PUT", f"/catalog/v1/products/{sku}", {"department": "Grocery", "product_type": f"Fine {sku}"})
        await staff.must("PUT", f"/pricing/v1/prices/{sku}", {"price": {"amount": cents, "currency": "USD"}})
        receipt = {"quantity": PIECES, "reference": "first delivery"}
        await staff.must("POST", f"/inventory/v1/stock/{sku}/receipts", receipt)
    period = {"starts_at": "2025-12-01T00:00:00Z", "ends_at": "2027-01-01T00:00:00Z"}
    await staff.must("PUT", "/promotions/v1/campaigns/spring", {"name": "Spring", "kind": "web", **period})
    discount = {"kind": "percent", "percent": 10}
    coupon = {"campaign_id": "spring", "skus": ["milk"], "discount": discount, "limit": 2, **period}
    await staff.must("PUT", f"/promotions/v1/coupons/{COUPON}", coupon)
    await asyncio.sleep(5.0)


@actor
async def buyer(world: World, dice: Random, name: str) -> None:
    """Fills a cart and checks it out; sometimes from two places at once, sometimes twice."""
    customer, number = await introduced(world, dice, name)
    cart, version = await filled_cart(customer)
    seen = await preview(customer, cart, version)
    if seen is None:
        return
    places = 2 if dice.random() < 0.3 else 1
    asked = [check_out(world, customer, cart, seen, f"{name}/checkout{place}") for place in range(places)]
    for reply in await asyncio.gather(*asked):
        if reply.status in _OK:
            world.known.setdefault("checkouts", {})[reply.json["id"]] = number
            await asyncio.sleep(dice.expovariate(1 / 20.0))
            await customer.get(f"/checkout/v1/checkouts/{reply.json['id']}")


async def introduced(world: World, dice: Random, name: str) -> tuple[Client, int]:
    number = dice.randrange(4)
    customer = Client(world, Role.CUSTOMER, f"customer{number}", dice, name)
    await customer.ask("PUT", f"/customers/v1/customers/{customer.subject}", person(number))
    return customer, number


async def filled_cart(customer: Client) -> tuple[str, int]:
    """Its id and version."""
    dice = customer.dice
    opened = await customer.must("POST", "/cart/v1/carts", {"currency": "USD"})
    version = opened["version"]
    for sku in dice.sample(list(SKUS), dice.randint(1, len(SKUS))):
        item = {"sku": sku, "quantity": dice.randint(1, 3)}
        added = await customer.ask("POST", f"/cart/v1/carts/{opened['id']}/items", item)
        version = added.json["version"] if added.status in _OK else version
    return opened["id"], version


async def preview(customer: Client, cart: str, version: int) -> dict[str, Any] | None:
    """What the customer agrees on; None if the shop cannot show it."""
    coupons = [COUPON] if customer.dice.random() < 0.4 else []
    asked = {"cart_id": cart, "min_version": version, "country": "US", "coupons": coupons}
    for _ in range(8):
        reply = await customer.query("/checkout/v1/previews", asked)
        if reply.status in _OK:
            seen = reply.json
            return {"cart_version": seen["cart_version"], "expected_total": seen["total"], "coupons": coupons}
        if coupons:
            asked["coupons"] = coupons = []
        await asyncio.sleep(customer.dice.uniform(1.0, 10.0))
    return None


async def check_out(world: World, customer: Client, cart: str, seen: dict[str, Any], key: str) -> Reply:
    place = Client(world, Role.CUSTOMER, customer.subject, customer.dice, key)
    address = {"name": person(0)["name"], "lines": [STREET], "city": "Town", "region": "CA"}
    body = {
        "cart_id": cart,
        "payment_token": customer.dice.choice(CARDS),
        "shipping_address": {**address, "postal_code": "12345", "country": "US"},
        **seen,
    }
    return await place.ask("POST", "/checkout/v1/checkouts", body, key=key)


@actor
async def warehouse(world: World, dice: Random, name: str) -> None:
    """Brings some open shipments some steps further."""
    staff = operator(world, dice, name)
    for _ in range(dice.randint(1, 4)):
        reply = await staff.get("/fulfillment/v1/shipments?status=open&limit=10")
        for shipment in reply.json["items"] if reply.status in _OK else []:
            if dice.random() < 0.7:
                await ship(staff, shipment["id"])
        await asyncio.sleep(dice.expovariate(1 / 60.0))


async def ship(staff: Client, shipment: str) -> None:
    steps: list[tuple[str, object]] = [("pick", {}), ("pack", {})]
    steps += [("dispatch", {"carrier": "Parcel", "tracking": "1"}), ("deliver", {})]
    for step, body in steps[: staff.dice.randint(1, len(steps))]:
        await staff.ask("POST", f"/fulfillment/v1/shipments/{shipment}/{step}", body)


@actor
async def pricer(world: World, dice: Random, name: str) -> None:
    """Changes prices while others buy."""
    staff = operator(world, dice, name)
    for _ in range(dice.randint(1, 3)):
        price = {"amount": dice.randint(100, 500), "currency": "USD"}
        await staff.ask("PUT", f"/pricing/v1/prices/{dice.choice(list(SKUS))}", {"price": price})
        await asyncio.sleep(dice.expovariate(1 / 60.0))


@actor
async def counter(world: World, dice: Random, name: str) -> None:
    """Counts stock, and takes deliveries in."""
    staff = operator(world, dice, name)
    for _ in range(dice.randint(1, 3)):
        sku = dice.choice(list(SKUS))
        if dice.random() < 0.5:
            await staff.ask("POST", f"/inventory/v1/stock/{sku}/receipts", {"quantity": 3, "reference": name})
        else:
            body = {"delta": dice.choice((-2, -1, 1)), "reason": "counted"}
            await staff.ask("POST", f"/inventory/v1/stock/{sku}/adjustments", body)
        await asyncio.sleep(dice.expovariate(1 / 60.0))


ACTORS: dict[str, tuple[Actor, float]] = {
    "buyer": (buyer, 8.0),
    "warehouse": (warehouse, 2.0),
    "pricer": (pricer, 1.0),
    "counter": (counter, 1.0),
}
