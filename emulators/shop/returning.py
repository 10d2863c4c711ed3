"""What comes back: asked for when it is at the door, approved, and received as it arrives."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from emulators.feed.tills import FeedError, Progress
from emulators.feed.workers import for_each
from emulators.shop.choose import Back, Sale
from emulators.shop.selling import Sold
from emulators.shop.staff import Clerk

RETURNS = "/returns/v1/returns"
PAUSE = 0.2
DAYS = 5
"""After the sale."""


async def take_back(
    operator: Clerk,
    sales: Sequence[Sale],
    sold: Mapping[str, Sold],
    *,
    workers: int,
    patience: float,
    progress: Progress,
) -> dict[str, Sold]:
    """The same with their returns. FeedError if something does not come within `patience` seconds."""
    coming = [(sale, sale.back) for sale in sales if sale.back and sold[sale.id].completed]
    found = dict(sold)

    async def one(coming_back: tuple[Sale, Back]) -> None:
        sale, back = coming_back
        try:
            async with asyncio.timeout(patience):
                return_id = await _one(operator, sale, back, found[sale.id].checkout_id)
        except TimeoutError:
            raise FeedError(f"basket {sale.id}: nothing came back within {patience:g} s") from None
        found[sale.id] = replace(found[sale.id], return_id=return_id)
        progress("returns", sum(each.return_id is not None for each in found.values()), len(coming))

    await for_each(coming, one, workers=workers)
    return found


async def _one(operator: Clerk, sale: Sale, back: Back, order_id: str) -> str:
    key = f"basket-{sale.id}"
    await _until(operator, f"/orders/v1/orders/{order_id}", lambda body: body["status"] == "delivered")
    asked = {
        "order_id": order_id,
        "lines": [{"sku": back.sku, "quantity": back.quantity}],
        "reason": "damaged",
        "at": sale.basket.at + timedelta(days=DAYS),
    }
    started = await operator.post(RETURNS, asked, key=f"{key}-return")
    return_id = str(started.body["id"])
    path = f"{RETURNS}/{return_id}"
    await _until(operator, path, lambda body: body["status"] != "running")
    await operator.post(f"{path}/approve", {}, key=f"{key}-approve")
    await operator.post(f"{path}/receive", received(back), key=f"{key}-receive")
    return return_id


def received(back: Back) -> dict[str, Any]:
    """What staff finds in the parcel."""
    line = {"sku": back.sku, "sound": back.sound, "damaged": back.damaged, "missing": back.missing}
    return {"lines": [line]}


async def _until(operator: Clerk, path: str, settled: Callable[[Any], bool]) -> None:
    while (body := await operator.find(path)) is None or not settled(body):  # noqa: ASYNC110 - happens in other processes
        await asyncio.sleep(PAUSE)
