"""What a checkout comes to."""

from typing import Any

import pytest

from functions.checkout.amounts import Basket, amounts, discounts, priced_lines


def usd(cents: int) -> dict[str, object]:
    return {"amount": cents, "currency": "USD"}


def basket(*totals: int, off: tuple[tuple[str, int], ...] = ()) -> dict[str, Any]:
    return {
        "currency": "USD",
        "country": "US",
        "lines": [{"sku": f"s{n}", "quantity": 1, "total": usd(cents)} for n, cents in enumerate(totals)],
        "discounts": [{"code": code, "sku": "s0", "amount": usd(cents)} for code, cents in off],
    }


def test_the_total_is_lines_less_discounts() -> None:
    """Shipping is free and prices include tax, as long as no other rule is set."""
    assert amounts(basket(500, 380, off=(("TEN", 88),))) == {"shipping": usd(0), "tax": usd(0), "total": usd(792)}


def test_rules_add_shipping_and_tax() -> None:
    """Both hooks see the basket; the tax sees what shipping costs."""

    def flat(_: Basket) -> int:
        return 500

    def tenth(goods: Basket, shipping: int) -> int:
        return (goods.goods + shipping) // 10

    found = amounts(basket(1000, off=(("TEN", 100),)), shipping_rule=flat, tax_rule=tenth)

    assert found == {"shipping": usd(500), "tax": usd(140), "total": usd(1540)}


def test_discounts_keep_their_order_and_their_lines() -> None:
    """The order is told what each coupon took off which line; one that took off nothing is none."""
    data = basket(500, off=(("B", 10), ("A", 5), ("C", 0)))

    assert discounts(data) == [
        {"code": "B", "sku": "s0", "amount": usd(10)},
        {"code": "A", "sku": "s0", "amount": usd(5)},
    ]


@pytest.mark.parametrize("quoted", [{}, {"other": {"unit_price": usd(1), "total": usd(1)}}])
def test_a_stated_total_stands(quoted: dict[str, object]) -> None:
    """What nobody quoted has no unit price."""
    data = {**basket(500), "quoted": quoted}

    assert priced_lines(data) == [{"sku": "s0", "quantity": 1, "unit_price": None, "total": usd(500)}]


def test_a_basket_may_come_to_nothing() -> None:
    """Coupons can pay for all of it."""
    assert amounts(basket(500, off=(("ALL", 500),)))["total"] == usd(0)
