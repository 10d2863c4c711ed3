"""Who names a currency that nothing can be paid in hears of it at once, wherever a currency comes in."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.unit.http.every_service import EveryService

PRICE = {"amount": 100, "currency": "USD"}
ORDER = {
    "customer_id": "7",
    "checkout_id": "7",
    "lines": [{"sku": "7", "quantity": 1, "unit_price": None, "total": PRICE}],
    "discounts": [],
    "shipping": PRICE,
    "tax": PRICE,
    "shipping_address": "sealed:v1:x",
    "reservation_id": "7",
    "payment_id": "7",
}
BASKET = {"customer_id": "7", "coupons": [{"code": "x"}], "lines": [{"sku": "7", "quantity": 1, "total": PRICE}]}
MONEY: dict[str, Any] = {"amount": 100}
TIME = "2026-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("currency", "why"), [("ABC", "ISO 4217"), ("XAU", "ISO 4217"), ("GHS", "nothing can be paid in GHS")]
)
@pytest.mark.parametrize(
    ("method", "url", "body", "field"),
    [
        ("POST", "/cart/v1/carts", {}, "currency"),
        ("PUT", "/orders/v1/orders/7", ORDER, "currency"),
        ("PUT", "/promotions/v1/redemptions/7", BASKET, "currency"),
        ("PUT", "/pricing/v1/prices/7", {"price": MONEY}, "price"),
        (
            "PUT",
            "/pricing/v1/price-lists/7",
            {"prices": [{"sku": "7", "price": MONEY, "valid_from": TIME}]},
            "prices.0.price",
        ),
    ],
)
async def test_it_is_refused_by_its_field(
    *, method: str, url: str, body: Mapping[str, Any], field: str, currency: str, why: str
) -> None:
    """Nothing is written: a cart in it could never be checked out."""
    shop = EveryService()

    reply = await shop.ask(method, url, json=with_currency(body, field, currency))

    assert (reply.status, reply.fields_at_fault[0]) == (400, field)
    assert why in reply.json["detail"]
    assert await shop.commits() == []


def with_currency(body: Mapping[str, Any], field: str, currency: str) -> Mapping[str, Any]:
    if field == "currency":
        return {**body, "currency": currency}
    if field == "price":
        return {"price": {**body["price"], "currency": currency}}
    (listed,) = body["prices"]
    return {"prices": [{**listed, "price": {**listed["price"], "currency": currency}}]}
