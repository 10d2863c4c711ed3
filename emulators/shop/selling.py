"""The till of the shop: carts are filled and checked out, each checkout is followed to its end."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter
from typing import Any

from emulators.feed.tills import Progress, Till
from emulators.feed.workers import for_each
from emulators.shop.choose import Sale
from emulators.shop.people import address_of
from emulators.shop.staff import Clerk, usd

CHECKOUTS = "/checkout/v1/checkouts"
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 0.4
_OVER = frozenset({"completed", "failed", "stuck"})


@dataclass(frozen=True, slots=True)
class Sold:
    """What came of one basket: its cart and its checkout. `agreed` are the cents that the till stated. `document` is
    the checkout as last seen, None if it never was. Milliseconds: `seen` from asking for it to seeing its end, `taken`
    by its own timeline; None if it has no end or was over before this run. `return_id` is what came back of it,
    `cancellation_id` how its order was cancelled.
    """

    cart_id: str
    checkout_id: str
    agreed: int
    document: Any
    seen: float | None
    taken: float | None
    return_id: str | None = None
    cancellation_id: str | None = None

    @property
    def completed(self) -> bool:
        return self.document is not None and self.document["status"] == "completed"


@dataclass(slots=True)
class Selling:
    """By basket; `seconds` is how long all of it took."""

    sold: dict[str, Sold] = field(default_factory=dict)
    seconds: float = 0.0


async def sell(till: Clerk, sales: Sequence[Sale], *, workers: int, patience: float, progress: Progress) -> Selling:
    """Every basket, up to `workers` at a time; `patience` is how many seconds a checkout may take. FeedError if an
    answer is not the right one; how checkouts end is for the books to judge.
    """
    result = Selling()

    async def one(sale: Sale) -> None:
        result.sold[sale.id] = await _sell(till, sale, patience)
        progress("checkouts", len(result.sold), len(sales))

    began = perf_counter()
    await for_each(sales, one, workers=workers)
    result.seconds = perf_counter() - began
    return result


async def _sell(till: Clerk, sale: Sale, patience: float) -> Sold:
    cart_id, version = await Till(till.client, till.sent, till.prefix).fill(sale.charged)
    began = perf_counter()
    reply = await till.post(CHECKOUTS, _checkout(sale, cart_id, version), key=f"basket-{sale.id}-check-out")
    checkout_id = str(reply.body["id"])
    document = await _followed(till, checkout_id, patience)
    over = document is not None and document["status"] in _OVER
    fresh = over and not reply.replayed
    return Sold(
        cart_id,
        checkout_id,
        sale.agreed,
        document,
        seen=(perf_counter() - began) * 1000 if fresh else None,
        taken=taken(document) if fresh else None,
    )


def _checkout(sale: Sale, cart_id: str, version: int) -> dict[str, Any]:
    return {
        "cart_id": cart_id,
        "cart_version": version,
        "expected_total": usd(sale.agreed),
        "payment_token": sale.card,
        "shipping_address": address_of(sale.basket.household),
        "coupons": [{"code": coupon.code, "stated": usd(coupon.stated)} for coupon in sale.coupons],
        "customer_id": sale.basket.household,
        "at": sale.basket.at,
    }


async def _followed(till: Clerk, checkout_id: str, patience: float) -> Any:
    """The checkout when it is over, or as it is when patience is; None if it is not there yet."""
    document, pause = None, FIRST_PAUSE
    try:
        async with asyncio.timeout(patience):
            while document is None or document["status"] not in _OVER:
                await asyncio.sleep(pause)
                pause = min(pause * 1.5, LONGEST_PAUSE)
                document = await till.find(f"{CHECKOUTS}/{checkout_id}")
    except TimeoutError:
        pass
    return document


def taken(document: Any) -> float | None:
    """Milliseconds from a checkout's start to its end, by its own account."""
    if document["ended_at"] is None:
        return None
    begin, end = (datetime.fromisoformat(document[name]) for name in ("started_at", "ended_at"))
    return (end - begin).total_seconds() * 1000
