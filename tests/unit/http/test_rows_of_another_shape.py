"""What a query answers where a row was stored by another release, and cannot be folded again."""

from dataclasses import replace

import pytest

from functions.cart.projections import CARTS_PROJECTION
from functions.cart.query_api import CART_QUERIES
from shared.eventsourcing.generations import Aliases
from shared.eventsourcing.live_rows import LiveRows
from shared.http.auth import TokenVerifier
from shared.http.edge import guarded
from shared.http.query_edge import QueryEdge
from shared.testing.api_spec import ApiSpec
from shared.testing.memory_platform import query_wiring
from tests.unit.http.conftest import Shop

CARTS = "/cart/v1/carts"
USD = {"currency": "USD"}


@pytest.fixture
async def carts(shop: Shop) -> tuple[str, str, str]:
    """Three of customer 900; the second is stored in a shape of old, and its stream is too long to be folded."""
    ids = []
    for number in range(3):
        opened = await shop.caller("900", "customer").post(CARTS, f"k{number}", USD)
        ids.append(opened.json["id"])
        await shop.project(ids[-1])
        shop.clock.advance(seconds=1)
    row = await shop.rows.get(CARTS_PROJECTION.collection, ids[1])
    assert row is not None
    await shop.rows.put(CARTS_PROJECTION.collection, replace(row, version=9_999, body=b"{}", schema="old"))
    return ids[0], ids[1], ids[2]


@pytest.fixture
def owner(shop: Shop) -> ApiSpec:
    live = LiveRows(shop.rows, Aliases(shop.rows, shop.clock), [CARTS_PROJECTION], shop.events)
    wiring = replace(query_wiring(shop.dependencies, shop.clock), rows=live)
    verifier = TokenVerifier("https://issuer.test", "shop", shop.keys, shop.clock)
    queries = QueryEdge((CART_QUERIES,), wiring, verifier)
    return ApiSpec(guarded("cart-queries", queries, lambda *_, **__: None), shop.token("900", "customer"))


async def test_one_document_is_not_available_for_now(owner: ApiSpec, carts: tuple[str, str, str]) -> None:
    """The projector brings it."""
    assert (await owner.get(f"{CARTS}/{carts[1]}")).status == 503
    assert (await owner.get(f"{CARTS}/{carts[0]}")).status == 200


@pytest.mark.parametrize("limit", [1, 2, 9])
async def test_a_walk_through_a_list_lacks_that_row_only(
    owner: ApiSpec, carts: tuple[str, str, str], limit: int
) -> None:
    """However the pages are cut."""
    seen, cursor = set[str](), ""

    while cursor is not None:
        reply = await owner.get(f"{CARTS}?limit={limit}{cursor and f'&cursor={cursor}'}")
        assert reply.status == 200
        seen |= {item["id"] for item in reply.json["items"]}
        cursor = reply.json["next"]

    assert seen == {carts[0], carts[2]}


async def test_a_commit_that_the_projection_cannot_apply_is_no_fault_of_the_server(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, owner: ApiSpec
) -> None:
    """Its stream is parked, and the answer may be had later."""
    opened = await shop.caller("900", "customer").post(CARTS, "k", USD)

    def fail(*_: object) -> None:
        raise ZeroDivisionError("thirteen")

    monkeypatch.setitem(vars(CARTS_PROJECTION), "project", fail)
    reply = await owner.get(f"{CARTS}/{opened.json['id']}?min_version=1")

    assert reply.status == 503
