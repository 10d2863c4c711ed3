"""Three books: what is planted in one of them is found, and named."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from emulators.feed.reconcile import BookedCart, BookTotals, Entry, reconcile

AT = datetime(2017, 3, 6, 12, tzinfo=UTC)
NOON = "2017-03-06T12:00:00Z"


def book() -> dict[str, BookedCart]:
    lines: dict[str, tuple[Entry, ...]] = {"11": (Entry(1, 50),), "12": (Entry(28502, 6999),)}
    return {
        "1": BookedCart("900", checked_out=True, lines=lines, opened_at=AT, checked_out_at=AT),
        "2": BookedCart("901", checked_out=False, opened_at=AT),
    }


def three_books() -> dict[str, dict[str, BookedCart]]:
    return {"data set": book(), "log": book(), "read model": book()}


def test_equal_books_balance() -> None:
    """Three equal books have no differences, and all add up."""
    result = reconcile(three_books())

    assert result.balanced
    assert result.totals == dict.fromkeys(
        ("data set", "log", "read model"), BookTotals(carts=2, checked_out=1, lines=2, cents=7049)
    )


def lose_a_line(books: dict[str, dict[str, BookedCart]]) -> None:
    del books["log"]["1"].lines["11"]


def cut_a_cent(books: dict[str, dict[str, BookedCart]]) -> None:
    books["log"]["1"].lines["11"] = (Entry(1, 49),)


def forget_a_price(books: dict[str, dict[str, BookedCart]]) -> None:
    books["log"]["1"].lines["11"] = (Entry(1, None),)


def double_a_line(books: dict[str, dict[str, BookedCart]]) -> None:
    books["read model"]["1"].add("11", Entry(1, 50))


def double_a_quantity(books: dict[str, dict[str, BookedCart]]) -> None:
    books["read model"]["1"].lines["11"] = (Entry(2, 50),)


def lose_a_cart(books: dict[str, dict[str, BookedCart]]) -> None:
    del books["read model"]["1"]


def add_a_cart(books: dict[str, dict[str, BookedCart]]) -> None:
    books["log"]["(none, cart x)"] = BookedCart("900", checked_out=False)


def swap_a_household(books: dict[str, dict[str, BookedCart]]) -> None:
    books["log"]["2"].household = "900"


def leave_a_cart_open(books: dict[str, dict[str, BookedCart]]) -> None:
    books["read model"]["1"].checked_out = False


def list_a_cart_twice(books: dict[str, dict[str, BookedCart]]) -> None:
    books["read model"]["2"].copies = 2


def state_a_wrong_total(books: dict[str, dict[str, BookedCart]]) -> None:
    books["read model"]["1"].stated_total = 7050


def let_statuses_differ(books: dict[str, dict[str, BookedCart]]) -> None:
    books["log"]["2"].status = "expired"
    books["read model"]["2"].status = "open"


def shift_an_opening(books: dict[str, dict[str, BookedCart]]) -> None:
    books["log"]["2"].opened_at = AT + timedelta(hours=5)


def shift_a_check_out(books: dict[str, dict[str, BookedCart]]) -> None:
    books["read model"]["1"].checked_out_at = AT + timedelta(milliseconds=1)


def forget_a_check_out(books: dict[str, dict[str, BookedCart]]) -> None:
    books["data set"]["1"].checked_out_at = None


@pytest.mark.parametrize(
    ("plant", "found"),
    [
        (
            lose_a_line,
            [
                "basket 1, total: data set: 70.49; log: 69.99; read model: 70.49",
                "basket 1, line 11: data set: 1 for 0.50; log: missing; read model: 1 for 0.50",
            ],
        ),
        (
            cut_a_cent,
            [
                "basket 1, total: data set: 70.49; log: 70.48; read model: 70.49",
                "basket 1, line 11: data set: 1 for 0.50; log: 1 for 0.49; read model: 1 for 0.50",
            ],
        ),
        (
            forget_a_price,
            [
                "basket 1, total: data set: 70.49; log: 69.99; read model: 70.49",
                "basket 1, line 11: data set: 1 for 0.50; log: 1 for no price; read model: 1 for 0.50",
            ],
        ),
        (
            double_a_line,
            [
                "basket 1, total: data set: 70.49; log: 70.49; read model: 70.99",
                "basket 1, line 11: data set: 1 for 0.50; log: 1 for 0.50; read model: 1 for 0.50 and 1 for 0.50",
            ],
        ),
        (
            double_a_quantity,
            ["basket 1, line 11: data set: 1 for 0.50; log: 1 for 0.50; read model: 2 for 0.50"],
        ),
        (
            lose_a_cart,
            ["basket 1, cart: data set: 2 lines, 70.49; log: 2 lines, 70.49; read model: missing"],
        ),
        (
            add_a_cart,
            ["basket (none, cart x), cart: data set: missing; log: 0 lines, 0.00; read model: missing"],
        ),
        (swap_a_household, ["basket 2, household: data set: 901; log: 900; read model: 901"]),
        (leave_a_cart_open, ["basket 1, checked out: data set: yes; log: yes; read model: no"]),
        (list_a_cart_twice, ["basket 2, times found: data set: 1; log: 1; read model: 2"]),
        (state_a_wrong_total, ["basket 1, total: data set: 70.49; log: 70.49; read model: 70.50"]),
        (
            shift_an_opening,
            [f"basket 2, opened at: data set: {NOON}; log: 2017-03-06T17:00:00Z; read model: {NOON}"],
        ),
        (
            shift_a_check_out,
            [f"basket 1, checked out at: data set: {NOON}; log: {NOON}; read model: 2017-03-06T12:00:00.001000Z"],
        ),
        (
            forget_a_check_out,
            [f"basket 1, checked out at: data set: never; log: {NOON}; read model: {NOON}"],
        ),
        (let_statuses_differ, ["basket 2, status: log: expired; read model: open"]),
    ],
)
def test_a_planted_difference_is_named(
    plant: Callable[[dict[str, dict[str, BookedCart]]], None], found: list[str]
) -> None:
    """Every difference says which basket, which fact, and what each book has."""
    books = three_books()
    plant(books)

    result = reconcile(books)

    assert [str(difference) for difference in result.differences] == found
    assert not result.balanced


def test_two_entries_without_a_price_can_be_shown() -> None:
    """Entries of one line are ordered, priced or not."""
    books = three_books()
    books["log"]["1"].lines["11"] = (Entry(1, 50), Entry(1, None))

    said = reconcile(books).differences[0].said

    assert said["log"] == "1 for no price and 1 for 0.50"


def test_copies_count_in_the_totals() -> None:
    """A cart that was found twice is two carts, with all its lines and cents."""
    books = three_books()
    books["read model"]["1"].copies = 2

    assert reconcile(books).totals["read model"] == BookTotals(carts=3, checked_out=2, lines=4, cents=14098)
