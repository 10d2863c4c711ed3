"""What the shop's run must come to, computed in columns: shares nothing with what is sold but the choice of rows."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from emulators.feed.dataset import Slice, as_texts, cents_of, selected
from emulators.shop.coupons import DISCOUNTS


class ShopRow(NamedTuple):
    """A line as the columns tell it; money in cents. `off` is what coupons took off before `paid`."""

    basket: str
    sku: str
    quantity: int
    paid: int
    off: int


@dataclass(slots=True)
class Expected:
    """Per basket: what is paid, and its sold lines. `unsold_*` are the lines of quantity 0."""

    paid: Counter[str] = field(default_factory=Counter)
    lines: dict[str, list[ShopRow]] = field(default_factory=dict)
    unsold_lines: int = 0
    unsold_cents: int = 0


def shop_rows(chosen: Slice, source: Path | None = None) -> Iterator[ShopRow]:
    """The slice line by line, chosen and converted in columns."""
    table = selected(chosen, more=DISCOUNTS, source=source)
    texts = [as_texts(table[name]) for name in ("basket_id", "product_id")]
    off = pc.add(*(cents_of(table[name]) for name in DISCOUNTS))
    return map(
        ShopRow._make,
        zip(*texts, table["quantity"].to_pylist(), table["cents"].to_pylist(), off.to_pylist(), strict=True),
    )


def expected(chosen: Slice, source: Path | None = None) -> Expected:
    """The whole slice, whatever becomes of its baskets."""
    found = Expected()
    for row in shop_rows(chosen, source):
        lines = found.lines.setdefault(row.basket, [])
        if row.quantity > 0:
            found.paid[row.basket] += row.paid
            lines.append(row)
        else:
            found.unsold_lines += 1
            found.unsold_cents += row.paid
    return found


def shelf_prices(chosen: Slice, source: Path | None = None) -> Mapping[str, int]:
    """Cents a unit by sku: the highest in the slice of what the line cost before the loyalty card and the retailer's
    match, shared out over its quantity; rounded to whole cents, half up, and at least one.
    """
    table = selected(chosen, more=("retail_disc", "coupon_match_disc"), source=source)
    table = table.filter(pc.greater(table["quantity"], pa.scalar(0)))
    shelf = pc.add(table["cents"], pc.add(cents_of(table["retail_disc"]), cents_of(table["coupon_match_disc"])))
    prices: dict[str, int] = {}
    columns: tuple[list[Any], ...] = (table["quantity"].to_pylist(), shelf.to_pylist())
    for sku, quantity, cents in zip(as_texts(table["product_id"]), *columns, strict=True):
        unit = max((2 * cents + quantity) // (2 * quantity), 1)
        prices[sku] = max(unit, prices.get(sku, 0))
    return prices
