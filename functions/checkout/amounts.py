"""What a checkout comes to: lines, discounts, shipping, tax. Pure, in whole cents.

`SHIPPING` and `TAX` are the two hooks: replace the rule, and everything else follows.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Data = Mapping[str, Any]
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Basket:
    """What the rules may look at. Amounts in cents of `currency`; `country` is where the goods go."""

    currency: str
    country: str
    subtotal: int
    discount: int

    @property
    def goods(self) -> int:
        return self.subtotal - self.discount


ShippingRule = Callable[[Basket], int]
"""What shipping costs."""
TaxRule = Callable[[Basket, int], int]
"""The tax on top, of the goods and of what their shipping costs."""


def free_shipping(_: Basket) -> int:
    return 0


def no_tax(_: Basket, __: int) -> int:
    """Prices include it."""
    return 0


SHIPPING: ShippingRule = free_shipping
TAX: TaxRule = no_tax


def unpriced(data: Data) -> list[Json]:
    """A till's stated totals stand; the others are quoted."""
    return [line for line in data["lines"] if line["total"] is None]


def priced_lines(data: Data) -> list[Json]:
    """The cart's lines, each with its total: as its till stated it, or as quoted."""
    quoted = data.get("quoted", {})
    return [{"unit_price": None, **line, **quoted.get(line["sku"], {})} for line in data["lines"]]


def discounts(data: Data) -> list[Json]:
    """By coupon and product, in the order in which they were applied; those that took off nothing are left out."""
    taken = data.get("discounts", [])
    return [{name: each[name] for name in ("code", "sku", "amount")} for each in taken if each["amount"]["amount"]]


def amounts(data: Data, *, shipping_rule: ShippingRule = SHIPPING, tax_rule: TaxRule = TAX) -> Json:
    """`shipping`, `tax` and `total` = lines - discounts + shipping + tax."""
    basket = Basket(
        currency=data["currency"],
        country=data["country"],
        subtotal=sum(line["total"]["amount"] for line in priced_lines(data)),
        discount=sum(each["amount"]["amount"] for each in discounts(data)),
    )
    shipping = shipping_rule(basket)
    tax = tax_rule(basket, shipping)
    total = basket.goods + shipping + tax
    return {"shipping": money(shipping, data), "tax": money(tax, data), "total": money(total, data)}


def difference(data: Data) -> str | None:
    """How the total differs from the one that the customer saw; None as long as it does not, or is not known."""
    if (unpriced(data) and "quoted" not in data) or (data["coupons"] and "discounts" not in data):
        return None
    total, expected = amounts(data)["total"], data["expected_total"]
    return None if total == expected else f"it comes to {_words(total)}, and {_words(expected)} was agreed on"


def _words(each: Data) -> str:
    return f"{each['amount']} {each['currency']} in minor units"


def money(cents: int, data: Data) -> Json:
    return {"amount": cents, "currency": data["currency"]}
