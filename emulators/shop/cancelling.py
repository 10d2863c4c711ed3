"""What is cancelled: some orders before they leave, which works, and some when they have left, which must not."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from emulators.feed.tills import ACCEPTED, FeedError, Progress
from emulators.feed.workers import for_each
from emulators.shop.choose import Fate, Sale
from emulators.shop.selling import Sold
from emulators.shop.staff import Clerk

CANCELLATIONS = "/orders/v1/cancellations"
PAUSE = 0.2
CONFLICT = 409
BODY = {"reason": "customer-request"}


async def cancel(
    operator: Clerk,
    sales: Sequence[Sale],
    sold: Mapping[str, Sold],
    *,
    workers: int,
    patience: float,
    progress: Progress,
) -> dict[str, Sold]:
    """The same with their cancellations. FeedError if one is not completed within `patience` seconds."""
    chosen = [sale for sale in sales if sale.fate is Fate.CANCELLED and sold[sale.id].completed]
    found = dict(sold)

    async def one(sale: Sale) -> None:
        order_id = found[sale.id].checkout_id
        begun = await operator.post(_path(order_id), BODY, key=f"basket-{sale.id}-cancel")
        cancellation_id = str(begun.body["id"])
        await _ended(operator, sale, cancellation_id, "completed", patience)
        found[sale.id] = replace(found[sale.id], cancellation_id=cancellation_id)
        progress("cancellations", sum(each.cancellation_id is not None for each in found.values()), len(chosen))

    await for_each(chosen, one, workers=workers)
    return found


async def cancel_too_late(operator: Clerk, sale: Sale, order_id: str, patience: float) -> None:
    """What has left: the order refuses if it has heard of it, and else fulfillment does. FeedError if neither does."""
    reply = await operator.client.post(_path(order_id), BODY, key=f"{operator.prefix}basket-{sale.id}-too-late")
    if reply.status == ACCEPTED:
        await _ended(operator, sale, str(reply.body["id"]), "refused", patience)
    elif reply.status != CONFLICT:
        raise FeedError(f"basket {sale.id}: a late cancellation was answered with {reply.status} {reply.body}")


def _path(order_id: str) -> str:
    return f"/orders/v1/orders/{order_id}/cancel"


async def _ended(operator: Clerk, sale: Sale, cancellation_id: str, wanted: str, patience: float) -> None:
    body: Any = None
    try:
        async with asyncio.timeout(patience):
            while body is None or body["status"] == "running":
                body = await operator.find(f"{CANCELLATIONS}/{cancellation_id}")
                await asyncio.sleep(PAUSE)
    except TimeoutError:
        raise FeedError(f"basket {sale.id}: no end of {cancellation_id} within {patience:g} s") from None
    if body["status"] != wanted:
        raise FeedError(f"basket {sale.id}: {cancellation_id} is {body['status']}, not {wanted}")
