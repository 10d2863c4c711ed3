"""The data set's coupons: its campaigns, what a coupon is valid for, and which redemptions belong to which basket."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from emulators.feed.dataset import Basket, Slice, as_texts, data_file, selected

DISCOUNTS = ("coupon_disc", "coupon_match_disc")
"""What the maker's coupon and the retailer's match took off a line. Both are stated as positive dollars."""
NO_PRODUCT, AGAIN = "no product of it in a basket of that day", "redeemed before by that household"
_SUMMER = (datetime(2017, 3, 12, 7, tzinfo=UTC), datetime(2017, 11, 5, 6, tzinfo=UTC))
"""Summer time in New York, where the retailer's days begin and end. The only one that the data set touches."""


@dataclass(frozen=True, slots=True)
class Campaign:
    """`first` and `last` are the retailer's days; both belong to it."""

    id: str
    kind: str
    first: date
    last: date


class Redemption(NamedTuple):
    """A household redeemed a coupon on one of the retailer's days; in which basket is not said."""

    household: str
    day: date
    campaign: str
    upc: str

    @property
    def code(self) -> str:
        """A coupon's printed number can belong to several campaigns, with other products in each."""
        return f"{self.campaign}.{self.upc}"


@dataclass(frozen=True, slots=True)
class Presented:
    """A coupon as the till presents it; `stated` is what it took off for it, in cents, from the lines of `skus`."""

    code: str
    stated: int
    skus: frozenset[str]


@dataclass(slots=True)
class Matched:
    """Coupons by the basket that they are presented with. `unused` counts, by reason, the redemptions of these
    households and days for which there is no place.
    """

    by_basket: dict[str, tuple[Presented, ...]] = field(default_factory=dict)
    unused: Counter[str] = field(default_factory=Counter)


def match(
    baskets: Sequence[Basket],
    redemptions: Iterable[Redemption],
    products: Mapping[str, Collection[str]],
    discounts: Mapping[tuple[str, str], int],
) -> Matched:
    """Each redemption goes to a basket of its household and day that holds one of its coupon's `products` (by code): to
    the first with a discount for one of them, else to the first. A line's discount (cents, by basket and sku) is stated
    once, for the first coupon that can have caused it.
    """
    visits: dict[tuple[str, date], list[Basket]] = defaultdict(list)
    for basket in baskets:
        visits[basket.household, local_day(basket.at)].append(basket)
    left, used, matched = dict(discounts), set[tuple[str, str]](), Matched()
    for redemption in redemptions:
        candidates = visits.get((redemption.household, redemption.day))
        if candidates is None:
            continue
        place = _place(candidates, products[redemption.code], left)
        if place is None:
            matched.unused[NO_PRODUCT] += 1
        elif (redemption.household, redemption.code) in used:
            matched.unused[AGAIN] += 1
        else:
            used.add((redemption.household, redemption.code))
            where, skus = place
            presented = Presented(redemption.code, sum(left.pop((where, sku)) for sku in skus), skus)
            matched.by_basket[where] = (*matched.by_basket.get(where, ()), presented)
    return matched


def _place(
    candidates: Sequence[Basket], products: Collection[str], left: Mapping[tuple[str, str], int]
) -> tuple[str, frozenset[str]] | None:
    """The basket, and its lines that have a discount which is not yet explained."""
    fitting: list[tuple[str, frozenset[str]]] = []
    for basket in candidates:
        skus = [line.sku for line in basket.lines if line.sold and line.sku in products]
        if skus:
            fitting.append((basket.id, frozenset(sku for sku in skus if left.get((basket.id, sku)))))
    return next((each for each in fitting if each[1]), fitting[0] if fitting else None)


def discounts(chosen: Slice, source: Path | None = None) -> dict[tuple[str, str], int]:
    """What coupons took off the sold lines of a slice, in cents by basket and sku; only where it is something. Read
    line by line: the books have it from the columns.
    """
    names = ("basket_id", "product_id", "quantity", *DISCOUNTS)
    table = selected(chosen, more=DISCOUNTS, source=source).select(names)
    found: dict[tuple[str, str], int] = {}
    for basket, sku, quantity, *parts in zip(*(column.to_pylist() for column in table.columns), strict=True):
        cents = sum(round(dollars * 100) for dollars in parts)
        if quantity > 0 and cents > 0:
            found[str(basket), str(sku)] = cents
    return found


def local_day(at: datetime) -> date:
    """The retailer's day of a moment."""
    return (at.astimezone(UTC) - _behind(at)).date()


def midnight(day: date) -> datetime:
    """When the retailer's day begins, in UTC."""
    moment = datetime.combine(day, time(), UTC) + timedelta(hours=5)
    return moment - (timedelta(hours=5) - _behind(moment))


def _behind(at: datetime) -> timedelta:
    begin, end = _SUMMER
    return timedelta(hours=4 if begin <= at < end else 5)


def campaigns(source: Path | None = None) -> dict[str, Campaign]:
    """All of them by id."""
    columns = _texts(source or data_file("campaign_descriptions"), "campaign_id", "campaign_type")
    days = _days(source or data_file("campaign_descriptions"), "start_date", "end_date")
    return {row[0]: Campaign(*row) for row in zip(*columns, *days, strict=True)}


def redemptions(source: Path | None = None) -> list[Redemption]:
    """All of the year, in the order of the file."""
    file = source or data_file("coupon_redemptions")
    households, upcs, ids = _texts(file, "household_id", "coupon_upc", "campaign_id")
    (days,) = _days(file, "redemption_date")
    return [Redemption(*row) for row in zip(households, days, ids, upcs, strict=True)]


def products_of(wanted: Collection[Redemption], source: Path | None = None) -> dict[str, frozenset[str]]:
    """For what each of these coupons is valid, by code."""
    table = pq.read_table(source or data_file("coupons"))
    found: dict[str, frozenset[str]] = {}
    for redemption in {each.code: each for each in wanted}.values():
        is_it = pc.and_(
            pc.equal(table["coupon_upc"], pa.scalar(int(redemption.upc), pa.int64())),
            pc.equal(table["campaign_id"], pa.scalar(int(redemption.campaign), pa.int64())),
        )
        found[redemption.code] = frozenset(map(str, table["product_id"].filter(is_it).to_pylist()))
    return found


def _texts(file: Path, *names: str) -> list[list[str]]:
    table = pq.read_table(file, columns=list(names))
    return [as_texts(table[name]) for name in names]


def _days(file: Path, *names: str) -> list[list[date]]:
    table = pq.read_table(file, columns=list(names))
    days: list[list[Any]] = [table[name].cast(pa.timestamp("s")).cast(pa.date32()).to_pylist() for name in names]
    return days
