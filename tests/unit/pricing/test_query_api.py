"""What a product costs, and what a basket does, as callers see it."""

import pytest

from shared.testing.api_spec import ApiSpec
from tests.unit.pricing.conftest import Pricing

V1 = "/pricing/v1"


def usd(amount: int) -> dict[str, object]:
    return {"amount": amount, "currency": "USD"}


@pytest.fixture(autouse=True)
async def prices(pricing: Pricing, operator: ApiSpec) -> None:
    """Milk was 1.50, is 1.99 and will be 2.49; tea is 3.99."""
    listed = [
        ("milk", 150, "2026-01-01T00:00:00Z"),
        ("milk", 199, "2026-02-01T00:00:00Z"),
        ("milk", 249, "2026-04-01T00:00:00Z"),
        ("tea", 399, "2026-02-01T00:00:00Z"),
    ]
    body = {"prices": [{"sku": sku, "price": usd(cents), "valid_from": since} for sku, cents, since in listed]}
    await operator.send("PUT", f"{V1}/price-lists/spring", json=body)
    await pricing.project("milk", "tea")


class TestAPrice:
    async def test_of_now_is_for_everybody(self, customer: ApiSpec) -> None:
        """Any caller sees what a product costs, since when and until when."""
        reply = await customer.get(f"{V1}/prices/milk")

        assert reply.json == {
            "sku": "milk",
            "price": usd(199),
            "valid_from": "2026-02-01T00:00:00Z",
            "valid_until": "2026-04-01T00:00:00Z",
        }

    async def test_of_another_time_is_for_staff(self, staff: ApiSpec) -> None:
        """Staff ask what a product cost, or will cost."""
        amounts = [
            (await staff.get(f"{V1}/prices/milk?at={at}T00:00:00Z")).json["price"]["amount"]
            for at in ("2026-01-31", "2026-04-01")
        ]

        assert amounts == [150, 249]

    async def test_of_another_time_is_not_for_customers(self, customer: ApiSpec) -> None:
        """What something will cost is not for everybody to know."""
        reply = await customer.get(f"{V1}/prices/milk?at=2026-05-01T00:00:00Z")

        assert (reply.status, reply.fields_at_fault) == (403, ["at"])

    @pytest.mark.parametrize("query", ["rye", "milk?currency=EUR", "milk?at=2025-01-01T00:00:00Z"])
    async def test_that_is_not_there(self, staff: ApiSpec, query: str) -> None:
        """A product without a price in that currency at that time is not found."""
        reply = await staff.get(f"{V1}/prices/{query}")

        assert (reply.status, reply.json["code"]) == (404, "price-not-found")

    async def test_shows_at_least_the_version_that_was_asked_for(self, operator: ApiSpec, staff: ApiSpec) -> None:
        """Whoever set a price is shown it, projected or not."""
        await operator.send("PUT", f"{V1}/prices/milk", json={"price": usd(189)})

        reply = await staff.get(f"{V1}/prices/milk?min_version=2")

        assert (reply.status, reply.json["price"]) == (200, usd(189))

    @pytest.mark.parametrize(("sku", "status"), [("milk", 412), ("rye", 404)])
    async def test_has_no_version_from_the_future(self, staff: ApiSpec, sku: str, status: int) -> None:
        """Waiting would not help; a product without prices has no version at all."""
        assert (await staff.get(f"{V1}/prices/{sku}?min_version=2")).status == status

    async def test_has_a_history_for_staff(self, staff: ApiSpec) -> None:
        """All prices of a product, who set them, and which list brought them."""
        prices = await staff.get(f"{V1}/price-histories/milk")
        history = await staff.get(f"{V1}/price-histories/milk/history")

        assert [each["price"]["amount"] for each in prices.json["prices"]] == [150, 199, 249]
        assert history.json["items"][0]["events"][0]["data"]["list_id"] == "spring"

    async def test_has_no_history_for_customers(self, customer: ApiSpec) -> None:
        """Announced prices stay in the house."""
        assert (await customer.get(f"{V1}/price-histories/milk")).status == 403


def asked(*items: tuple[str, int], **more: object) -> dict[str, object]:
    return {"items": [{"sku": sku, "quantity": quantity} for sku, quantity in items], **more}


class TestAQuote:
    URL = f"{V1}/quotes"

    async def test_adds_up(self, customer: ApiSpec) -> None:
        """A basket costs the sum of its lines at today's prices."""
        reply = await customer.query(self.URL, asked(("tea", 1), ("milk", 3)))

        assert reply.json == {
            "currency": "USD",
            "lines": [
                {"sku": "tea", "quantity": 1, "unit_price": usd(399), "total": usd(399)},
                {"sku": "milk", "quantity": 3, "unit_price": usd(199), "total": usd(597)},
            ],
            "total": usd(996),
        }

    async def test_of_another_time_is_for_staff(self, staff: ApiSpec) -> None:
        """A checkout is quoted at its own business time."""
        reply = await staff.query(self.URL, asked(("milk", 1), at="2026-01-31T00:00:00Z"))

        assert reply.json["total"] == usd(150)

    async def test_of_another_time_is_not_for_customers(self, customer: ApiSpec) -> None:
        """As with a price."""
        reply = await customer.query(self.URL, asked(("milk", 1), at="2026-05-01T00:00:00Z"))

        assert (reply.status, reply.fields_at_fault) == (403, ["at"])

    async def test_reads_all_products_at_once(self, pricing: Pricing, customer: ApiSpec) -> None:
        """A quote is one read, however many products it has."""
        before = dict(pricing.reads.rpcs)

        await customer.query(self.URL, asked(("tea", 1), ("milk", 3)))

        spent = {name: n - before.get(name, 0) for name, n in pricing.reads.rpcs.items()}
        assert sum(spent.values()) == 1

    @pytest.mark.parametrize(
        ("items", "field"),
        [
            ([], "items"),
            ([("milk", 0)], "items.0.quantity"),
            ([("milk", 100_001)], "items.0.quantity"),
            ([("milk", 1), ("milk", 2)], "items"),
            ([("a b", 1)], "items.0.sku"),
        ],
    )
    async def test_takes_each_product_once_with_a_quantity(
        self, customer: ApiSpec, items: list[tuple[str, int]], field: str
    ) -> None:
        """What is not a list of different products with quantities is refused."""
        reply = await customer.query(self.URL, asked(*items))

        assert (reply.status, reply.fields_at_fault[0]) == (400, field)

    async def test_takes_as_many_products_as_a_cart(
        self, operator: ApiSpec, pricing: Pricing, customer: ApiSpec
    ) -> None:
        """With the longest skus that there are: 100 of them, and no more."""
        skus = [f"{n:0>128}" for n in range(100)]
        listed = [{"sku": sku, "price": usd(1), "valid_from": "2026-02-01T00:00:00Z"} for sku in skus]
        await operator.send("PUT", f"{V1}/price-lists/long", json={"prices": listed})
        await pricing.project(*skus)

        most = await customer.query(self.URL, asked(*((sku, 1) for sku in skus)))
        more = await customer.query(self.URL, asked(*((f"sku-{n}", 1) for n in range(101))))

        assert (most.status, most.json["total"]) == (200, usd(100))
        assert (more.status, more.fields_at_fault) == (400, ["items"])

    @pytest.mark.parametrize(
        "body", [asked(("milk", 1), ("rye", 1)), asked(("milk", 1), currency="EUR")], ids=["product", "currency"]
    )
    async def test_of_what_has_no_price_is_refused(self, customer: ApiSpec, body: dict[str, object]) -> None:
        """A basket with a product that has no price is not quoted, and not sold for nothing."""
        reply = await customer.query(self.URL, body)

        assert (reply.status, reply.json["code"], reply.fields_at_fault) == (409, "price-not-found", ["items"])

    async def test_has_a_limit_of_money(self, pricing: Pricing, operator: ApiSpec, customer: ApiSpec) -> None:
        """A sum that money cannot hold is refused, not cut off."""
        await operator.send("PUT", f"{V1}/prices/gold", json={"price": usd(10**12)})
        await pricing.project("gold")

        reply = await customer.query(self.URL, asked(("gold", 2)))

        assert (reply.status, reply.json["code"]) == (409, "total-too-large")
