"""`python -m tests.bench.checkouts`: what checkouts ask of everything, on the whole local platform, counted.

The prices of docs/costs.md stand on what this writes. Counts are the same on every machine; times are not.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import uvloop

from emulators import settings
from emulators.processes.google import HOW_TO_INSTALL, Installation, find_installation
from emulators.settings import FEED_LAG, PROJECT, ROOT
from shared.adapters.files import replace_file
from shared.adapters.pubsub import PubSubSubscriber
from shared.adapters.pubsub import connect as connect_pubsub
from shared.adapters.system import utc_now
from shared.eventsourcing.event_store import OperationCounts
from tests.bench.machine import machine
from tests.bench.platform_meter import Counts, PlatformMeter, less, watched
from tests.e2e.shop_rig import CHECKOUTS, Shop, opened, services

FILE = ROOT / "docs" / "measured" / "checkout-operations.json"
COMMAND = "python -m tests.bench.checkouts"
_LINES = 5
_WARM_UP = 3
_PRODUCTS = 20
_ALIAS_AGE = 86_400.0
"""Seconds: how often an instance looks for the live read model goes by time, not by checkouts; it is priced apart."""
_SHIPPING: dict[str, dict[str, Any]] = {
    "pick": {},
    "pack": {},
    "dispatch": {"carrier": "Example Parcel", "tracking": "EX1"},
    "deliver": {},
}


class _Run:
    """`count` checkouts of a cart with five lines each, by customers that the shop knows."""

    def __init__(self, shop: Shop, meter: PlatformMeter, name: str, count: int) -> None:
        self._shop = shop
        self._meter = meter
        self._customers = [f"{name}-{number}" for number in range(count)]
        self._carts: dict[str, str] = {}
        self._checkouts: dict[str, str] = {}

    async def introduce(self) -> None:
        for customer in self._customers:
            await self._shop.introduce(customer)

    async def fill(self) -> None:
        for number, customer in enumerate(self._customers):
            skus = {f"sku-{(number + line) % _PRODUCTS}": 1 for line in range(_LINES)}
            self._carts[customer] = await self._shop.fill_cart(customer, skus, name=customer)

    async def check_out(self) -> None:
        """One after the other: no request waits for a processor that another one has."""
        for customer, cart in self._carts.items():
            self._checkouts[customer] = await self._shop.check_out(customer, cart, name=customer)
            await self._meter.quiet()

    async def look(self) -> None:
        """Every customer looks once at the checkout and once at the order."""
        for customer, checkout in self._checkouts.items():
            seen = await self._shop.must("GET", f"{CHECKOUTS}/{checkout}", by=customer)
            assert seen.body["status"] == "completed", seen.body
            await self._shop.must("GET", f"/orders/v1/orders/{checkout}", by=customer)

    async def ship(self) -> None:
        for checkout in self._checkouts.values():
            for step, body in _SHIPPING.items():
                path = f"/fulfillment/v1/shipments/{checkout}-1/{step}"
                await self._shop.must("POST", path, body, key=f"{checkout}-{step}")


async def measured(shop: Shop, meter: PlatformMeter, count: int) -> dict[str, Any]:
    """Phases, and what schedules do with what these left, and without anything to do: in an empty shop, because walks
    that lie minutes behind would otherwise find what the phases did.
    """
    schedules = [schedule.name for service in shop.platform.services for schedule in service.schedules]
    await meter.runs(schedules)
    idle = await meter.runs(schedules)
    await shop.offer({f"sku-{number}": 100_000 for number in range(_PRODUCTS)})
    warm_up = _Run(shop, meter, "warm", _WARM_UP)
    for work in (warm_up.introduce, warm_up.fill, warm_up.check_out, warm_up.look, warm_up.ship):
        await work()
    run = _Run(shop, meter, "customer", count)
    await run.introduce()
    await meter.quiet()
    await asyncio.sleep(2 * FEED_LAG)
    await meter.runs(schedules)
    empty = await meter.kept()
    await meter.phase("cart", run.fill())
    await meter.phase("checkout", run.check_out())
    await meter.phase("looks", run.look())
    await asyncio.sleep(2 * FEED_LAG)
    busy = await meter.runs_after("checkout", schedules)
    sold = await meter.kept()
    await meter.phase("shipping", run.ship())
    await asyncio.sleep(2 * FEED_LAG)
    shipped = await meter.runs_after("shipping", schedules)
    return {
        "phases": meter.found,
        "schedules": {"cart and checkout": _beyond(busy, idle), "shipping": _beyond(shipped, idle), "idle": idle},
        "kept": {"cart and checkout": less(sold, empty), "shipping": less(await meter.kept(), sold)},
    }


def _beyond(busy: dict[str, Counts], idle: dict[str, Counts]) -> dict[str, Counts]:
    """What runs with something to do came to, less what they come to without."""
    more = less(busy, idle)
    return {name: {what: n for what, n in counts.items() if what != "milliseconds"} for name, counts in more.items()}


async def _report(installation: Installation, count: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder, patch.object(settings, "ALIAS_AGE", _ALIAS_AGE):
        async with opened(Path(folder), watched(services())) as shop:
            assert shop.platform.parts.emulators is not None
            channel = connect_pubsub(PROJECT, shop.platform.parts.emulators.pubsub.host)
            try:
                meter = PlatformMeter(shop, PubSubSubscriber(channel, OperationCounts()))
                found = await measured(shop, meter, count)
            finally:
                await channel.close()
    return {
        "measured": utc_now().date().isoformat(),
        "command": COMMAND,
        "checkouts": count,
        "lines": _LINES,
        "machine": machine(installation),
        **found,
    }


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("--checkouts", type=int, default=50, help="how many; a few seconds each")
    parser.add_argument("--json", type=Path, default=FILE, help="where the counts go")
    options = parser.parse_args(arguments)
    installation = find_installation()
    if installation is None:
        sys.stderr.write(f"Google's emulators and Java are needed: {HOW_TO_INSTALL}\n")
        return 1
    report = uvloop.run(_report(installation, options.checkouts))
    options.json.parent.mkdir(parents=True, exist_ok=True)
    replace_file(options.json, json.dumps(report, indent=1).encode() + b"\n")
    sys.stdout.write(f"written to {options.json}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
