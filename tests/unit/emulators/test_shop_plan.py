"""The default run, and what has to be there before it."""

from collections import Counter

import pytest

from emulators.feed.dataset import DataSetError, Slice, totals
from emulators.shop.choose import Fate
from emulators.shop.columns import expected, shelf_prices, shop_rows
from emulators.shop.plan import DEFAULT_SEED, DEFAULT_SHOP_BASKETS, DEFAULT_SHOP_START, Plan, make_plan
from emulators.shop.products import NOT_DESCRIBED, Product, products
from tests.unit.emulators.shop_parts import PLAN

DEFAULT = Slice(start=DEFAULT_SHOP_START, limit=DEFAULT_SHOP_BASKETS)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return make_plan(DEFAULT, seed=DEFAULT_SEED)


def test_the_default_run_holds_everything_odd(plan: Plan) -> None:
    """Coupons with and without a discount, and some with baskets that are turned back; lines of quantity 0."""
    coupons = [coupon for sale in plan.sales for coupon in sale.coupons]

    assert Counter(sale.fate for sale in plan.sales) == {
        Fate.SOLD: 92,
        Fate.CANCELLED: 3,
        Fate.DECLINED: 3,
        Fate.SHORT: 2,
    }
    assert (len(coupons), sum(coupon.stated > 0 for coupon in coupons)) == (7, 3)
    assert {Fate.SOLD, Fate.DECLINED, Fate.SHORT} == {sale.fate for sale in plan.sales if sale.discounts}
    assert any(not line.sold for sale in plan.sales if sale.fate is Fate.SOLD for line in sale.basket.lines)


def test_what_is_paid_after_coupons_is_what_the_data_set_says(plan: Plan) -> None:
    """Basket by basket, to the cent, although both are read from the file by different ways."""
    paid = expected(DEFAULT).paid

    for sale in plan.sales:
        charged = sum(line.total for line in sale.charged.lines if line.sold)
        assert charged - sum(coupon.stated for coupon in sale.coupons) == paid[sale.id]


def test_the_columns_add_up_to_the_totals() -> None:
    """Row by row nothing is lost."""
    found, whole = expected(DEFAULT), totals(DEFAULT)

    assert (sum(found.paid.values()), sum(map(len, found.lines.values()))) == (whole.sold_cents, whole.sold_lines)
    assert (found.unsold_cents, found.unsold_lines) == (whole.unsold_cents, whole.unsold_lines)


def test_everything_is_in_stock_but_what_is_withheld() -> None:
    """Also what the others ask for that are turned back: they are turned back for their own reason only."""
    assert PLAN.received == {"11": 3, "14": 3}


def test_every_sold_product_has_a_description_and_a_price(plan: Plan) -> None:
    """Whether the data set describes it or not."""
    bought = {sku for sale in plan.sales for sku in sale.quantities}

    assert {product.sku for product in plan.products} == bought == plan.prices.keys()
    assert min(plan.prices.values()) >= 1


def test_a_shelf_price_is_before_card_and_match() -> None:
    """The highest of the slice, for one unit, in whole cents."""
    rows = [row for row in shop_rows(DEFAULT) if row.quantity == 1]
    highest: dict[str, int] = {}
    for row in rows:
        highest[row.sku] = max(row.paid, highest.get(row.sku, 0))

    prices = shelf_prices(DEFAULT)

    assert all(prices[sku] >= paid for sku, paid in highest.items())


def test_a_product_that_is_not_described_has_a_department_all_the_same() -> None:
    """The catalog wants one."""
    assert products({"5978648"}) == [Product("5978648", *NOT_DESCRIBED)]


def test_no_baskets_are_no_plan() -> None:
    """Nothing was sold, so nothing may balance."""
    with pytest.raises(DataSetError, match="nothing to sell"):
        make_plan(Slice(start=DEFAULT_SHOP_START.replace(year=2031)), seed=1)
