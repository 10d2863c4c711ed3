"""What an erasure waits for, as the services know it that keep what a customer began."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from functions.customers.events import UnderWay
from shared.eventsourcing.workflow.calls import Caller, Request, answer_of
from shared.http.query_api import MAX_LIMIT

ORDER_IS_OVER = frozenset({"delivered", "returned", "cancelled", "lost"})
"""Any other status is under way, also one that this service does not know."""
Json = Mapping[str, Any]


async def under_way(services: Caller, customer_id: str, before: datetime) -> tuple[UnderWay, ...]:
    """Orders, returns and checkouts of a customer that are not over. A checkout that ended after `before` counts as
    well: the list of orders, which is made of other messages, may not show its order yet. UnavailableError if one of
    the services does not answer.
    """
    checkouts = await _listed(services, "checkout", "/checkouts", customer_id)
    orders = await _listed(services, "orders", "/orders", customer_id)
    returns = await _listed(services, "returns", "/returns", customer_id)
    return (
        *(UnderWay(kind="checkout", id=each["id"]) for each in checkouts if not _ended_before(each, before)),
        *(UnderWay(kind="order", id=each["id"]) for each in orders if each["status"] not in ORDER_IS_OVER),
        *(UnderWay(kind="return", id=each["id"]) for each in returns if each["ended_at"] is None),
    )


def _ended_before(checkout: Json, before: datetime) -> bool:
    ended_at = checkout["ended_at"]
    return ended_at is not None and datetime.fromisoformat(ended_at) <= before


async def _listed(services: Caller, service: str, path: str, customer_id: str) -> list[Json]:
    """All pages. Not by status: a status that came later would be left out."""
    asked = f"{path}?customer_id={quote(customer_id, safe='')}&limit={MAX_LIMIT}"
    found: list[Json] = []
    cursor: str | None = ""
    while cursor is not None:
        request = Request(service=service, method="GET", path=asked + (f"&cursor={quote(cursor)}" if cursor else ""))
        page = answer_of(request, await services.call(request))
        found += page["items"]
        cursor = page["next"]
    return found
