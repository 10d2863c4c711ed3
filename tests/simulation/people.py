"""What all who use the shop have in common, and what is there before they come."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from random import Random
from typing import Any

from shared.http.auth import Role
from shared.testing.simulation.client import Client, GaveUpError
from shared.testing.simulation.scenario import Actor
from shared.testing.simulation.world import World

SKUS = {"milk": 250, "tea": 399, "pen": 120}
PIECES = 7
"""Of each product in the beginning: few enough to run out."""
COUPON = "TEN"
CARDS = ("pm_card_visa", "pm_card_visa", "pm_card_visa", "pm_card_visa_chargeDeclined")
STREET = "17 Never Told Street"
CUSTOMERS = 3
LAG = 10.0
"""Seconds that the feed stays behind the log, as the settings say."""
STEPS: tuple[tuple[str, Mapping[str, str]], ...] = (
    ("pick", {}),
    ("pack", {}),
    ("dispatch", {"carrier": "Parcel", "tracking": "1"}),
    ("deliver", {}),
)
"""Of a shipment."""
OK = range(200, 300)


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


async def some_order(world: World, dice: Random) -> str | None:
    """One that was placed, as soon as there is one; sometimes one that was only asked for, and may have failed."""
    for _ in range(20):
        asked, written = list(world.known.get("checkouts", {})), world.backend.events.written
        placed = [each for each in asked if (f"order-{each}", 3) in written]
        if orders := asked if dice.random() < 0.1 else placed:
            order: str = dice.choice(orders)
            return order
        await asyncio.sleep(dice.expovariate(1 / 20.0))
    return None


async def has_come_to(world: World, checkout: str, step: str) -> None:
    """Waits until a checkout asks for this step; not for long, for it may be over before."""
    stream, version, asked = f"checkout-{checkout}", 1, f'"step":"{step}"'.encode()
    for _ in range(500):
        while (body := world.backend.events.written.get((stream, version))) is not None:
            if asked in body:
                return
            version += 1
        await asyncio.sleep(0.02)
