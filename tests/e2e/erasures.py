"""Customers who ask to be erased, on a platform that does not wait an hour for it."""

from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace

import pytest

from emulators.platform import LocalPlatform
from emulators.processes import world as worlds
from emulators.processes.world import World
from emulators.settings import Options
from functions.customers.manifest import PAUSE
from shared.topology import Service
from tests.e2e.embedded_shop import Shop
from tests.e2e.rig import eventually

SECONDS = 2
"""The pause, longer than a platform lags that has no faults."""


@contextmanager
def short_pause(seconds: int = SECONDS) -> Iterator[None]:
    """Of the platforms that start meanwhile."""
    start_world = worlds.start_world

    async def start(stack: AsyncExitStack, options: Options, chosen: Sequence[Service]) -> World:
        world = await start_world(stack, options, chosen)
        return replace(world, variables={**world.variables, PAUSE: str(seconds)})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("emulators.platform.start_world", start)
        yield


async def look(platform: LocalPlatform) -> None:
    """The schedule fires."""
    await platform.scheduler.fire(lambda job: job.path == "/finish-erasures")


def erasure(customer: str) -> str:
    return f"/customers/v1/customers/{customer}/erasure"


async def erase(shop: Shop, customer: str) -> None:
    await shop.ask("POST", f"/customers/v1/customers/{customer}/erase", {}, customer=customer)


async def becomes_erased(shop: Shop, customer: str) -> None:
    async def erased() -> bool:
        await look(shop.platform)
        return bool((await shop.ask("GET", erasure(customer), customer=customer))["status"] == "erased")

    await eventually(erased)
