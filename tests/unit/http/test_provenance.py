"""Which events made a cart what it is, as its readers may know it."""

from typing import Any

import pytest

from shared.testing.api_spec import ApiSpec
from tests.unit.http.conftest import Shop

CARTS = "/cart/v1/carts"
STAFF_ONLY = {"id", "type"}


@pytest.fixture
def reader(shop: Shop) -> ApiSpec:
    return shop.reader("op", "operator")


@pytest.fixture
async def cart(shop: Shop, till: ApiSpec) -> str:
    """A till's cart for customer 900 at version 4, a commit an hour: milk for 250, tea for 399, more milk for 250."""
    opened = await till.post(CARTS, "k1", {"currency": "USD", "customer_id": "900"})
    cart_id = str(opened.json["id"])
    for number, (sku, cents) in enumerate([("milk", 250), ("tea", 399), ("milk", 250)]):
        shop.clock.advance(hours=1)
        body = {"sku": sku, "quantity": 1, "charged": {"amount": cents, "currency": "USD"}}
        await shop.caller("till-1", "pos").post(f"{CARTS}/{cart_id}/items", f"i{number}", body)
    return cart_id


async def fields(caller: ApiSpec, cart: str, query: str = "") -> dict[str, list[dict[str, Any]]]:
    reply = await caller.get(f"{CARTS}/{cart}/provenance{query}")
    assert reply.status == 200, reply.body
    found: dict[str, list[dict[str, Any]]] = reply.json["fields"]
    return found


def versions(setters: list[dict[str, Any]]) -> list[int]:
    return [each["version"] for each in setters]


async def test_names_the_events_that_set_a_field(reader: ApiSpec, cart: str) -> None:
    """Each event is told with its id, its command, its author, its times and what it changed, oldest first."""
    *_, newest = (await fields(reader, cart, "?field=total.amount"))["total.amount"]

    assert newest == {
        "id": f"cart-{cart}@4.0",
        "type": "ItemAddedToCart.v1",
        "version": 4,
        "command": "AddItem",
        "actor": "pos:till-1",
        "occurred_at": "2026-03-01T15:00:00Z",
        "recorded_at": "2026-03-01T15:00:00Z",
        "before": 649,
        "after": 899,
    }


async def test_every_field_has_its_own(reader: ApiSpec, cart: str) -> None:
    """Without a field all of them are told, each with the events that changed it and no others."""
    found = await fields(reader, cart)

    assert versions(found["id"]) == [1]
    assert versions(found["lines[0].quantity"]) == [2, 4]
    assert versions(found["lines[1].quantity"]) == [3]
    assert versions(found["total.amount"]) == [1, 2, 3, 4]


async def test_a_field_stands_for_what_is_below_it(reader: ApiSpec, cart: str) -> None:
    """A field that has parts is told by its parts; fields that are only called alike are not."""
    assert set(await fields(reader, cart, "?field=total")) == {"total.amount", "total.currency"}
    assert set(await fields(reader, cart, "?field=line")) == set()


async def test_is_of_the_document_as_it_was(reader: ApiSpec, cart: str) -> None:
    """A version or a time leaves out what came later, and the answer says how far it looked."""
    by_version = await reader.get(f"{CARTS}/{cart}/provenance?field=total.amount&version=2")
    by_time = await reader.get(f"{CARTS}/{cart}/provenance?field=total.amount&as_of=2026-03-01T13:00:00Z")

    assert versions(by_version.json["fields"]["total.amount"]) == [1, 2]
    assert by_time.json == by_version.json
    assert (by_version.json["version"], by_version.headers["etag"]) == (2, '"2"')


async def test_the_newest_of_many_are_told(reader: ApiSpec, cart: str) -> None:
    """A limit keeps the newest events of each field."""
    found = await fields(reader, cart, "?limit=2")

    assert (versions(found["total.amount"]), versions(found["id"])) == ([3, 4], [1])


async def test_the_owner_learns_no_names(shop: Shop, cart: str) -> None:
    """A customer sees what changed and when, not who of the staff it was nor what is stored."""
    (setter, *_) = (await fields(shop.reader("900", "customer"), cart))["total.amount"]

    assert (setter["actor"], setter["after"], setter.keys() & STAFF_ONLY) == ("pos", 0, set())


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ("version=5", 404, "version"),
        ("version=1&as_of=2026-03-01T13:00:00Z", 400, "version"),
        ("as_of=2026-03-01T13:00:00", 400, "as_of"),
        ("field=", 400, "field"),
        ("limit=0", 400, "limit"),
        ("limit=201", 400, "limit"),
    ],
)
async def test_a_wrong_parameter_is_named(reader: ApiSpec, cart: str, query: str, status: int, field: str) -> None:
    """What cannot be asked for is refused by name."""
    reply = await reader.get(f"{CARTS}/{cart}/provenance?{query}")

    assert (reply.status, reply.fields_at_fault) == (status, [field])


@pytest.mark.parametrize("query", ["", "?version=1", "?version=9", "?field=total"])
async def test_somebody_elses_is_as_if_it_were_not(shop: Shop, cart: str, query: str) -> None:
    """Whatever is asked, somebody else's cart and no cart at all get the same answer."""
    other = shop.reader("901", "customer")

    foreign = await other.get(f"{CARTS}/{cart}/provenance{query}")
    absent = await other.get(f"{CARTS}/nobody/provenance{query}")

    assert (foreign.status, foreign.body) == (404, absent.body)
