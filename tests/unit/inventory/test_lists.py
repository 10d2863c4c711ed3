"""A walk over the pages of a list, while what it lists changes."""

from base64 import urlsafe_b64encode
from typing import Any

import pytest
from pydantic_core import to_json

from functions.inventory.main import SERVICE
from shared.eventsourcing.projector import Projector
from shared.http.edge import guarded
from shared.http.query_edge import QueryEdge
from shared.testing.api_spec import ApiSpec
from shared.testing.memory_platform import query_wiring
from tests.unit.inventory.conftest import BelievesAnything, Warehouse

STOCK = "/inventory/v1/stock"
SKUS = [f"sku-{number}" for number in range(6)]


@pytest.fixture
def reader(warehouse: Warehouse) -> ApiSpec:
    edge = QueryEdge(SERVICE.query_apis, query_wiring(warehouse.deps, warehouse.clock), BelievesAnything())
    return ApiSpec(guarded("inventory-queries", edge, lambda *_, **__: None), "operator")


async def received(warehouse: Warehouse, sku: str, times: int) -> None:
    """One more piece for the `times`-th time, and the read model shows it."""
    warehouse.clock.advance(minutes=1)
    body = {"quantity": 1, "reference": f"note {times}"}
    reply = await warehouse.caller("operator").post(f"{STOCK}/{sku}/receipts", f"{sku}-{times}", body)
    assert reply.status == 202
    deps, (projection, _) = warehouse.deps, SERVICE.projections
    projector: Projector[Any, Any] = Projector(projection, deps.events, deps.rows, deps.dead_letters, warehouse.clock)
    await projector.heal(f"stock-{sku}", times)


@pytest.mark.parametrize("changing", SKUS)
async def test_a_product_that_changes_on_the_way_is_seen_once(
    warehouse: Warehouse, reader: ApiSpec, changing: str
) -> None:
    """Whether it comes before the page or behind it: it keeps its place."""
    for sku in SKUS:
        await received(warehouse, sku, 1)

    seen, cursor, times = list[str](), "", 1
    while cursor is not None:
        reply = await reader.get(f"{STOCK}?status=available&limit=2{cursor and f'&cursor={cursor}'}")
        seen += [each["id"] for each in reply.json["items"]]
        cursor, times = reply.json["next"], times + 1
        await received(warehouse, changing, times)

    assert seen == SKUS


@pytest.mark.parametrize("place", [["x" * 3000, "milk"], ["", "milk"], [1, "milk"], ["\u00e4", "milk"]])
async def test_a_made_up_cursor_is_refused(reader: ApiSpec, place: list[object]) -> None:
    """One that no product can have given never gets to the store."""
    cursor = urlsafe_b64encode(to_json(place)).decode().rstrip("=")

    reply = await reader.get(f"{STOCK}?status=available&cursor={cursor}")

    assert (reply.status, reply.fields_at_fault) == (400, ["cursor"])
