"""The data set: what its two readings say, and that they agree."""

from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emulators.feed import dataset
from emulators.feed.dataset import Basket, DataSetError, Line, Slice, Totals, baskets, rows, totals

EVERYTHING = Slice(start=None, end=None, limit=None)
NOON = datetime(2017, 3, 6, 12)  # noqa: DTZ001 - as the file has it


def parquet(folder: Path, *lines: tuple[int, int, int, int, float, datetime]) -> Path:
    columns = list(zip(*lines, strict=True))
    table = pa.table(dict(zip(dataset.COLUMNS, map(list, columns), strict=True)))
    file = folder / "transactions.parquet"
    pq.write_table(table.set_column(5, dataset.AT, table[dataset.AT].cast(pa.timestamp("ns"))), file)
    return file


def test_baskets_come_by_time_and_then_by_id_with_their_lines_in_the_order_of_the_file(tmp_path: Path) -> None:
    """Baskets are ordered by time and id, however the file orders them."""
    later = NOON.replace(hour=13)
    file = parquet(
        tmp_path,
        (3, 900, 11, 1, 0.5, later),
        (2, 901, 13, 2, 1.1, NOON),
        (1, 902, 14, 1, 0.29, NOON),
        (2, 901, 12, 0, 0.0, NOON),
    )

    found = baskets(EVERYTHING, file)

    assert found == [
        Basket("1", "902", NOON.replace(tzinfo=UTC), [Line("14", 1, 29)]),
        Basket("2", "901", NOON.replace(tzinfo=UTC), [Line("13", 2, 110), Line("12", 0, 0)]),
        Basket("3", "900", later.replace(tzinfo=UTC), [Line("11", 1, 50)]),
    ]


def test_a_limit_takes_the_first_baskets_and_all_their_lines(tmp_path: Path) -> None:
    """Objects and columns choose the same baskets."""
    file = parquet(
        tmp_path,
        (3, 900, 11, 1, 0.5, NOON),
        (2, 900, 11, 1, 0.5, NOON),
        (1, 900, 11, 1, 0.5, NOON.replace(hour=13)),
        (2, 900, 12, 1, 0.5, NOON),
    )

    first = Slice(start=None, limit=1)

    assert [basket.id for basket in baskets(first, file)] == ["2"]
    assert [(row.basket, row.sku) for row in rows(first, file)] == [("2", "11"), ("2", "12")]


def test_the_first_baskets_can_be_skipped(tmp_path: Path) -> None:
    """Objects and columns skip the same baskets."""
    file = parquet(tmp_path, *((n, 900, 11, 1, 0.5, NOON.replace(hour=20 - n)) for n in range(1, 5)))

    second, rest = Slice(start=None, skip=1, limit=1), Slice(start=None, skip=2, limit=None)

    for chosen, ids in ((second, ["3"]), (rest, ["2", "1"])):
        assert [basket.id for basket in baskets(chosen, file)] == ids
        assert sorted(row.basket for row in rows(chosen, file)) == sorted(ids)


def test_rows_have_the_time_of_their_basket(tmp_path: Path) -> None:
    """Both readings tell the same moment, in UTC."""
    file = parquet(tmp_path, (1, 900, 11, 1, 0.5, NOON.replace(second=7)))

    (row,), (basket,) = rows(EVERYTHING, file), baskets(EVERYTHING, file)

    assert row.at == basket.at == datetime(2017, 3, 6, 12, 0, 7, tzinfo=UTC)


def test_days_are_half_open(tmp_path: Path) -> None:
    """The first day belongs to a slice, the end day does not."""
    midnights = [datetime(2017, 3, day) for day in (5, 6, 7)]  # noqa: DTZ001 - as the file has it
    file = parquet(tmp_path, *((n, 900, 11, 1, 0.5, at) for n, at in enumerate(midnights)))

    day = Slice(start=date(2017, 3, 6), end=date(2017, 3, 7), limit=None)

    assert [basket.id for basket in baskets(day, file)] == ["1"]
    assert totals(day, file).baskets == 1


def test_the_residue_of_a_float_is_no_money(tmp_path: Path) -> None:
    """What is a billionth of a cent off counts as the whole cent."""
    file = parquet(tmp_path, (1, 900, 11, 1, 1.776357e-15, NOON), (1, 900, 12, 1, 0.1 + 0.2, NOON))

    assert [line.total for line in baskets(EVERYTHING, file)[0].lines] == [0, 30]
    assert [row.total for row in rows(EVERYTHING, file)] == [0, 30]


def test_a_fraction_of_a_cent_is_refused(tmp_path: Path) -> None:
    """An amount that is not of whole cents is an error, never rounded."""
    file = parquet(tmp_path, (1, 900, 11, 1, 0.505, NOON))

    with pytest.raises(DataSetError, match=r"basket 1 has a line of 0\.505 USD"):
        baskets(EVERYTHING, file)


@pytest.mark.parametrize("second", [(1, 901, 12, 1, 0.5, NOON), (1, 900, 12, 1, 0.5, NOON.replace(hour=13))])
def test_a_basket_of_two_households_or_two_times_is_refused(
    tmp_path: Path, second: tuple[int, int, int, int, float, datetime]
) -> None:
    """A basket belongs to one household at one time."""
    file = parquet(tmp_path, (1, 900, 11, 1, 0.5, NOON), second)

    with pytest.raises(DataSetError, match="basket 1 has two households or two times"):
        baskets(EVERYTHING, file)


def test_totals_tell_sold_from_unsold(tmp_path: Path) -> None:
    """Lines of quantity 0 are counted by themselves, and so are the baskets that hold nothing else."""
    file = parquet(tmp_path, (1, 900, 11, 1, 0.5, NOON), (1, 900, 12, 0, 0.07, NOON), (2, 901, 12, 0, 0.01, NOON))

    assert totals(EVERYTHING, file) == Totals(
        baskets=2, empty_baskets=1, sold_lines=1, sold_cents=50, unsold_lines=2, unsold_cents=8
    )


def test_an_empty_slice_is_empty(tmp_path: Path) -> None:
    """No baskets on these days is an answer."""
    file = parquet(tmp_path, (1, 900, 11, 1, 0.5, NOON))
    nothing = Slice(start=date(2018, 3, 6))

    assert baskets(nothing, file) == []
    assert totals(nothing, file) == Totals(
        baskets=0, empty_baskets=0, sold_lines=0, sold_cents=0, unsold_lines=0, unsold_cents=0
    )


def test_a_missing_data_set_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package there is a plain message."""
    monkeypatch.setattr(dataset, "PACKAGE", "no_such_package")

    with pytest.raises(DataSetError, match="add no-such-package to this environment"):
        dataset.transactions_file()


def test_the_default_slice_holds_everything_odd() -> None:
    """The 200 baskets of the default slice are the documented ones."""
    found = baskets(Slice())
    lines = [line for basket in found for line in basket.lines]

    assert totals(Slice()) == Totals(
        baskets=200, empty_baskets=1, sold_lines=1881, sold_cents=584528, unsold_lines=29, unsold_cents=10
    )
    assert (len(found), len(lines), sum(line.total for line in lines)) == (200, 1910, 584538)
    assert max(line.quantity for line in lines) == 28502
    assert any(line.sold and line.total == 0 for line in lines)
    assert max(len(basket.lines) for basket in found) == 89


def test_the_whole_year_adds_up_to_what_is_known_of_it() -> None:
    """155,848 baskets, 1,469,307 lines, 4,596,039.58 USD, of which 12.52 on 8,869 lines of quantity 0."""
    year = totals(EVERYTHING)

    assert year == Totals(
        baskets=155_848,
        empty_baskets=330,
        sold_lines=1_460_438,
        sold_cents=459_602_706,
        unsold_lines=8_869,
        unsold_cents=1_252,
    )
