"""Who uses the shop from outside. Each actor is one small function: a session, which ends where nobody answers."""

import asyncio
from random import Random
from typing import Any

from functions.payments.events import DisputeOutcome
from shared.http.auth import Role
from shared.testing.api_spec import Reply
from shared.testing.simulation.client import Client
from shared.testing.simulation.faults import Kind
from shared.testing.simulation.world import World
from tests.simulation.people import (
    CARDS,
    COUPON,
    CUSTOMERS,
    OK,
    SKUS,
    STREET,
    actor,
    has_come_to,
    operator,
    person,
    some_order,
)

ASKS = {
    "check_out_cart": "cart",
    "redeem_coupons": "promotions",
    "create_order": "orders",
    "reserve_items": "inventory",
    "authorize_payment": "payments",
    "confirm_order": "orders",
    "allocate_items": "inventory",
    "capture_payment": "payments",
}
"""The steps of a checkout that change something, up to its pivot, and whom they ask."""


@actor
async def buyer(world: World, dice: Random, name: str) -> None:
    """Fills a cart and checks it out; sometimes from two places at once, sometimes twice."""
    customer, number = await introduced(world, dice, name)
    cart, version = await filled_cart(customer)
    seen = await preview(customer, cart, version)
    if seen is None:
        return
    places = 2 if dice.random() < 0.4 else 1
    asked = [check_out(world, customer, cart, seen, f"{name}/checkout{place}") for place in range(places)]
    for reply in await asyncio.gather(*asked):
        if reply.status in OK:
            world.known.setdefault("checkouts", {})[reply.json["id"]] = number
            if dice.random() < 0.4:
                await disturb(world, dice, name, reply.json["id"])
            await asyncio.sleep(dice.expovariate(1 / 20.0))
            await customer.get(f"/checkout/v1/checkouts/{reply.json['id']}")


async def disturb(world: World, dice: Random, name: str, checkout: str) -> None:
    """At the worst moment, when a step is under way: the service that it asks is not heard from, or the checkouts' own
    one dies; and somebody of the shop turns it back, which from its pivot on is refused.
    """
    step = dice.choice(list(ASKS))
    await has_come_to(world, checkout, step)
    if world.faults.can(Kind.CUT_OFF) and dice.random() < 0.5:
        world.faults.happens(Kind.CUT_OFF, ASKS[step])
        world.network.cut(ASKS[step], dice)
    elif world.faults.can(Kind.OUTAGE) and dice.random() < 0.5:
        down = dice.choice(("checkout", ASKS[step]))
        world.faults.happens(Kind.OUTAGE, down)
        world.pool.fell(down, dice)
    if dice.random() < 0.5:
        staff = operator(world, dice, f"{name}/stopped")
        await staff.ask("POST", f"/checkout/v1/checkouts/{checkout}/force-compensate", {"reason": "mistake"})


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
        version = added.json["version"] if added.status in OK else version
    return opened["id"], version


async def preview(customer: Client, cart: str, version: int) -> dict[str, Any] | None:
    """What the customer agrees on; None if the shop cannot show it."""
    coupons = [COUPON] if customer.dice.random() < 0.6 else []
    asked = {"cart_id": cart, "min_version": version, "country": "US", "coupons": coupons}
    for _ in range(8):
        reply = await customer.query("/checkout/v1/previews", asked)
        if reply.status in OK:
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
async def forgotten(world: World, dice: Random, name: str) -> None:
    """A customer who wants to be forgotten."""
    await asyncio.sleep(dice.expovariate(1 / 60.0))
    number = dice.randrange(CUSTOMERS)
    customer = Client(world, Role.CUSTOMER, f"customer{number}", dice, name)
    reply = await customer.ask("POST", f"/customers/v1/customers/{customer.subject}/erase", {})
    if reply.status in OK:
        world.known.setdefault("erased", []).append(customer.subject)


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
async def impatient(world: World, dice: Random, name: str) -> None:
    """Cancels an order, and asks the bank for the money before the shop gives it back."""
    await asyncio.sleep(dice.expovariate(1 / 60.0))
    if (order := await some_order(world, dice)) is None:
        return
    staff, provider = operator(world, dice, name), world.known["provider"]
    await staff.ask("POST", f"/orders/v1/orders/{order}/cancel", {"reason": "customer-request"})
    await asyncio.sleep(dice.expovariate(1 / 3.0))
    for intent in [each for each, charge in provider.charges.items() if charge.payment_id == order]:
        provider.dispute(intent)
        await asyncio.sleep(dice.expovariate(1 / 3.0))
        provider.dispute(intent, dice.choice((DisputeOutcome.WON, DisputeOutcome.LOST)))
