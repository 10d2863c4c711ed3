"""Who sees and does what: every endpoint answers every role, strangers, and who has no token, as the table in
`docs/access.md` says.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from emulators import contracts
from emulators.settings import ROOT
from functions.checkout.main import SERVICE as CHECKOUT
from functions.fulfillment.commands import OpenShipment
from functions.fulfillment.events import ShipmentLine
from functions.payments.adapters.memory import APPROVED
from shared.http.auth import Role
from shared.http.query_api import QueryApi
from shared.testing.api_spec import Reply
from shared.testing.doubles import FixedClock
from tests.unit.checkout.premises import Premises, filled_cart, stocked

SERVICES = contracts.services()
SUBJECTS = {Role.CUSTOMER: "900", Role.POS: "till-1", Role.OPERATOR: "ann", Role.SERVICE: "checkout"}
ADDRESS = {"name": "Ada", "lines": ["12 Way"], "city": "Town", "postal_code": "0150", "country": "NO"}
PROFILE = {"name": "Ada", "email": "ada@example.com"}
BODIES: dict[str, dict[str, Any]] = {
    "POST /cart/v1/carts": {"currency": "USD"},
    "POST /cart/v1/carts/{cart_id}/items": {"sku": "milk", "quantity": 1},
    "PUT /cart/v1/carts/{cart_id}/items/{sku}": {"quantity": 3},
    "PUT /customers/v1/customers/{customer_id}": PROFILE,
    "POST /pricing/v1/quotes": {"items": [{"sku": "milk", "quantity": 1}]},
    "POST /catalog/v1/availability": {"skus": ["milk"]},
    "POST /checkout/v1/previews": {"lines": [{"sku": "milk", "quantity": 1}], "country": "US"},
    "POST /promotions/v1/discounts": {
        "customer_id": "902",
        "currency": "USD",
        "coupons": [{"code": "TEN"}],
        "lines": [{"sku": "milk", "quantity": 1, "total": {"amount": 250, "currency": "USD"}}],
    },
}
"""Of what customers may do to what is there: what a stranger is told is told by the guard, behind the body."""
FILTERS = {"customer_id": "900", "currency": "USD", "kind": "web", "campaign_id": "spring", "code": "TEN"}
QUERIES = {
    **{
        f"{api.prefix}{api.collection}": "&".join(
            f"{name}={FILTERS.get(name, 'open')}"
            for name in dict.fromkeys((*api.required, *api.required_one_of[:1], *([api.owner] if api.owner else [])))
        )
        for service in SERVICES
        for api in service.query_apis
        if isinstance(api, QueryApi)
    },
}
"""What lists have to be asked with."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table."""

    endpoint: str
    cells: dict[Role, str]

    @property
    def method(self) -> str:
        return self.endpoint.partition(" ")[0]

    @property
    def path(self) -> str:
        return self.endpoint.partition(" ")[2]

    @property
    def is_signed(self) -> bool:
        return "signed" in self.cells.values()

    @property
    def is_of_one(self) -> bool:
        """About one entity that the path names."""
        return "{" in self.path


def rows() -> Iterator[Row]:
    text = (ROOT / "docs" / "access.md").read_text(encoding="utf-8")
    for endpoint, cells in re.findall(r"^\| `((?:GET|POST|PUT|DELETE) [^`]+)` \|(.+)\|$", text, re.MULTILINE):
        yield Row(endpoint, dict(zip(Role, (cell.strip() for cell in cells.split("|")), strict=True)))


ROWS = tuple(rows())


@dataclass
class World:
    """The customer 900 has one of everything; the till `till-1` rang up what the customer 901 bought."""

    premises: Premises
    names: dict[str, str]

    async def ask(self, row: Row, role: str, subject: str, **changed: str) -> Reply:
        url = re.sub(r"{(\w+)}", lambda match: {**self.names, **changed}.get(match[1], "x1"), row.path)
        query = f"?{QUERIES[row.path]}" if row.method == "GET" and row.path in QUERIES else ""
        body = BODIES.get(row.endpoint, {})
        return await self.premises.ask(subject, role, row.method, url + query, None if row.method == "GET" else body)


async def checked_out(premises: Premises, cart: str, role: str, subject: str, **stated: str) -> str:
    whose = {"customer_id": stated["customer_id"]} if "customer_id" in stated else {}
    asked = {"cart_id": cart, "coupons": ["TEN"], "country": "US", **whose}
    seen = (await premises.ask(subject, role, "POST", "/checkout/v1/previews", asked)).json
    body = {
        "cart_id": cart,
        "cart_version": seen["cart_version"],
        "expected_total": seen["total"],
        "payment_token": APPROVED,
        "shipping_address": ADDRESS,
        "coupons": ["TEN"],
        **stated,
    }
    reply = await premises.ask(subject, role, "POST", "/checkout/v1/checkouts", body)
    assert reply.status == 202, reply.body
    await premises.run(CHECKOUT, reply.json["id"])
    return str(reply.json["id"])


@pytest.fixture
async def world() -> World:
    premises = await stocked(Premises(FixedClock(), SERVICES))
    await premises.ask("900", "customer", "PUT", "/customers/v1/customers/900", PROFILE)
    checkout = await checked_out(premises, await filled_cart(premises), "customer", "900")
    asked = {"order_id": checkout, "lines": [{"sku": "milk", "quantity": 1}], "reason": "damaged"}
    returned = (await premises.ask("900", "customer", "POST", "/returns/v1/returns", asked)).json["id"]
    wanted = {"reason": "fraud"}
    cancelled = (await premises.ask("ann", "operator", "POST", f"/orders/v1/orders/{checkout}/cancel", wanted)).json[
        "id"
    ]
    names = dict.fromkeys(("checkout_id", "order_id", "payment_id", "redemption_id", "reservation_id"), checkout)
    names |= {"cart_id": await filled_cart(premises), "shipment_id": await to_ship(premises, checkout)}
    return World(
        premises, {**names, "customer_id": "900", "return_id": returned, "cancellation_id": cancelled, "sku": "milk"}
    )


async def to_ship(premises: Premises, order: str) -> str:
    """The shipment of the order, as the warehouse hears of it."""
    shipment, now = f"{order}-1", premises.clock()
    opening = OpenShipment(
        shipment_id=shipment,
        order_id=order,
        customer_id="900",
        reservation_id=order,
        shipping_address=await premises.sealed("900", "{}"),
        lines=(ShipmentLine(sku="milk", quantity=1),),
        split_from=None,
        at=now,
    )
    wiring = premises._wirings["fulfillment"]
    await wiring.handle("shipment", shipment, opening, wiring.system_context("test"))
    return shipment


async def rung_up(premises: Premises) -> str:
    """A checkout that the first till started."""
    opening = {"currency": "USD", "customer_id": "901"}
    cart = (await premises.ask("till-1", "pos", "POST", "/cart/v1/carts", opening)).json["id"]
    item = {"sku": "milk", "quantity": 1, "charged": {"amount": 250, "currency": "USD"}}
    await premises.ask("till-1", "pos", "POST", f"/cart/v1/carts/{cart}/items", item)
    checkout = await checked_out(premises, cart, "pos", "till-1", customer_id="901")
    await premises.project()
    return checkout


def test_the_table_has_every_endpoint() -> None:
    """As many as the OpenAPI documents describe, and the webhooks that outsiders call."""
    described = {
        f"{method.upper()} {path}"
        for service in SERVICES
        for name, document in contracts.fresh((service,)).items()
        if name.startswith("openapi/")
        for path, operations in document["paths"].items()
        for method in operations
    }
    signed = {row.endpoint for row in ROWS if row.is_signed}

    assert {row.endpoint for row in ROWS} - signed == described - signed


async def test_nobody_asks_without_a_token(world: World) -> None:
    """But those who sign what they send."""
    replies = [await world.ask(row, "", "") for row in ROWS if not row.is_signed]

    assert {(reply.status, reply.headers["www-authenticate"]) for reply in replies} == {(401, "Bearer")}


async def test_a_role_is_refused_what_the_table_refuses(world: World) -> None:
    """Before anything is looked for."""
    await world.premises.project()

    answered = [
        (row.endpoint, role)
        for row in ROWS
        for role in Role
        if row.cells[role] == "-"
        if (await world.ask(row, role, SUBJECTS[role])).status != 403
    ]

    assert answered == []


@pytest.mark.parametrize("row", [row for row in ROWS if not row.is_signed], ids=lambda row: row.endpoint)
async def test_a_role_has_what_the_table_gives(world: World, row: Row) -> None:
    """It is not refused, and what is its own is there."""
    names = {"begun": {"checkout_id": await rung_up(world.premises)}}
    await world.premises.project()
    for role, cell in row.cells.items():
        if cell == "-":
            continue

        reply = await world.ask(row, role, SUBJECTS[role], **names.get(cell, {}))

        missing = {404} if cell in {"own", "begun"} else set()
        assert reply.status not in {401, 403, 500, *missing}, (role, reply.body)


async def test_a_stranger_has_nothing_of_others(world: World) -> None:
    """Another customer does not learn that it is there, and lists nobody else's; another till sees no checkout that it
    did not start.
    """
    await world.premises.project()
    for row in ROWS:
        for role, subject in ((Role.CUSTOMER, "901"), (Role.POS, "till-2")):
            if row.cells[role] not in {"own", "begun"}:
                continue

            reply = await world.ask(row, role, subject)

            if row.is_of_one:
                assert reply.status == 404, (row.endpoint, role, reply.body)
            elif row.method == "GET":
                assert (reply.status, reply.fields_at_fault) == (403, ["customer_id"])


async def test_no_answer_has_a_payment_token(world: World) -> None:
    """Nor a history, nor provenance: not even an operator's."""
    await world.premises.project()

    replies = [await world.ask(row, role, SUBJECTS[role]) for row in ROWS for role in Role if row.method == "GET"]

    assert sum(reply.status == 200 for reply in replies) > 80
    assert [reply.body for reply in replies if APPROVED.encode() in reply.body] == []


@pytest.mark.parametrize("way", ["history", "provenance"])
async def test_a_customer_learns_no_name_of_staff(world: World, way: str) -> None:
    """Who changed their order is told by role; what is stored is told to operators."""
    await world.premises.project()
    (row,) = [row for row in ROWS if row.endpoint == f"GET /orders/v1/orders/{{order_id}}/{way}"]

    own, full = [await world.ask(row, role, SUBJECTS[role]) for role in (Role.CUSTOMER, Role.OPERATOR)]

    assert b"service:checkout" not in own.body
    assert b"service:checkout" in full.body
