"""What becomes of each basket: which pay, which are declined, which find something out of stock, what comes back. Pure,
by a seed.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256
from math import ceil

from emulators.feed.dataset import Basket, Line
from emulators.shop.coupons import Presented

DECLINED_SHARE, SHORT_SHARE, CANCELLED_SHARE, BACK_SHARE = 0.03, 0.02, 0.03, 0.05
MOST_BACK = 3
APPROVED_CARD, DECLINED_CARD = "pm_card_visa", "pm_card_visa_chargeDeclined"
"""Test cards by the names that Stripe gave them."""


class Fate(StrEnum):
    """How a basket's checkout is to end; one that is cancelled was sold, and does not leave."""

    SOLD = "sold"
    CANCELLED = "cancelled"
    DECLINED = "declined"
    SHORT = "short"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Back:
    """What comes back of one product, and how it arrives."""

    sku: str
    sound: int
    damaged: int
    missing: int

    @property
    def quantity(self) -> int:
        return self.arrived + self.missing

    @property
    def arrived(self) -> int:
        return self.sound + self.damaged


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """A basket and what is to become of it. `withheld` is the product that is not in stock, if its stock is short;
    `back` is what its customer returns.
    """

    basket: Basket
    fate: Fate
    withheld: str | None = None
    coupons: tuple[Presented, ...] = ()
    discounts: Mapping[str, int]
    back: Back | None = None

    @property
    def id(self) -> str:
        return self.basket.id

    @property
    def card(self) -> str:
        return DECLINED_CARD if self.fate is Fate.DECLINED else APPROVED_CARD

    @property
    def charged(self) -> Basket:
        """As the till rings it up: before coupons, so that what is paid after them is what the data set says."""
        lines = [
            replace(line, total=line.total + self.discounts.get(line.sku, 0)) if line.sold else line
            for line in self.basket.lines
        ]
        return replace(self.basket, lines=lines)

    @property
    def agreed(self) -> int:
        """What the customer is shown at the till, in cents: the lines that can be sold, less the coupons."""
        charged = sum(line.total for line in self.charged.lines if line.sold)
        return charged - sum(coupon.stated for coupon in self.coupons)

    @property
    def quantities(self) -> dict[str, int]:
        """Pieces by product, of the lines that can be sold."""
        return {line.sku: line.quantity for line in self.basket.lines if line.sold}


def choose(
    baskets: Sequence[Basket],
    coupons: Mapping[str, tuple[Presented, ...]],
    discounts: Mapping[tuple[str, str], int],
    *,
    seed: int,
) -> list[Sale]:
    """A sale for each basket, in their order. `discounts` are cents by basket and sku: those that a coupon explains
    are taken off by it, others were taken off before the till.
    """
    fates = _fates(baskets, seed)
    sales = [
        _sale(basket, *fates.get(basket.id, (Fate.SOLD, None)), coupons.get(basket.id, ()), discounts)
        for basket in baskets
    ]
    back = _backs(sales, seed)
    return [replace(sale, back=back.get(sale.id)) for sale in sales]


def _sale(
    basket: Basket,
    fate: Fate,
    withheld: str | None,
    coupons: tuple[Presented, ...],
    discounts: Mapping[tuple[str, str], int],
) -> Sale:
    explained = {sku: discounts[basket.id, sku] for coupon in coupons for sku in coupon.skus}
    return Sale(basket=basket, fate=fate, withheld=withheld, coupons=coupons, discounts=explained)


def _fates(baskets: Sequence[Basket], seed: int) -> dict[str, tuple[Fate, str | None]]:
    """Those of the baskets that are not simply sold: at least one of each kind unless there are hardly any baskets."""
    fates: dict[str, tuple[Fate, str | None]] = {
        basket.id: (Fate.EMPTY, None) for basket in baskets if not any(line.sold for line in basket.lines)
    }
    payable = [basket for basket in baskets if sum(line.total for line in basket.lines if line.sold) > 0]
    ranked = sorted(payable, key=lambda basket: _rank(basket, seed))
    unique = _bought_once(baskets)
    short = [basket for basket in ranked if unique.get(basket.id)][: _count(ranked, SHORT_SHARE)]
    fates |= {basket.id: (Fate.SHORT, unique[basket.id]) for basket in short}
    others = [basket for basket in ranked if basket.id not in fates]
    declined = _count(ranked, DECLINED_SHARE)
    fates |= {basket.id: (Fate.DECLINED, None) for basket in others[:declined]}
    cancelled = others[declined : declined + _count(ranked, CANCELLED_SHARE)]
    return fates | {basket.id: (Fate.CANCELLED, None) for basket in cancelled}


def _backs(sales: Sequence[Sale], seed: int) -> dict[str, Back]:
    """Of some that are paid: one piece that is sound, one that is damaged, and one is missing if there are more."""
    possible = {sale.id: lines[0] for sale in sales if sale.fate is Fate.SOLD and (lines := _returnable(sale))}
    ranked = sorted((sale.basket for sale in sales if sale.id in possible), key=lambda basket: _rank(basket, seed))
    chosen = {basket.id: possible[basket.id] for basket in ranked[: _count(ranked, BACK_SHARE)]}
    return {
        basket: Back(line.sku, sound=1, damaged=1, missing=min(line.quantity, MOST_BACK) - 2)
        for basket, line in chosen.items()
    }


def _returnable(sale: Sale) -> list[Line]:
    """Lines of several pieces with a price and without a coupon, of baskets that keep something."""
    sold = [line for line in sale.basket.lines if line.sold]
    alone = Counter(line.sku for line in sold)
    if len(alone) == 1 or sale.coupons:
        return []
    return [line for line in sold if alone[line.sku] == 1 and line.quantity > 1 and line.total >= line.quantity]


def _rank(basket: Basket, seed: int) -> str:
    """Looks like chance, and is the same everywhere and for ever."""
    return sha256(f"{seed} {basket.id}".encode()).hexdigest()


def _count(baskets: Sequence[Basket], share: float) -> int:
    return min(ceil(len(baskets) * share), len(baskets) // 3)


def _bought_once(baskets: Iterable[Basket]) -> dict[str, str]:
    """By basket: a product that nobody else buys, the one with the lowest sku."""
    pairs = [(basket.id, line.sku) for basket in baskets for line in basket.lines if line.sold]
    buyers = Counter(sku for _, sku in pairs)
    found: dict[str, str] = {}
    for basket, sku in pairs:
        if buyers[sku] == 1:
            found[basket] = min(sku, found.get(basket, sku))
    return found
