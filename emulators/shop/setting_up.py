"""The shop before it opens: customers, catalog, prices, stock, campaigns and coupons. All by an operator."""

from collections.abc import Callable, Coroutine, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from emulators.feed.tills import FeedError, Progress
from emulators.feed.workers import for_each
from emulators.shop.coupons import Campaign, midnight
from emulators.shop.people import profile_of
from emulators.shop.plan import Plan
from emulators.shop.staff import Clerk, usd

CHUNK = 25
"""Of the 100 that catalog, pricing and inventory take in one commit. Each is a stream that is read before: more of them
at once mostly wait for each other on a small machine."""
CHUNKS_AT_A_TIME = 2
"""As many as a small machine has cores: more of them only run into the time limit of a request."""
T = TypeVar("T")
Job = Callable[[], Coroutine[Any, Any, object]]


async def set_up(operator: Clerk, plan: Plan, *, workers: int, progress: Progress) -> None:
    """Everything that the plan needs; what is there already stays as it is. FeedError if the shop is not empty."""
    import_id = await _begin_import(operator, plan)
    jobs: list[Job] = [
        *(_job(operator, f"/customers/v1/customers/{each}", profile_of(each)) for each in plan.households),
        *(_job(operator, f"/promotions/v1/campaigns/{each.id}", _campaign(each)) for each in plan.campaigns),
    ]
    chunks = [*_catalog(operator, plan, import_id), *_prices(operator, plan), *_stock(operator, plan)]
    coupons = [_job(operator, f"/promotions/v1/coupons/{code}", _coupon(*each)) for code, each in plan.coupons.items()]
    done = 0

    async def do(job: Job) -> None:
        nonlocal done
        await job()
        done += 1
        progress("setting up", done, len(jobs) + len(chunks) + len(coupons))

    await for_each(jobs, do, workers=workers)
    await for_each(chunks, do, workers=min(workers, CHUNKS_AT_A_TIME))
    await for_each(coupons, do, workers=workers)  # each needs its campaign


async def _begin_import(operator: Clerk, plan: Plan) -> str:
    """The same import as before, if this plan was carried out before. Otherwise nothing may be in stock: what another
    run left over would keep this one's short stock from being short.
    """
    left_over = await operator.find("/inventory/v1/stock?status=available&limit=1")
    body = {"products_expected": len(plan.products)}
    reply = await operator.post("/catalog/v1/imports", body, key="import")
    if not reply.replayed and left_over and left_over["items"]:
        raise FeedError(
            "this platform has other goods in stock: only the same baskets can be sold again; start it anew for others"
        )
    return str(reply.body["id"])


def _catalog(operator: Clerk, plan: Plan, import_id: str) -> Iterable[Job]:
    for number, chunk in enumerate(_chunks(plan.products), 1):
        body = {"products": [product._asdict() for product in chunk]}
        yield _job(operator, f"/catalog/v1/imports/{import_id}/chunks/{number}", body)


def _prices(operator: Clerk, plan: Plan) -> Iterable[Job]:
    """The till states what it takes: these are the shelf's, from the first basket's day on."""
    since = midnight(min(sale.basket.at for sale in plan.sales).date() - timedelta(days=1))
    for number, chunk in enumerate(_chunks(sorted(plan.prices.items())), 1):
        prices = [{"sku": sku, "price": usd(cents), "valid_from": since} for sku, cents in chunk]
        yield _job(operator, f"/pricing/v1/price-lists/{plan.name}.{number}", {"prices": prices})


def _stock(operator: Clerk, plan: Plan) -> Iterable[Job]:
    for number, chunk in enumerate(_chunks(sorted(plan.received.items())), 1):
        lines = [{"sku": sku, "quantity": pieces} for sku, pieces in chunk]
        body = {"lines": lines, "reason": "what these baskets need"}
        yield _job(operator, f"/inventory/v1/receipts/{plan.name}.{number}", body)


def _campaign(campaign: Campaign) -> dict[str, Any]:
    starts_at, ends_at = _period(campaign)
    return {"name": f"Campaign {campaign.id}", "kind": campaign.kind, "starts_at": starts_at, "ends_at": ends_at}


def _coupon(campaign: Campaign, skus: Iterable[str]) -> dict[str, Any]:
    """For all that it is valid for, sold in these baskets or not; the till says what it is worth."""
    starts_at, ends_at = _period(campaign)
    discount = {"kind": "stated"}
    terms = {"starts_at": starts_at, "ends_at": ends_at, "discount": discount, "limit": None}
    return {"campaign_id": campaign.id, "skus": sorted(skus), **terms}


def _period(campaign: Campaign) -> tuple[datetime, datetime]:
    """From its first day to the end of its last."""
    return midnight(campaign.first), midnight(campaign.last + timedelta(days=1))


def _job(operator: Clerk, path: str, body: dict[str, Any]) -> Job:
    return lambda: operator.put(path, body, key=path)


def _chunks(items: Sequence[T]) -> list[Sequence[T]]:
    return [items[start : start + CHUNK] for start in range(0, len(items), CHUNK)]
