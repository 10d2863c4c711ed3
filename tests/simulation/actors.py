"""Who uses the shop. Each actor is one small function: one session of theirs, which may end wherever nobody answers."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from functools import wraps
from random import Random
from typing import Any

from functions.payments.events import DisputeOutcome
from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.feed_walk import heal
from shared.eventsourcing.generations import Generations
from shared.http.auth import Role
from shared.testing.api_spec import Reply
from shared.testing.simulation.client import Client, GaveUpError
from shared.testing.simulation.invariants import event_sourced
from shared.testing.simulation.scenario import Actor
from shared.testing.simulation.world import World

SKUS = {"milk": 250, "tea": 399, "pen": 120}
PIECES = 12
"""Of each product in the beginning: few enough to run out."""
COUPON = "TEN"
CARDS = ("pm_card_visa", "pm_card_visa", "pm_card_visa", "pm_card_visa_chargeDeclined")
STREET = "17 Never Told Street"
CUSTOMERS = 4
LAG = 10.0
"""Seconds that the feed stays behind the log, as the settings say."""
STEPS: tuple[tuple[str, Mapping[str, str]], ...] = (
    ("pick", {}),
    ("pack", {}),
    ("dispatch", {"carrier": "Parcel", "tracking": "1"}),
    ("deliver", {}),
)
"""Of a shipment."""
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
    number = dice.randrange(CUSTOMERS)
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
    for step, body in STEPS[: staff.dice.randint(1, len(STEPS))]:
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


@actor
async def till(world: World, dice: Random, name: str) -> None:
    """Rings up what lies on the counter, and sometimes takes it all back."""
    pos = Client(world, Role.POS, f"till{dice.randrange(2)}", dice, name)
    for _ in range(dice.randint(1, 3)):
        cart = (await pos.must("POST", "/cart/v1/carts", {"currency": "USD"}))["id"]
        for sku in dice.sample(list(SKUS), dice.randint(1, len(SKUS))):
            item = {"sku": sku, "quantity": dice.randint(1, 3), "charged": {"amount": 500, "currency": "USD"}}
            await pos.must("POST", f"/cart/v1/carts/{cart}/items", item)
        await pos.must("POST", f"/cart/v1/carts/{cart}/checkout", {})
        await asyncio.sleep(dice.expovariate(1 / 20.0))
        await pos.get(f"/cart/v1/carts/{cart}")
        if dice.random() < 0.3:
            staff = operator(world, dice, f"{name}/staff")
            await staff.ask("POST", f"/cart/v1/carts/{cart}/restore", {"reason": "mistake"})


@actor
async def bank(world: World, dice: Random, name: str) -> None:
    """Takes money back for somebody, and decides in the end."""
    provider = world.known["provider"]
    for _ in range(dice.randint(1, 2)):
        await asyncio.sleep(dice.expovariate(1 / 90.0))
        if taken := [each for each in provider.intents if provider.left(each) > 0]:
            intent = dice.choice(taken)
            provider.dispute(intent)
            await asyncio.sleep(dice.expovariate(1 / 120.0))
            provider.dispute(intent, dice.choice((DisputeOutcome.WON, DisputeOutcome.LOST)))


@actor
async def clerk(world: World, dice: Random, name: str) -> None:
    """Gives money back out of goodwill, and cancels orders."""
    staff = operator(world, dice, name)
    for number in range(dice.randint(1, 3)):
        await asyncio.sleep(dice.expovariate(1 / 60.0))
        if (order := some_order(world, dice)) is None:
            continue
        if dice.random() < 0.5:
            body = {"refund_id": f"{name}-{number}", "amount": {"amount": dice.randint(1, 300), "currency": "USD"}}
            reason = {"reason": "damaged", "up_to": dice.random() < 0.5}
            await staff.ask("POST", f"/payments/v1/payments/{order}/refunds", {**body, **reason})
        else:
            await staff.ask("POST", f"/orders/v1/orders/{order}/cancel", {"reason": "customer-request"})


@actor
async def returner(world: World, dice: Random, name: str) -> None:
    """Sends something back that was delivered; the shop approves or refuses, and counts what arrives."""
    staff = operator(world, dice, name)
    await asyncio.sleep(dice.expovariate(1 / 120.0))
    if (order := some_order(world, dice)) is None:
        return
    document = await staff.get(f"/orders/v1/orders/{order}")
    if document.status not in _OK:
        return
    lines = [{"sku": line["sku"], "quantity": dice.randint(1, line["quantity"])} for line in document.json["lines"]]
    asked = await staff.ask("POST", "/returns/v1/returns", {"order_id": order, "lines": lines, "reason": "damaged"})
    if asked.status in _OK:
        await asyncio.sleep(dice.expovariate(1 / 30.0))
        await decide_return(staff, asked.json["id"], lines)


async def decide_return(staff: Client, return_id: str, lines: list[dict[str, Any]]) -> None:
    """Where returns wait for nobody, these are refused."""
    url, dice = f"/returns/v1/returns/{return_id}", staff.dice
    if dice.random() < 0.2:
        await staff.ask("POST", f"{url}/refuse", {"reason": "too-late"})
        return
    await staff.ask("POST", f"{url}/approve", {})
    await asyncio.sleep(dice.expovariate(1 / 30.0))
    await staff.ask("POST", f"{url}/receive", {"lines": [received(line, dice) for line in lines]})


def received(line: dict[str, Any], dice: Random) -> dict[str, Any]:
    sound = dice.randint(0, line["quantity"])
    damaged = dice.randint(0, line["quantity"] - sound)
    return {"sku": line["sku"], "sound": sound, "damaged": damaged, "missing": line["quantity"] - sound - damaged}


def some_order(world: World, dice: Random) -> str | None:
    """One that was asked for; it may have failed."""
    orders = list(world.known.get("checkouts", {}))
    return dice.choice(orders) if orders else None


@actor
async def forgotten(world: World, dice: Random, name: str) -> None:
    """A customer who wants to be forgotten."""
    await asyncio.sleep(dice.expovariate(1 / 60.0))
    number = dice.randrange(CUSTOMERS)
    customer = Client(world, Role.CUSTOMER, f"customer{number}", dice, name)
    reply = await customer.ask("POST", f"/customers/v1/customers/{customer.subject}/erase", {})
    if reply.status in _OK:
        world.known.setdefault("erased", []).append(customer.subject)


@actor
async def rebuilder(world: World, dice: Random, name: str) -> None:
    """Builds a new generation of a read model, and lets it answer."""
    service = dice.choice([each for each in event_sourced(world) if each.projections])
    instance, own = world.pool.process(service.manifest.name, name)
    try:
        await instance.run(rebuild(own, dice.randrange(len(service.projections))))
    except UnavailableError as error:
        world.story.tell(name, f"gives up: {error!r}")


async def rebuild(service: Any, number: int) -> None:
    """As `commerce rebuild` and `commerce flip` do, without the folding in bulk."""
    projectors = service.projectors[number]
    aliases, collection, lag = service.aliases, projectors.projection.collection, timedelta(seconds=LAG)
    generation = (await aliases.change(collection, Generations.begun)).newest
    await asyncio.sleep(aliases.remembered.total_seconds() + 2 * LAG)
    category, visit = projectors.projection.category, heal(projectors.of(generation))
    await service.walk(f"rebuild/{generation}/{collection}", category, lag, visit).run()
    await aliases.change(collection, lambda known: known.completed(generation))
    await aliases.change(collection, lambda known: known.living(generation))


ACTORS: dict[str, tuple[Actor, float]] = {
    "buyer": (buyer, 6.0),
    "till": (till, 2.0),
    "warehouse": (warehouse, 2.0),
    "pricer": (pricer, 1.0),
    "counter": (counter, 1.0),
    "clerk": (clerk, 1.5),
    "returner": (returner, 1.5),
    "bank": (bank, 1.0),
    "forgotten": (forgotten, 0.7),
    "rebuilder": (rebuilder, 1.0),
}
