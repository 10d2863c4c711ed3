"""The warehouse: each placed order's shipment is picked, packed, dispatched and delivered."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from emulators.feed.tills import FeedError, Progress
from emulators.feed.workers import for_each
from emulators.shop.cancelling import cancel_too_late
from emulators.shop.choose import Sale
from emulators.shop.selling import Sold
from emulators.shop.staff import Clerk

SHIPMENTS = "/fulfillment/v1/shipments"
PAUSE = 0.2
CARRIER = "Example Parcel"


async def ship(
    operator: Clerk,
    sales: Sequence[Sale],
    sold: Mapping[str, Sold],
    *,
    workers: int,
    patience: float,
    progress: Progress,
) -> None:
    """Everything that was paid and not cancelled. Of what is to come back, somebody tries to cancel it when it has
    left. FeedError if a shipment does not appear within `patience` seconds, or is cancelled then.
    """
    placed = [sale for sale in sales if sold[sale.id].completed and not sold[sale.id].cancellation_id]
    done = 0

    async def one(sale: Sale) -> None:
        nonlocal done
        await _one(operator, sale, sold[sale.id].checkout_id, patience)
        done += 1
        progress("shipments", done, len(placed))

    await for_each(placed, one, workers=workers)


async def _one(operator: Clerk, sale: Sale, order_id: str, patience: float) -> None:
    shipment_id = f"{order_id}-1"
    path = f"{SHIPMENTS}/{shipment_id}"
    try:
        async with asyncio.timeout(patience):
            while await operator.find(path) is None:  # noqa: ASYNC110 - what is waited for happens in other processes
                await asyncio.sleep(PAUSE)
    except TimeoutError:
        raise FeedError(f"basket {sale.id}: no shipment {shipment_id} within {patience:g} s") from None
    for step, body in _steps(sale).items():
        await operator.post(f"{path}/{step}", body, key=f"basket-{sale.id}-{step}")
        if step == "dispatch" and sale.back:
            await cancel_too_late(operator, sale, order_id, patience)


def _steps(sale: Sale) -> dict[str, dict[str, Any]]:
    """On its way the next day, at the door the day after."""
    dispatch = {"carrier": CARRIER, "tracking": f"EX{sale.id}", "at": sale.basket.at + timedelta(days=1)}
    return {"pick": {}, "pack": {}, "dispatch": dispatch, "deliver": {"at": sale.basket.at + timedelta(days=2)}}
