"""One run of the shop, put together from the data set: who buys what, and what has to be there before."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from emulators.feed.dataset import DataSetError, Slice, baskets
from emulators.shop.choose import Fate, Sale, choose
from emulators.shop.columns import shelf_prices
from emulators.shop.coupons import (
    Campaign,
    Redemption,
    campaigns,
    discounts,
    local_day,
    match,
    products_of,
    redemptions,
)
from emulators.shop.products import Product, products

DEFAULT_SHOP_START = date(2017, 11, 5)
"""A day whose baskets have more coupons than most: in the first 100 seven that fit a basket, three with an amount."""
DEFAULT_SHOP_BASKETS = 100
DEFAULT_SEED = 37
"""With it, a basket with a coupon's discount is declined, another is short, and others are paid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that a run needs to know of the data set. `name` tells it from runs of other slices or seeds."""

    name: str
    sales: Sequence[Sale]
    campaigns: Sequence[Campaign]
    coupons: Mapping[str, tuple[Campaign, frozenset[str]]]
    unused_coupons: Mapping[str, int]
    products: Sequence[Product]
    prices: Mapping[str, int]

    @property
    def households(self) -> list[str]:
        return sorted({sale.basket.household for sale in self.sales})

    @property
    def received(self) -> dict[str, int]:
        """The stock that is needed, pieces by sku: what is sold, and as a reserve what the baskets that are turned back
        ask for, so that they are turned back for no other reason than their own. Withheld products have none.
        """
        withheld = {sale.withheld for sale in self.sales}
        pieces: Counter[str] = Counter()
        for sale in self.sales:
            pieces.update(sale.quantities)
        return {sku: count for sku, count in sorted(pieces.items()) if sku not in withheld}

    def of_fate(self, *fates: Fate) -> list[Sale]:
        return [sale for sale in self.sales if sale.fate in fates]


def make_plan(chosen: Slice, *, seed: int) -> Plan:
    """Raises DataSetError if there are no baskets, or the data set is not what it is known to be."""
    found = baskets(chosen)
    if not found:
        raise DataSetError("there are no baskets on these days: nothing to sell")
    visits = {(basket.household, local_day(basket.at)) for basket in found}
    theirs = [each for each in redemptions() if (each.household, each.day) in visits]
    valid_for, off = products_of(theirs), discounts(chosen)
    matched = match(found, theirs, valid_for, off)
    sales = choose(found, matched.by_basket, off, seed=seed)
    coupons = _coupons(sales, theirs, valid_for)
    return Plan(
        name=_name(chosen, seed),
        sales=sales,
        campaigns=sorted({campaign for campaign, _ in coupons.values()}, key=lambda each: int(each.id)),
        coupons=coupons,
        unused_coupons=dict(matched.unused),
        products=products({sku for sale in sales for sku in sale.quantities}),
        prices=shelf_prices(chosen),
    )


def _name(chosen: Slice, seed: int) -> str:
    behind = f"_from_{chosen.skip}" if chosen.skip else ""
    return f"{chosen.start or 'begin'}_{chosen.end or 'end'}_{chosen.limit or 'all'}{behind}_{seed}"


def _coupons(
    sales: Sequence[Sale], theirs: Sequence[Redemption], valid_for: Mapping[str, frozenset[str]]
) -> dict[str, tuple[Campaign, frozenset[str]]]:
    """Those that are presented, by code: their campaign, and all products that they are valid for."""
    of, all_campaigns = {each.code: each.campaign for each in theirs}, campaigns()
    presented = sorted({coupon.code for sale in sales for coupon in sale.coupons})
    return {code: (all_campaigns[of[code]], valid_for[code]) for code in presented}
