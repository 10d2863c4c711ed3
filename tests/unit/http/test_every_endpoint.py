"""What holds of every endpoint of every service: what is given twice or is unknown, and what conditions do."""

from typing import Any

import pytest

from shared.testing.api_spec import Reply
from tests.unit.http.every_service import COMMANDS, ENDPOINTS, QUERIES, EveryService, PublicEndpoint

HEADERS = ["Authorization", "Content-Type", "If-Match", "If-None-Match", "X-Correlation-Id", "X-Causation-Id"]
USD = {"amount": 100, "currency": "USD"}
PERIOD = {"starts_at": "2026-01-01T00:00:00Z", "ends_at": "2027-01-01T00:00:00Z"}
LINES = [{"sku": "7", "quantity": 1}]
BEGINNINGS: dict[str, dict[str, Any]] = {
    "/catalog/v1/products/7": {"department": "Dairy"},
    "/customers/v1/customers/7": {"name": "Ada", "email": "ada@example.org"},
    "/inventory/v1/receipts/7": {"lines": LINES, "reason": "delivered"},
    "/inventory/v1/reservations/7": {"lines": LINES, "expires_at": "2026-03-01T12:15:00Z"},
    "/orders/v1/orders/7": {
        "customer_id": "7",
        "checkout_id": "7",
        "currency": "USD",
        "lines": [{"sku": "7", "quantity": 1, "unit_price": USD, "total": USD}],
        "discounts": [],
        "shipping": {"amount": 0, "currency": "USD"},
        "tax": {"amount": 0, "currency": "USD"},
        "shipping_address": "sealed:v1:x",
        "reservation_id": "7",
        "payment_id": "7",
    },
    "/payments/v1/payments/7": {"order_id": "7", "customer_id": "7", "amount": USD, "payment_token": "sealed:v1:x"},
    "/pricing/v1/prices/7": {"price": USD},
    "/promotions/v1/campaigns/7": {"name": "Spring", "kind": "web", **PERIOD},
    "/promotions/v1/coupons/7": {
        "campaign_id": "first",
        "skus": ["7"],
        "discount": {"kind": "percent", "percent": 10},
        **PERIOD,
    },
    "/promotions/v1/redemptions/7": {
        "customer_id": "7",
        "currency": "USD",
        "coupons": [{"code": "first"}],
        "lines": [{"sku": "7", "quantity": 1, "total": USD}],
    },
}
"""Of all that a PUT begins: its body."""
PARTS = {
    "/cart/v1/carts/7/items/7": {"quantity": 1},
    "/catalog/v1/imports/7/chunks/7": {"products": [{"sku": "7", "department": "Dairy"}]},
}
"""A PUT into something that exists: its body."""
NO_ENTITY = {
    "/pricing/v1/price-lists/7": {"prices": [{"sku": "7", "price": USD, "valid_from": "2026-01-01T00:00:00Z"}]}
}
"""A PUT that writes others: its body."""


@pytest.fixture
async def shop() -> EveryService:
    """Something on the shelf, a campaign and its coupon."""
    shop = EveryService()
    await good(shop, "POST", "/inventory/v1/stock/7/receipts", {"quantity": 9, "reference": "first delivery"})
    await good(shop, "PUT", "/promotions/v1/campaigns/first", BEGINNINGS["/promotions/v1/campaigns/7"])
    await good(shop, "PUT", "/promotions/v1/coupons/first", BEGINNINGS["/promotions/v1/coupons/7"])
    return shop


async def good(shop: EveryService, method: str, url: str, json: object, **headers: str) -> Reply:
    reply = await shop.ask(method, url, json=json, headers=headers)
    assert reply.status == 202, reply.body
    return reply


def refusal(reply: Reply) -> tuple[int, list[str]]:
    return reply.status, reply.fields_at_fault


class TestTwice:
    @pytest.mark.parametrize("header", [*HEADERS, "Idempotency-Key"])
    async def test_a_header_of_one_value_is_refused(self, header: str) -> None:
        """Even if both are the same: who reads them may take the first, the last, or both in one."""
        shop = EveryService()

        wrong = [
            str(each)
            for each in ENDPOINTS
            for values in (("a", "b"), ("a", "a"))
            if refusal(await shop.ask(each.method, each.url, headers={header: values})) != (400, [header])
        ]

        assert (wrong, await shop.commits()) == ([], [])

    async def test_a_parameter_is_refused(self) -> None:
        """Of commands as of queries."""
        shop = EveryService()

        found = {str(each): refusal(await shop.ask(each.method, f"{each.url}?limit=5&limit=5")) for each in ENDPOINTS}

        assert {name: each for name, each in found.items() if each != (400, ["limit"])} == {}

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            (b'{"at": null, "at": null}', "at"),
            (rb'{"lines": [{"sku": "a"}, {"sku": "b", "\u0073ku": "c"}]}', "lines.1.sku"),
            (b'{"x": {"amount": 1, "y": [[{}, {"z": 1, "z": 1}]]}}', "x.y.0.1.z"),
        ],
    )
    async def test_a_key_of_a_body_is_refused(self, body: bytes, field: str) -> None:
        """At any depth, however it is written, and whether or not the command takes it."""
        shop = EveryService()

        found = {str(each): refusal(await shop.ask(each.method, each.url, body=body)) for each in COMMANDS}

        assert {name: each for name, each in found.items() if each != (400, [field])} == {}
        assert await shop.commits() == []


@pytest.mark.parametrize("query", ["dry_run=true", "dry_run", "dry_run=&limit=5"])
async def test_an_unknown_parameter_is_refused(query: str) -> None:
    """Nobody believes that a dry run was one."""
    shop = EveryService()

    found = {str(each): await shop.ask(each.method, f"{each.url}?{query}") for each in ENDPOINTS}

    assert {
        name for name, each in found.items() if each.status != 400 or "dry_run" not in each.fields_at_fault
    } == set()
    assert await shop.commits() == []


async def test_another_query_is_another_request(shop: EveryService) -> None:
    """What a key stands for includes it, also where it says nothing."""
    key = {"Idempotency-Key": "k"}
    url, body = "/inventory/v1/stock/7/receipts", {"quantity": 1, "reference": "second"}
    await shop.ask("POST", url, json=body, headers=key)

    reply = await shop.ask("POST", f"{url}?&", json=body, headers=key)

    assert (reply.status, reply.json["code"]) == (422, "idempotency-key-reused")


class TestConditions:
    @pytest.mark.parametrize("header", ["If-Match", "If-None-Match"])
    async def test_that_cannot_be_read_are_refused(self, header: str) -> None:
        """By name, everywhere."""
        shop = EveryService()

        found = {str(each): refusal(await shop.ask(each.method, each.url, headers={header: "x"})) for each in ENDPOINTS}

        assert {name: each for name, each in found.items() if each != (400, [header])} == {}

    def test_every_command_that_begins_something_is_tried(self) -> None:
        """A new PUT needs a body here."""
        puts = {each.url for each in COMMANDS if each.method == "PUT"}

        assert puts == {*BEGINNINGS, *PARTS, *NO_ENTITY}

    @pytest.mark.parametrize("value", ["*", '"1"', 'W/"1"', '"1", "2"'])
    @pytest.mark.parametrize("url", BEGINNINGS)
    async def test_what_does_not_exist_matches_nothing(self, shop: EveryService, url: str, value: str) -> None:
        """At level 2 and 3, of one stream and of several: it is not begun."""
        before = await shop.commits()

        reply = await shop.ask("PUT", url, json=BEGINNINGS[url], headers={"If-Match": value})

        assert (*refusal(reply), "etag" in reply.headers) == (412, ["If-Match"], False)
        assert await shop.commits() == before

    @pytest.mark.parametrize("url", BEGINNINGS)
    async def test_what_exists_is_not_begun_again(self, shop: EveryService, url: str) -> None:
        """With `If-None-Match: *` the first is carried out, and nothing is written over it."""
        await good(shop, "PUT", url, BEGINNINGS[url], **{"If-None-Match": "*"})
        before = await shop.commits()

        reply = await shop.ask("PUT", url, json=BEGINNINGS[url], headers={"If-None-Match": "*"})

        assert (*refusal(reply), reply.headers["etag"]) == (412, ["If-None-Match"], '"1"')
        assert await shop.commits() == before

    @pytest.mark.parametrize(("value", "status"), [("*", 202), ('"9", "1"', 202), ('W/"1"', 412), ('"2"', 412)])
    @pytest.mark.parametrize("url", BEGINNINGS)
    async def test_what_exists_matches_its_version(self, shop: EveryService, url: str, value: str, status: int) -> None:
        """Alone, in a list, or as any, but not as a weak one."""
        await good(shop, "PUT", url, BEGINNINGS[url])

        reply = await shop.ask("PUT", url, json=BEGINNINGS[url], headers={"If-Match": value})

        assert (reply.status, reply.headers["etag"]) == (status, '"1"')

    @pytest.mark.parametrize("header", ["If-Match", "If-None-Match"])
    @pytest.mark.parametrize("url", PARTS)
    async def test_a_part_of_what_does_not_exist_is_not_found(self, shop: EveryService, url: str, header: str) -> None:
        """As it is without a condition."""
        assert (await shop.ask("PUT", url, json=PARTS[url], headers={header: "*"})).status == 404

    @pytest.mark.parametrize("url", ["/catalog/v1/products/7", "/customers/v1/customers/7"])
    async def test_a_state_that_the_caller_has_is_not_sent_again(self, shop: EveryService, url: str) -> None:
        """At level 2 as well: 304 with its tag."""
        await good(shop, "PUT", url, BEGINNINGS[url])

        replies = [await shop.ask("GET", url, headers={"If-None-Match": value}) for value in ('"1"', 'W/"1"', '"2"')]

        assert [(each.status, each.headers["etag"], bool(each.body)) for each in replies] == [
            (304, '"1"', False),
            (304, '"1"', False),
            (200, '"1"', True),
        ]

    async def test_what_does_not_exist_is_not_found(self) -> None:
        """By no query, whatever its conditions are: the same answer as without them."""
        shop = EveryService()

        async def answers(each: PublicEndpoint, **headers: str) -> tuple[int, bytes]:
            reply = await shop.ask(each.method, each.url, headers=headers)
            return reply.status, reply.body

        differing = [
            str(each)
            for each in QUERIES
            for header in ("If-Match", "If-None-Match")
            if (plain := await answers(each))[0] >= 400 and await answers(each, **{header: "*"}) != plain
        ]

        assert differing == []


class TestVersions:
    async def test_of_what_an_empty_command_did_not_begin(self, shop: EveryService) -> None:
        """Nothing was counted of what nobody has: there is neither a version nor a place to be told."""
        body = {"delta": 0, "reason": "counted"}

        reply = await shop.ask("POST", "/inventory/v1/stock/none/adjustments", json=body)

        assert (reply.status, reply.json, reply.headers.keys() & {"etag", "location"}) == (202, {"id": "none"}, set())

    @pytest.mark.parametrize("url", NO_ENTITY)
    async def test_of_a_command_about_others(self, shop: EveryService, url: str) -> None:
        """A list of prices is no entity, so it has none; what does not exist matches nothing."""
        reply = await good(shop, "PUT", url, NO_ENTITY[url], **{"If-None-Match": "*"})
        refused = await shop.ask("PUT", url, json=NO_ENTITY[url], headers={"If-Match": "*"})

        assert (reply.json, reply.headers.keys() & {"etag", "location"}) == ({"id": "7"}, set())
        assert (refused.status, "etag" in refused.headers) == (412, False)

    async def test_of_a_list_is_not_that_of_a_product_of_its_name(self, shop: EveryService) -> None:
        """The product 7 has a price, which is none of the list 7."""
        await good(shop, "PUT", "/pricing/v1/prices/7", {"price": USD})

        reply = await good(shop, "PUT", "/pricing/v1/price-lists/7", NO_ENTITY["/pricing/v1/price-lists/7"])

        assert "etag" not in reply.headers
