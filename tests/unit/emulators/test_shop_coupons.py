"""Which coupon is presented with which basket, and what the till says it took off."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emulators.feed import dataset
from emulators.feed.dataset import Basket, Slice
from emulators.shop.coupons import (
    AGAIN,
    DISCOUNTS,
    NO_PRODUCT,
    Matched,
    Presented,
    Redemption,
    campaigns,
    discounts,
    local_day,
    match,
    midnight,
    products_of,
    redemptions,
)
from tests.unit.emulators.shop_parts import AT, basket

DAY = date(2017, 11, 5)
ONE, OTHER = Redemption("900", DAY, "18", "777"), Redemption("900", DAY, "18", "888")
PRODUCTS = {ONE.code: {"11", "12"}, OTHER.code: {"12", "13"}}


def matched(*baskets: Basket, off: Mapping[tuple[str, str], int], of: tuple[Redemption, ...] = (ONE,)) -> Matched:
    return match(baskets, of, PRODUCTS, off)


def test_a_coupon_goes_to_the_basket_with_its_product_and_a_discount() -> None:
    """Of two baskets that hold its product, the one for which something was taken off."""
    first, second = basket(1, ("11", 1, 50)), basket(2, ("12", 1, 50), ("11", 1, 50))

    found = matched(first, second, off={("2", "11"): 30})

    assert found.by_basket == {"2": (Presented("18.777", 30, frozenset({"11"})),)}


def test_without_a_discount_it_goes_to_the_first_basket_with_its_product() -> None:
    """It is redeemed, and says that it took off nothing."""
    found = matched(basket(1, ("99", 1, 5)), basket(2, ("11", 1, 5)), basket(3, ("11", 1, 5)), off={})

    assert found.by_basket == {"2": (Presented("18.777", 0, frozenset()),)}


def test_a_line_s_discount_is_stated_once() -> None:
    """Two coupons may both have caused it: the first one states it, the second only what is left."""
    bought = basket(1, ("11", 1, 50), ("12", 1, 50), ("13", 1, 50))

    found = matched(bought, off={("1", "11"): 10, ("1", "12"): 20, ("1", "13"): 40}, of=(ONE, OTHER))

    assert found.by_basket["1"] == (
        Presented("18.777", 30, frozenset({"11", "12"})),
        Presented("18.888", 40, frozenset({"13"})),
    )


def test_lines_of_quantity_0_do_not_count() -> None:
    """What is refused at the till cannot be what a coupon was for."""
    found = matched(basket(1, ("11", 0, 0)), off={})

    assert (found.by_basket, found.unused) == ({}, {NO_PRODUCT: 1})


def test_a_household_redeems_a_coupon_once() -> None:
    """The second time there is no place for it, and that is told."""
    found = matched(basket(1, ("11", 1, 50)), basket(2, ("11", 1, 50)), off={}, of=(ONE, ONE))

    assert (list(found.by_basket), found.unused) == (["1"], {AGAIN: 1})


@pytest.mark.parametrize("redemption", [ONE._replace(household="901"), ONE._replace(day=date(2017, 11, 6))])
def test_others_redemptions_are_left_alone(redemption: Redemption) -> None:
    """Who has no basket on that day is none of this slice's business, and is not counted."""
    assert matched(basket(1, ("11", 1, 50)), off={}, of=(redemption,)) == Matched()


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2017, 3, 12, 4, 59, tzinfo=UTC), date(2017, 3, 11)),
        (datetime(2017, 3, 12, 5, tzinfo=UTC), date(2017, 3, 12)),
        (datetime(2017, 3, 13, 3, 59, tzinfo=UTC), date(2017, 3, 12)),
        (datetime(2017, 11, 5, 4, tzinfo=UTC), date(2017, 11, 5)),
        (datetime(2017, 11, 6, 4, 59, tzinfo=UTC), date(2017, 11, 5)),
        (datetime(2017, 11, 6, 5, tzinfo=UTC), date(2017, 11, 6)),
    ],
)
def test_days_are_the_retailer_s(moment: datetime, day: date) -> None:
    """Midnight is that of New York, in summer time, too."""
    assert local_day(moment) == day
    assert local_day(midnight(day)) == day
    assert midnight(day) <= moment


def test_discounts_are_those_of_sold_lines_in_whole_cents(tmp_path: Path) -> None:
    """The maker's coupon and the retailer's match together; nothing is left out but what is nothing."""
    noon = AT.replace(tzinfo=None)
    lines = [
        (1, 900, 11, 1, 0.5, noon, 0.55, 0.45),
        (1, 900, 12, 0, 0.0, noon, 2.0, 0.0),
        (1, 900, 13, 1, 1.0, noon, 0, 0),
    ]
    columns = dict(zip((*dataset.COLUMNS, *DISCOUNTS), map(list, zip(*lines, strict=True)), strict=True))
    table = pa.table(columns)
    file = tmp_path / "transactions.parquet"
    pq.write_table(table.set_column(5, dataset.AT, table[dataset.AT].cast(pa.timestamp("ns"))), file)

    assert discounts(Slice(start=None, limit=None), file) == {("1", "11"): 100}


def test_the_data_set_s_coupons_are_read_as_they_are() -> None:
    """27 campaigns and 2,102 redemptions, each in its campaign's days and for a coupon with products."""
    found, known = redemptions(), campaigns()

    assert (len(found), len(known)) == (2_102, 27)
    assert all(known[each.campaign].first <= each.day <= known[each.campaign].last for each in found)
    assert all(products_of(found[:20]).values())
