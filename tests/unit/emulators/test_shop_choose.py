"""What becomes of each basket."""

from collections import Counter

from emulators.feed.dataset import Basket
from emulators.shop.choose import APPROVED_CARD, DECLINED_CARD, Back, Fate, choose
from emulators.shop.coupons import Presented
from tests.unit.emulators.shop_parts import basket

MANY = [basket(n, ("shared", 1, 100), (f"own-{n}", 1, 50)) for n in range(100)]


def fates(baskets: list[Basket], seed: int = 1) -> list[Fate]:
    return [sale.fate for sale in choose(baskets, {}, {}, seed=seed)]


def test_three_percent_are_declined_as_many_cancelled_and_two_find_something_out_of_stock() -> None:
    """The rest is sold."""
    assert Counter(fates(MANY)) == {Fate.SOLD: 92, Fate.CANCELLED: 3, Fate.DECLINED: 3, Fate.SHORT: 2}


def test_the_same_seed_chooses_the_same() -> None:
    """And another one does not."""
    assert fates(MANY) == fates(MANY)
    assert fates(MANY) != fates(MANY, seed=2)


def test_only_what_nobody_else_buys_is_withheld() -> None:
    """Otherwise others would find it out of stock."""
    short = [sale for sale in choose(MANY, {}, {}, seed=1) if sale.fate is Fate.SHORT]

    assert all(sale.withheld == f"own-{sale.id}" for sale in short)


def test_nobody_is_short_of_stock_where_all_buy_the_same() -> None:
    """There is nothing that could be withheld from one of them only."""
    alike = [basket(n, ("shared", 1, 100)) for n in range(100)]

    assert Counter(fates(alike)) == {Fate.SOLD: 94, Fate.CANCELLED: 3, Fate.DECLINED: 3}


def test_of_some_a_line_of_several_pieces_comes_back() -> None:
    """One piece is sound, one damaged, one missing if there are more; the basket keeps something."""
    several = [basket(n, ("shared", 4, 100), (f"own-{n}", 1, 50)) for n in range(100)]
    pair = [basket(n, ("shared", 2, 100), (f"own-{n}", 1, 50)) for n in range(100)]
    nothing = [basket(n, ("shared", 4, 100)) for n in range(100)]

    found = [[sale.back for sale in choose(each, {}, {}, seed=1) if sale.back] for each in (several, pair, nothing)]

    assert found == [[Back("shared", 1, 1, 1)] * 5, [Back("shared", 1, 1, 0)] * 5, []]


def test_what_cannot_be_paid_is_neither_declined_nor_short() -> None:
    """A basket of refused lines only stays empty; one that costs nothing is simply sold."""
    baskets = [basket(1, ("11", 0, 5)), basket(2, ("12", 1, 0))]

    assert fates(baskets) == [Fate.EMPTY, Fate.SOLD]


def test_a_few_baskets_have_one_of_each() -> None:
    """So that a short run shows everything, too; of hardly any baskets all are sold."""
    assert Counter(fates(MANY[:10])) == {Fate.SOLD: 7, Fate.CANCELLED: 1, Fate.DECLINED: 1, Fate.SHORT: 1}
    assert Counter(fates(MANY[:2])) == {Fate.SOLD: 2}


def test_the_till_charges_what_was_paid_and_the_coupon_s_discount() -> None:
    """Lines without a coupon, and lines that cannot be sold, stay as they are."""
    bought = basket(1, ("11", 1, 50), ("12", 1, 60), ("13", 0, 7))
    coupons = {"1": (Presented("18.777", 30, frozenset({"11"})),)}

    (sale,) = choose([bought], coupons, {("1", "11"): 30, ("1", "12"): 10}, seed=1)

    assert [line.total for line in sale.charged.lines] == [80, 60, 7]
    assert sum(line.total for line in sale.charged.lines) - 30 == sum(line.total for line in bought.lines)


def test_only_who_is_to_be_declined_has_such_a_card() -> None:
    """Everybody else's is approved."""
    cards = {sale.fate: sale.card for sale in choose(MANY, {}, {}, seed=1)}

    assert cards.pop(Fate.DECLINED) == DECLINED_CARD
    assert cards == dict.fromkeys((Fate.SOLD, Fate.CANCELLED, Fate.SHORT), APPROVED_CARD)
